"""The electronic invoice says what the finished invoice says, in the same bytes every time."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from services.invoicing.documents.checks import check_xml
from services.invoicing.documents.invoice import DocumentRefused, slip_check_digit, slip_payment_id
from services.invoicing.documents.ubl import CAC, CBC, NO_REFERENCE, build_xml

KINDS = ["invoice", "slip", "without EAN", "late calls", "credit note", "long"]
PREFIXES = {"cac": CAC, "cbc": CBC}


def texts(xml: bytes, path: str) -> list[str]:
    return [str(found) for found in etree.fromstring(xml).xpath(path + "/text()", namespaces=PREFIXES)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_document_passes_the_exact_checks(samples, kind):
    check_xml(build_xml(samples.every_kind()[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_invoice_gives_the_same_bytes(samples, kind):
    assert build_xml(samples.every_kind()[kind]) == build_xml(samples.every_kind()[kind])


def test_amounts_are_written_in_full(samples):
    xml = build_xml(samples.invoice())

    assert texts(xml, "//cbc:PriceAmount") == ["0.0485", "0.0012"]
    assert texts(xml, "//cbc:InvoicedQuantity") == ["1234", "250000"]
    assert texts(xml, "//cac:InvoiceLine/cbc:LineExtensionAmount") == ["59.85", "300.00"]
    assert texts(xml, "//cac:LegalMonetaryTotal/*") == ["359.85", "359.85", "449.81", "449.81"]
    assert texts(xml, "//cac:TaxTotal/cbc:TaxAmount") == ["89.96"]


def test_a_price_in_scientific_notation_is_written_as_people_do(samples):
    line = replace(samples.line(1, 10**6, "0.000001"), unit_price=Decimal("1E-6"))

    assert texts(build_xml(samples.invoice([line])), "//cbc:PriceAmount") == ["0.000001"]


def test_the_buyer_is_addressed_by_ean_or_else_by_cvr(samples):
    with_ean = etree.fromstring(build_xml(samples.invoice()))
    without = etree.fromstring(build_xml(samples.without_ean()))
    path = "cac:AccountingCustomerParty/cac:Party/cbc:EndpointID"
    endpoints = [root.find(path, PREFIXES) for root in (with_ean, without)]

    assert [(end.get("schemeID"), end.text) for end in endpoints] == [
        ("0088", "5798009811578"),
        ("0184", "DK28856075"),
    ]


def test_a_missing_reference_is_said_to_be_missing(samples):
    assert texts(build_xml(samples.invoice()), "//cbc:BuyerReference") == ["IT-afdelingen, att. Økonomi"]
    assert texts(build_xml(samples.without_ean()), "//cbc:BuyerReference") == [NO_REFERENCE]


def test_late_calls_widen_the_period_of_the_document(samples):
    invoice = samples.with_late_calls()
    xml = build_xml(invoice)

    assert invoice.period == (date(2027, 1, 1), date(2027, 6, 30))
    assert texts(xml, "/*/cac:InvoicePeriod/*") == ["2027-01-01", "2027-06-30"]
    assert texts(xml, "//cac:InvoiceLine[2]/cac:InvoicePeriod/*") == ["2027-01-01", "2027-03-31"]
    assert texts(xml, "//cac:InvoiceLine[2]/cbc:Note") == ["Sent modtagne opslag, vedrører 1. kvartal 2027"]
    assert texts(xml, "//cac:InvoiceLine[2]/cbc:AccountingCost") == ["4711-22"]


def test_a_credit_note_names_what_it_credits_and_asks_for_no_payment(samples):
    xml = build_xml(samples.credit_note())

    assert etree.QName(etree.fromstring(xml)).localname == "CreditNote"
    assert texts(xml, "//cac:InvoiceDocumentReference/*") == ["FAK-2027-000123", "2027-07-12"]
    assert texts(xml, "//cbc:CreditNoteTypeCode") == ["381"]
    assert texts(xml, "//cac:PaymentMeans//*") == []


def test_names_are_escaped_and_control_characters_refused(samples):
    odd = samples.line(system_name='<A> & "B" ø')
    assert texts(build_xml(samples.invoice([odd])), "//cac:AdditionalItemProperty[2]/cbc:Value") == ['<A> & "B" ø']

    with pytest.raises(DocumentRefused, match="control characters") as refused:
        build_xml(samples.invoice([samples.line(system_name="A\x07B")]))
    assert refused.value.document == "FAK-2027-000123"


def test_an_invoice_without_lines_is_refused(samples):
    with pytest.raises(DocumentRefused, match="at least one line"):
        build_xml(samples.invoice([]))
    with pytest.raises(ValueError, match="no lines"):
        _ = samples.invoice([]).period


def test_a_slip_carries_its_check_digit(samples):
    assert slip_payment_id(6709753) == "000000067097535"
    assert slip_check_digit("0" * 14) == "0"
    assert texts(build_xml(samples.with_slip()), "//cac:PaymentMeans//cbc:*")[1:] == [
        "71#" + slip_payment_id(123),
        "81234567",
    ]


@pytest.mark.parametrize("serial", [-1, 10**14])
def test_a_serial_that_has_no_room_on_a_slip_is_refused(serial):
    with pytest.raises(ValueError, match="14 digits"):
        slip_payment_id(serial)
