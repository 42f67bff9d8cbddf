"""No document leaves unless every field is there and every sum is right to the øre."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.invoicing.documents.checks import check_xml
from services.invoicing.documents.invoice import BankTransfer, DocumentRefused, PaymentSlip, slip_payment_id
from services.invoicing.documents.shape import Group, Leaf, shape_of
from services.invoicing.documents.ubl import CAC, CBC, build_xml
from shared.money import line_amount, vat

PREFIXES = {"cac": CAC, "cbc": CBC}
KINDS = ["invoice", "slip", "without EAN", "late calls", "credit note"]
FREE_WORDS = {
    "Note",
    "BuyerReference",
    "StreetName",
    "CityName",
    "AccountingCost",
    "Item/Description",
    "Item/Name",
    "AdditionalItemProperty/Value",
}
"""Words that nothing else in the document repeats: a wrong word in them cannot be seen from the document."""

MAY_GO = {"Note", "AccountingCost", "Contact"}
MAY_GO_AT_THE_BUYER = {"StreetName", "CityName", "PostalZone"}


def refusal(root: etree._Element) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as refused:
        check_xml(etree.tostring(root))
    return refused.value


def elements(root: etree._Element) -> Iterator[etree._Element]:
    return (element for element in root.iter() if element is not root)


def path_of(element: etree._Element) -> str:
    """``Invoice/AccountingSupplierParty/Party/EndpointID``"""
    names = [etree.QName(e).localname for e in element.iterancestors()]
    return "/".join([*reversed(names), etree.QName(element).localname])


def may_go(path: str) -> bool:
    name = path.rsplit("/", maxsplit=1)[-1]
    if "PaymentTerms" in path:
        return False
    return name in MAY_GO or ("AccountingCustomerParty" in path and name in MAY_GO_AT_THE_BUYER)


@pytest.mark.parametrize("kind", KINDS)
def test_without_any_mandatory_element_the_document_is_refused(samples, kind):
    xml = build_xml(samples.every_kind()[kind])
    refused_ones = 0
    for place, original in enumerate(elements(etree.fromstring(xml))):
        path = path_of(original)
        root = etree.fromstring(xml)
        victim = list(elements(root))[place]
        victim.getparent().remove(victim)
        if may_go(path):
            check_xml(etree.tostring(root))
            continue
        refused = refusal(root)
        refused_ones += 1
        # A whole line leaves wrong sums or positions behind, one property the other in its place.
        if not path.endswith(("Line", "AdditionalItemProperty")):
            assert refused.value is None
            assert path.rsplit("/", maxsplit=1)[-1] in refused.field
    assert refused_ones > 80


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_or_foreign_value_is_refused_anywhere(samples, kind):
    xml = build_xml(samples.every_kind()[kind])
    for place, original in enumerate(elements(etree.fromstring(xml))):
        path = path_of(original)
        words = path.endswith(tuple(FREE_WORDS)) and not path.endswith("PaymentTerms/Note")
        for wrong in ("", "   ", "\n", "#") if not len(original) else ():
            root = etree.fromstring(xml)
            list(elements(root))[place].text = wrong
            if words and wrong == "#":
                check_xml(etree.tostring(root))
                continue
            # What is said twice may first be missed where it is repeated.
            assert refusal(root).field.split("/")[-1] in {path.rsplit("/", maxsplit=1)[-1], "Name"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_is_mandatory_and_exact(samples, kind):
    xml = build_xml(samples.every_kind()[kind])
    for place, original in enumerate(etree.fromstring(xml).iter()):
        for name in original.keys():  # noqa: SIM118
            for wrong in (None, "", "EUR"):
                root = etree.fromstring(xml)
                victim = list(root.iter())[place]
                if wrong is None:
                    del victim.attrib[name]
                else:
                    victim.set(name, wrong)
                assert refusal(root).field.endswith(f"@{name}")


@pytest.mark.parametrize("kind", KINDS)
def test_an_element_more_or_an_attribute_more_is_refused(samples, kind):
    xml = build_xml(samples.every_kind()[kind])
    for place, original in enumerate(etree.fromstring(xml).iter()):
        for tag in (f"{{{CBC}}}Note", f"{{{CAC}}}AllowanceCharge"):
            root = etree.fromstring(xml)
            etree.SubElement(list(root.iter())[place], tag).text = "1.00"
            refusal(root)
        root = etree.fromstring(xml)
        list(root.iter())[place].set("languageID", "da")
        assert "@languageID" in refusal(root).field
        if original.getparent() is not None:
            root = etree.fromstring(xml)
            list(root.iter())[place].tail = "hidden"
            refusal(root)


@pytest.mark.parametrize("kind", KINDS)
def test_two_neighbours_in_the_wrong_order_are_refused(samples, kind):
    xml = build_xml(samples.every_kind()[kind])
    for place, original in enumerate(elements(etree.fromstring(xml))):
        following = original.getnext()
        if following is None:
            continue
        root = etree.fromstring(xml)
        victim = list(elements(root))[place]
        victim.addprevious(victim.getnext())
        refusal(root)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", ["0.01", "-0.01"])
def test_one_ore_more_or_less_in_any_amount_is_refused(samples, kind, step):
    xml = build_xml(samples.every_kind()[kind])
    amounts = [place for place, e in enumerate(etree.fromstring(xml).iter()) if e.get("currencyID")]
    assert len(amounts) >= 9
    for place in amounts:
        root = etree.fromstring(xml)
        victim = list(root.iter())[place]
        victim.text = str(Decimal(victim.text) + Decimal(step))
        refused = refusal(root)
        assert refused.document in {"FAK-2027-000123", "KRE-2027-000004"}


@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_digit_in_any_identifier_is_refused(samples, kind):
    xml = build_xml(samples.every_kind()[kind])
    names = {"EndpointID", "CompanyID"} | ({"PaymentID"} if kind == "slip" else set())
    places = [n for n, e in enumerate(etree.fromstring(xml).iter()) if etree.QName(e).localname in names]
    for place in places:
        length = len(list(etree.fromstring(xml).iter())[place].text)
        for digit in range(3, length):
            root = etree.fromstring(xml)
            victim = list(root.iter())[place]
            other = str((int(victim.text[digit]) + 1) % 10)
            victim.text = victim.text[:digit] + other + victim.text[digit + 1 :]
            assert refusal(root).value is not None


def test_a_wrong_cvr_number_everywhere_is_still_refused(samples):
    invoice = samples.without_ean()
    wrong = replace(invoice, buyer=replace(invoice.buyer, cvr="28856076"))

    with pytest.raises(DocumentRefused, match="modulus 11") as refused:
        check_xml(build_xml(wrong))
    assert refused.value.field == "AccountingCustomerParty/Party/PartyLegalEntity/CompanyID"
    assert refused.value.value == "DK28856076"


def test_a_wrong_ean_number_is_refused(samples):
    invoice = samples.invoice()
    wrong = replace(invoice, buyer=replace(invoice.buyer, ean="5790000000000"))

    with pytest.raises(DocumentRefused, match="check digit") as refused:
        check_xml(build_xml(wrong))
    assert refused.value.field == "AccountingCustomerParty/Party/EndpointID"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"due_date": date(2027, 7, 11)}, "DueDate"),
        ({"due_date": None}, "DueDate"),
        ({"issue_date": date(2027, 6, 29)}, "IssueDate"),
        ({"payment": None}, "PaymentMeans"),
        ({"number": ""}, "ID"),
        ({"number": "FAK 1"}, "ID"),
        ({"net": Decimal("359.84")}, "LegalMonetaryTotal/LineExtensionAmount"),
        ({"vat": Decimal("89.95")}, "TaxTotal/TaxSubtotal/TaxAmount"),
        ({"gross": Decimal("449.80")}, "LegalMonetaryTotal/TaxInclusiveAmount"),
        ({"net": Decimal("359.850")}, "TaxTotal/TaxSubtotal/TaxableAmount"),
        ({"payment": BankTransfer("99999", "1")}, "FinancialInstitutionBranch/ID"),
        ({"payment": BankTransfer("9999", "12345678901")}, "PayeeFinancialAccount/ID"),
        ({"payment": PaymentSlip(slip_payment_id(1), "1234567")}, "PayeeFinancialAccount/ID"),
        ({"payment": PaymentSlip("000000067097534", "12345678")}, "PaymentMeans/PaymentID"),
        ({"payment": PaymentSlip("67097535", "12345678")}, "PaymentMeans/PaymentID"),
        ({"note": " "}, "Note"),
    ],
)
def test_an_invoice_that_does_not_hold_together_is_refused(samples, changes, field):
    with pytest.raises(DocumentRefused) as refused:
        check_xml(build_xml(samples.invoice(**changes)))
    assert refused.value.field.endswith(field)
    assert refused.value.rule


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"position": 2}, "InvoiceLine[1]/ID"),
        ({"quantity": -1, "amount": Decimal("0.00")}, "InvoiceLine[1]/InvoicedQuantity"),
        ({"amount": Decimal("59.84")}, "InvoiceLine[1]/LineExtensionAmount"),
        ({"unit_price": Decimal("0.0000001")}, "InvoiceLine[1]/Price/PriceAmount"),
        ({"period_from": date(2027, 7, 1)}, "InvoiceLine[1]/InvoicePeriod/EndDate"),
        ({"service_name": ""}, "InvoiceLine[1]/Item/Name"),
        ({"supplier_name": ""}, "InvoiceLine[1]/Item/AdditionalItemProperty/Value"),
    ],
)
def test_a_line_that_does_not_hold_together_is_refused(samples, changes, field):
    with pytest.raises(DocumentRefused) as refused:
        check_xml(build_xml(samples.invoice([samples.line(**changes)])))
    assert refused.value.field == field


def test_a_credit_note_cannot_credit_a_later_invoice(samples):
    note = samples.credit_note()
    later = replace(note, credits=replace(note.credits, issue_date=date(2027, 7, 21)))

    with pytest.raises(DocumentRefused, match="not be later than the credit note"):
        check_xml(build_xml(later))


def test_a_bank_transfer_needs_its_bank_and_a_slip_has_none(samples):
    root = etree.fromstring(build_xml(samples.invoice()))
    branch = root.find(".//cac:FinancialInstitutionBranch", PREFIXES)
    account = branch.getparent()
    account.remove(branch)
    assert "DK-R-006" in refusal(root).rule

    root = etree.fromstring(build_xml(samples.with_slip()))
    root.find(".//cac:PayeeFinancialAccount", PREFIXES).append(branch)
    assert "no bank" in refusal(root).rule


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        (b"", "well-formed"),
        (b"<Invoice", "well-formed"),
        (b"<Invoice/>", "UBL Invoice or CreditNote"),
        (b"<!DOCTYPE Invoice [<!ENTITY a 'b'>]><Invoice>&a;</Invoice>", "DOCTYPE"),
        (b"<!DOCTYPE Invoice SYSTEM 'x.dtd'><Invoice/>", "DOCTYPE"),
    ],
)
def test_what_is_no_document_of_ours_is_refused(xml, rule):
    with pytest.raises(DocumentRefused, match=rule):
        check_xml(xml)


def test_a_comment_or_instruction_is_refused(samples):
    xml = build_xml(samples.invoice())
    for hidden in (b"<!--x-->", b"<?x y?>"):
        with pytest.raises(DocumentRefused, match="comment or instruction"):
            check_xml(xml.replace(b"</cac:Price>", hidden + b"</cac:Price>", 1))


def test_the_refusal_names_field_value_and_rule(samples):
    with pytest.raises(DocumentRefused) as refused:
        check_xml(build_xml(samples.invoice(vat=Decimal("90.00"))))

    assert str(refused.value) == (
        "document FAK-2027-000123 is refused: TaxTotal/TaxSubtotal/TaxAmount is '90.00', "
        "but it must be 89.96 exactly: 25 % of 359,85 kr."
    )


usage = st.lists(
    st.tuples(st.integers(0, 10**7), st.decimals(min_value=0, max_value=100, places=6)), min_size=1, max_size=8
)


@given(usage, st.data())
@settings(derandomize=True, max_examples=60)
def test_any_usage_adds_up_and_any_wrong_ore_is_found(samples, usage, data):
    lines = [samples.line(place, count, str(price)) for place, (count, price) in enumerate(usage, start=1)]
    invoice = samples.invoice(lines)
    assert invoice.net == sum(line_amount(count, price) for count, price in usage)
    assert invoice.vat == vat(invoice.net)
    assert invoice.gross == invoice.net + invoice.vat
    xml = build_xml(invoice)
    check_xml(xml)

    root = etree.fromstring(xml)
    amounts = [element for element in root.iter() if element.get("currencyID")]
    victim = data.draw(st.sampled_from([a for a in amounts if etree.QName(a).localname != "PriceAmount"]))
    victim.text = str(Decimal(victim.text) + data.draw(st.sampled_from([Decimal("0.01"), Decimal("-0.01")])))
    refusal(root)


def test_every_leaf_of_the_shape_is_written_by_some_sample(samples):
    written = {
        etree.QName(element).localname
        for invoice in samples.every_kind().values()
        for element in etree.fromstring(build_xml(invoice)).iter()
    }

    def names(group: Group) -> Iterator[str]:
        for part in group.parts:
            yield part.name
            if isinstance(part, Leaf):
                continue
            yield from names(part)

    for invoice in samples.every_kind().values():
        assert set(names(shape_of(invoice.kind))) <= written
