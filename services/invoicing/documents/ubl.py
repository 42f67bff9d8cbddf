"""The electronic invoice: UBL 2.1 by Peppol BIS Billing 3.0, as Danish public authorities receive it.

The same invoice gives the same bytes. Amounts and totals are written as the invoice states them, never
computed here, so that :mod:`services.invoicing.documents.checks` can find an invoice that does not add up.
"""

from decimal import Decimal
from typing import Any, Final

from lxml import etree

from services.invoicing.documents.invoice import (
    CURRENCY,
    BankTransfer,
    DocumentRefused,
    Invoice,
    Kind,
    Line,
    Party,
    Payment,
)
from shared.money import VAT_PERCENT

CBC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CAC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
ROOTS: Final = {
    Kind.INVOICE: "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice",
    Kind.CREDIT_NOTE: "{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2}CreditNote",
}

CUSTOMIZATION_ID: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE_ID: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
TYPE_CODES: Final = {Kind.INVOICE: "380", Kind.CREDIT_NOTE: "381"}
GLN_SCHEME: Final = "0088"
CVR_SCHEME: Final = "0184"
BANK_TRANSFER: Final = "42"
PAYMENT_SLIP: Final = "93"
SLIP_CARD: Final = "71#"
ONE: Final = "C62"  # UN/ECE Recommendation 20: one unit, here one call
STANDARD_RATED: Final = "S"

NO_REFERENCE: Final = "Ingen reference oplyst"
"""Written when the buyer gave no reference: rule PEPPOL-EN16931-R003 wants one, and an invented one would
be taken for a person or case."""

CREDIT_TERMS: Final = "Beløbet modregnes i næste betaling eller udbetales."
LINE_PROPERTIES: Final = ("Leverandør", "It-system")


def build_xml(invoice: Invoice) -> bytes:
    """The UBL document of an invoice or credit note, UTF-8 with an XML declaration.

    A field the invoice does not have is left out; :func:`check_xml` then says which.

    :raises DocumentRefused: a text holds characters that XML cannot carry, or the invoice has no lines.
    """
    if not invoice.lines:
        raise DocumentRefused(
            document=invoice.number, field="lines", value=None, rule="a document bills at least one line"
        )
    return _Document(invoice).bytes()


