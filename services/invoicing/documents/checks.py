"""The exact checks: no document leaves unless every field is there and every sum is right to the øre.

The official rule sets tolerate a krone in the VAT and two øre in a line, and do not look at the check
digits of CVR numbers or payment ids. These checks do, on the finished XML itself, read anew.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NoReturn

from lxml import etree

from services.invoicing.documents.invoice import DocumentRefused, Kind, slip_check_digit
from services.invoicing.documents.shape import Group, Shape, shape_of
from services.invoicing.documents.ubl import BANK_TRANSFER, CAC, CBC, GLN_SCHEME, ROOTS, SLIP_CARD
from shared.cvr import check_cvr
from shared.gln import check_gln
from shared.money import danish, line_amount, vat

_PREFIXES = {"cac": CAC, "cbc": CBC}
_SLIP_DIGITS = 15
_CREDITOR_DIGITS = 8
_SHAPES: dict[Kind, Group] = {kind: shape_of(kind) for kind in Kind}


def check_xml(xml: bytes) -> None:
    """Pass a document that is complete and exact, refuse any other.

    :param xml: the bytes as they will leave.
    :raises DocumentRefused: names the first field that is wrong, what stands there and the rule it breaks.
    """
    root, kind = _read(xml)
    document = root.findtext("cbc:ID", namespaces=_PREFIXES) or "?"
    Shape(document).check(root, _SHAPES[kind])
    _Document(root, kind, document).check()


def _read(xml: bytes) -> tuple[etree._Element, Kind]:
    # A document of ours has no DOCTYPE; entities in one could make it say other things elsewhere.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise DocumentRefused(
            document="?", field="document", value=None, rule=f"it must be well-formed XML: {error}"
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DocumentRefused(document="?", field="DOCTYPE", value="present", rule="no DOCTYPE belongs here")
    for kind, tag in ROOTS.items():
        if root.tag == tag:
            return root, kind
    raise DocumentRefused(
        document="?", field="document", value=str(root.tag), rule="it must be a UBL Invoice or CreditNote"
    )


class _Document:
    """A document of the right shape, whose fields are compared with one another."""

    def __init__(self, root: etree._Element, kind: Kind, document: str) -> None:
        self.root = root
        self.kind = kind
        self.document = document
        billed = kind is Kind.INVOICE
        self.line_name = "InvoiceLine" if billed else "CreditNoteLine"
        self.quantity_name = "InvoicedQuantity" if billed else "CreditedQuantity"
        self.lines = self.root.findall(f"cac:{self.line_name}", _PREFIXES)

    def check(self) -> None:
        self._parties()
        self._dates()
        for place, line in enumerate(self.lines, start=1):
            self._line(line, place)
        self._sums()
        if self.kind is Kind.INVOICE:
            self._payment()

    def _parties(self) -> None:
        for role in ("AccountingSupplierParty", "AccountingCustomerParty"):
            party = f"{role}/Party"
            legal = f"{party}/PartyLegalEntity/CompanyID"
            self._passes(legal, lambda number: check_cvr(number.removeprefix("DK")))
            endpoint = f"{party}/EndpointID"
            if self._element(endpoint).get("schemeID") == GLN_SCHEME:
                self._passes(endpoint, check_gln)
                self._equals(endpoint, check_gln(self._text(endpoint)), "thirteen digits without spaces")
            else:
                self._equals(endpoint, self._text(legal), f"the same number as {legal}")
            name = f"{party}/PartyLegalEntity/RegistrationName"
            self._equals(f"{party}/PartyName/Name", self._text(name), f"the same name as {name}")
        seller = "AccountingSupplierParty/Party"
        legal = f"{seller}/PartyLegalEntity/CompanyID"
        self._equals(f"{seller}/PartyTaxScheme/CompanyID", self._text(legal), f"the same number as {legal}")

    def _dates(self) -> None:
        starts = [self._day("InvoicePeriod/StartDate", line) for line in self.lines]
        ends = [self._day("InvoicePeriod/EndDate", line) for line in self.lines]
        earliest, latest = min(starts), max(ends)
        self._equals("InvoicePeriod/StartDate", earliest.isoformat(), "the earliest day of the lines (R110)")
        self._equals("InvoicePeriod/EndDate", latest.isoformat(), "the latest day of the lines (R111)")
        issued = self._day("IssueDate")
        if latest > issued:
            self._refuse("IssueDate", f"only what was used before it may be billed, up to {latest}")
        if self.kind is Kind.INVOICE and self._day("DueDate") < issued:
            self._refuse("DueDate", f"it must not be before the day of issue, {issued}")
        credited = "BillingReference/InvoiceDocumentReference/IssueDate"
        if self.kind is Kind.CREDIT_NOTE and self._day(credited) > issued:
            self._refuse(credited, f"the credited invoice must not be later than the credit note, {issued}")

    def _line(self, line: etree._Element, place: int) -> None:
        self._equals("ID", str(place), "the line's position, counted from 1", line)
        if self._day("InvoicePeriod/StartDate", line) > self._day("InvoicePeriod/EndDate", line):
            self._refuse("InvoicePeriod/EndDate", "a period must not end before it begins", line)
        quantity = int(self._text(self.quantity_name, line))
        price = self._amount("Price/PriceAmount", line)
        self._sums_to("LineExtensionAmount", line_amount(quantity, price), f"{quantity} × {danish(price)}", line)

    def _sums(self) -> None:
        net = sum((self._amount("LineExtensionAmount", line) for line in self.lines), Decimal("0.00"))
        tax = vat(net)
        self._sums_to("LegalMonetaryTotal/LineExtensionAmount", net, "the sum of the lines")
        self._sums_to("LegalMonetaryTotal/TaxExclusiveAmount", net, "the sum of the lines")
        self._sums_to("TaxTotal/TaxSubtotal/TaxableAmount", net, "the sum of the lines")
        self._sums_to("TaxTotal/TaxSubtotal/TaxAmount", tax, f"25 % of {danish(net)}")
        self._sums_to("TaxTotal/TaxAmount", tax, f"25 % of {danish(net)}")
        self._sums_to("LegalMonetaryTotal/TaxInclusiveAmount", net + tax, "net and VAT together")
        self._sums_to("LegalMonetaryTotal/PayableAmount", net + tax, "net and VAT together")

    def _payment(self) -> None:
        account = "PaymentMeans/PayeeFinancialAccount/ID"
        branch = "PaymentMeans/PayeeFinancialAccount/FinancialInstitutionBranch/ID"
        payment_id = "PaymentMeans/PaymentID"
        has_branch = self.root.find(_path(branch), _PREFIXES) is not None
        if self._text("PaymentMeans/PaymentMeansCode") == BANK_TRANSFER:
            if not has_branch:
                self._missing(branch, "a bank transfer needs the bank's registration number (DK-R-006)")
            self._equals(payment_id, self.document, "the document's number, so that the payment is found")
            return
        if has_branch:
            self._refuse(branch, "a payment slip has a creditor number and no bank")
        self._passes(payment_id, _check_slip)
        if len(self._text(account)) != _CREDITOR_DIGITS:
            self._refuse(account, "a payment slip's creditor number is eight digits (DK-R-011)")

    def _element(self, path: str, within: etree._Element | None = None) -> etree._Element:
        found = (self.root if within is None else within).find(_path(path), _PREFIXES)
        assert found is not None, path  # the shape was checked before
        return found

    def _text(self, path: str, within: etree._Element | None = None) -> str:
        return self._element(path, within).text or ""

    def _day(self, path: str, within: etree._Element | None = None) -> date:
        return date.fromisoformat(self._text(path, within))

    def _amount(self, path: str, within: etree._Element | None = None) -> Decimal:
        return Decimal(self._text(path, within))

    def _equals(self, path: str, value: str, meaning: str, within: etree._Element | None = None) -> None:
        if self._text(path, within) != value:
            self._refuse(path, f"it must be {value!r}, {meaning}", within)

    def _sums_to(self, path: str, value: Decimal, how: str, within: etree._Element | None = None) -> None:
        if self._amount(path, within) != value:
            self._refuse(path, f"it must be {value} exactly: {how}", within)

    def _passes(self, path: str, check: Callable[[str], object]) -> None:
        try:
            check(self._text(path))
        except ValueError as error:
            self._refuse(path, f"{error}")

    def _refuse(self, path: str, rule: str, within: etree._Element | None = None) -> NoReturn:
        raise DocumentRefused(
            document=self.document, field=self._named(path, within), value=self._text(path, within), rule=rule
        )

    def _missing(self, path: str, rule: str) -> NoReturn:
        raise DocumentRefused(document=self.document, field=path, value=None, rule=rule)

    def _named(self, path: str, within: etree._Element | None) -> str:
        if within is None:
            return path
        return f"{self.line_name}[{self.lines.index(within) + 1}]/{path}"


def _check_slip(payment_id: str) -> None:
    digits = payment_id.removeprefix(SLIP_CARD)
    if digits == payment_id or len(digits) != _SLIP_DIGITS or not (digits.isascii() and digits.isdecimal()):
        raise ValueError(f"a payment slip's id is {SLIP_CARD} and fifteen digits (DK-R-010)")
    if digits[-1] != slip_check_digit(digits[:-1]):
        raise ValueError("its last digit must be the check digit of the others (modulus 10)")


def _path(path: str) -> str:
    """``Party/EndpointID`` as lxml wants it: the last step is a basic element, those before it groups."""
    *groups, leaf = path.split("/")
    return "/".join([*(f"cac:{group}" for group in groups), f"cbc:{leaf}"])