class _Document:
    """One document being written, top to bottom: UBL fixes the order of its elements."""

    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice
        root = ROOTS[invoice.kind]
        namespace = etree.QName(root).namespace
        assert namespace is not None
        prefixes: dict[Any, str] = {None: namespace, "cac": CAC, "cbc": CBC}
        self.root = etree.Element(root, nsmap=prefixes)

    def bytes(self) -> bytes:
        self._head()
        self._party("AccountingSupplierParty", self.invoice.seller, sells=True)
        self._party("AccountingCustomerParty", self.invoice.buyer, sells=False)
        if self.invoice.payment is not None:
            self._payment(self.invoice.payment)
        if self.invoice.kind is Kind.CREDIT_NOTE:
            self._text(self._group(self.root, "PaymentTerms"), "Note", CREDIT_TERMS)
        self._vat_total()
        self._totals()
        for line in self.invoice.lines:
            self._line(line)
        etree.indent(self.root, space="  ")
        written: bytes = etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")
        return written + b"\n"

    def _head(self) -> None:
        invoice, root = self.invoice, self.root
        self._text(root, "CustomizationID", CUSTOMIZATION_ID)
        self._text(root, "ProfileID", PROFILE_ID)
        self._text(root, "ID", invoice.number)
        self._text(root, "IssueDate", invoice.issue_date.isoformat())
        if invoice.due_date is not None:
            self._text(root, "DueDate", invoice.due_date.isoformat())
        type_code = "InvoiceTypeCode" if invoice.kind is Kind.INVOICE else "CreditNoteTypeCode"
        self._text(root, type_code, TYPE_CODES[invoice.kind])
        if invoice.note is not None:
            self._text(root, "Note", invoice.note)
        self._text(root, "DocumentCurrencyCode", CURRENCY)
        self._text(root, "BuyerReference", invoice.buyer.reference or NO_REFERENCE)
        first, last = invoice.period
        period = self._group(root, "InvoicePeriod")
        self._text(period, "StartDate", first.isoformat())
        self._text(period, "EndDate", last.isoformat())
        if invoice.credits is not None:
            reference = self._group(self._group(root, "BillingReference"), "InvoiceDocumentReference")
            self._text(reference, "ID", invoice.credits.number)
            self._text(reference, "IssueDate", invoice.credits.issue_date.isoformat())

    def _party(self, role: str, party: Party, *, sells: bool) -> None:
        group = self._group(self._group(self.root, role), "Party")
        cvr = f"DK{party.cvr}"
        if party.ean is not None:
            self._text(group, "EndpointID", party.ean, schemeID=GLN_SCHEME)
        else:
            self._text(group, "EndpointID", cvr, schemeID=CVR_SCHEME)
        self._text(self._group(group, "PartyName"), "Name", party.name)
        address = self._group(group, "PostalAddress")
        if party.address is not None:
            self._text(address, "StreetName", party.address.street)
            self._text(address, "CityName", party.address.city)
            self._text(address, "PostalZone", party.address.postal_code)
        # The Danish rules hold only between two parties in Denmark, so the country is always there.
        self._text(self._group(address, "Country"), "IdentificationCode", "DK")
        if sells:
            tax = self._group(group, "PartyTaxScheme")
            self._text(tax, "CompanyID", cvr)
            self._text(self._group(tax, "TaxScheme"), "ID", "VAT")
        legal = self._group(group, "PartyLegalEntity")
        self._text(legal, "RegistrationName", party.name)
        self._text(legal, "CompanyID", cvr, schemeID=CVR_SCHEME)
        if party.email is not None:
            self._text(self._group(group, "Contact"), "ElectronicMail", party.email)

    def _payment(self, payment: Payment) -> None:
        means = self._group(self.root, "PaymentMeans")
        if isinstance(payment, BankTransfer):
            self._text(means, "PaymentMeansCode", BANK_TRANSFER)
            self._text(means, "PaymentID", self.invoice.number)
            account = self._group(means, "PayeeFinancialAccount")
            self._text(account, "ID", payment.account)
            self._text(self._group(account, "FinancialInstitutionBranch"), "ID", payment.registration)
        else:
            self._text(means, "PaymentMeansCode", PAYMENT_SLIP)
            self._text(means, "PaymentID", SLIP_CARD + payment.payment_id)
            self._text(self._group(means, "PayeeFinancialAccount"), "ID", payment.creditor)

    def _vat_total(self) -> None:
        total = self._group(self.root, "TaxTotal")
        self._amount(total, "TaxAmount", self.invoice.vat)
        subtotal = self._group(total, "TaxSubtotal")
        self._amount(subtotal, "TaxableAmount", self.invoice.net)
        self._amount(subtotal, "TaxAmount", self.invoice.vat)
        self._vat_category(subtotal, "TaxCategory")

    def _totals(self) -> None:
        totals = self._group(self.root, "LegalMonetaryTotal")
        self._amount(totals, "LineExtensionAmount", self.invoice.net)
        self._amount(totals, "TaxExclusiveAmount", self.invoice.net)
        self._amount(totals, "TaxInclusiveAmount", self.invoice.gross)
        self._amount(totals, "PayableAmount", self.invoice.gross)

    def _line(self, line: Line) -> None:
        billed = self.invoice.kind is Kind.INVOICE
        group = self._group(self.root, "InvoiceLine" if billed else "CreditNoteLine")
        self._text(group, "ID", str(line.position))
        if line.note is not None:
            self._text(group, "Note", line.note)
        quantity = "InvoicedQuantity" if billed else "CreditedQuantity"
        self._text(group, quantity, str(line.quantity), unitCode=ONE)
        self._amount(group, "LineExtensionAmount", line.amount)
        if line.accounting_info is not None:
            self._text(group, "AccountingCost", line.accounting_info)
        period = self._group(group, "InvoicePeriod")
        self._text(period, "StartDate", line.period_from.isoformat())
        self._text(period, "EndDate", line.period_to.isoformat())
        item = self._group(group, "Item")
        self._text(item, "Description", f"Kald fra {line.system_name} ({line.supplier_name})")
        self._text(item, "Name", line.service_name)
        self._text(self._group(item, "SellersItemIdentification"), "ID", str(line.service_id))
        self._vat_category(item, "ClassifiedTaxCategory")
        for name, value in zip(LINE_PROPERTIES, (line.supplier_name, line.system_name), strict=True):
            properties = self._group(item, "AdditionalItemProperty")
            self._text(properties, "Name", name)
            self._text(properties, "Value", value)
        price = self._group(group, "Price")
        self._amount(price, "PriceAmount", line.unit_price)
        self._text(price, "BaseQuantity", "1", unitCode=ONE)

    def _vat_category(self, parent: etree._Element, name: str) -> None:
        category = self._group(parent, name)
        self._text(category, "ID", STANDARD_RATED)
        self._text(category, "Percent", f"{VAT_PERCENT:f}")
        self._text(self._group(category, "TaxScheme"), "ID", "VAT")

    def _amount(self, parent: etree._Element, name: str, amount: Decimal) -> None:
        self._text(parent, name, f"{amount:f}", currencyID=CURRENCY)

    @staticmethod
    def _group(parent: etree._Element, name: str) -> etree._Element:
        return etree.SubElement(parent, f"{{{CAC}}}{name}")

    def _text(self, parent: etree._Element, name: str, text: str, **attributes: str) -> None:
        element = etree.SubElement(parent, f"{{{CBC}}}{name}", attrib=attributes)
        try:
            element.text = text
        except ValueError:  # control characters, which XML 1.0 has no way to write
            raise DocumentRefused(
                document=self.invoice.number,
                field=f"{etree.QName(parent).localname}/{name}",
                value=text,
                rule="XML cannot carry control characters; remove them from the name or text",
            ) from None
