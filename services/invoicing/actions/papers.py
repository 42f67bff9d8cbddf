"""From a bill to its documents, through every gate. Processor time only: call `Press.make` in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.invoicing.documents import build_pdf, build_xml, check_xml
from services.invoicing.documents.invoice import (
    Address,
    BankTransfer,
    DocumentRefused,
    Invoice,
    Kind,
    Line,
    Party,
)
from services.invoicing.documents.rules import OfficialRules
from services.invoicing.domain.bill import Bill, BillLine
from services.invoicing.settings import InvoicingSettings
from services.invoicing.store.copies import Buyer
from services.invoicing.store.invoices import DocumentKind, StoredDocument
from shared.contracts.invoicing import MAX_DOCUMENT


@dataclass(frozen=True)
class Press:
    """What turns bills into documents: who sells, and the gates. `rules` None: the exact checks alone."""

    seller: Party
    payment: BankTransfer
    demonstration: bool
    rules: OfficialRules | None

    def make(
        self, bill: Bill, buyer: Buyer, *, number: str, issued_on: date, due_on: date
    ) -> dict[DocumentKind, StoredDocument]:
        """The XML, checked, and the PDF with it inside.

        Raises DocumentRefused where a rule is broken or a document is too large to be sent.
        """
        invoice = Invoice(
            number=number,
            kind=Kind.INVOICE,
            issue_date=issued_on,
            due_date=due_on,
            quarter=bill.quarter.danish,
            seller=self.seller,
            buyer=Party(name=buyer.name, cvr=buyer.cvr, ean=buyer.ean, reference=buyer.buyer_reference),
            lines=tuple(_line(line) for line in bill.lines),
            net=bill.net,
            vat=bill.vat,
            gross=bill.gross,
            payment=self.payment,
        )
        xml = build_xml(invoice)
        check_xml(xml)
        if self.rules is not None:
            self.rules.check(xml)
        pdf = build_pdf(invoice, xml, demonstration=self.demonstration)
        for name, content in (("pdf", pdf), ("xml", xml)):
            if len(content) > MAX_DOCUMENT:
                raise DocumentRefused(
                    document=number,
                    field=name,
                    value=f"{len(content)} bytes",
                    rule=f"at most {MAX_DOCUMENT} bytes can be sent",
                )
        return {
            "pdf": StoredDocument(f"{number}.pdf", "application/pdf", pdf),
            "xml": StoredDocument(f"{number}.xml", "application/xml", xml),
        }


def press(settings: InvoicingSettings, rules: OfficialRules | None) -> Press:
    """The press of an installation."""
    return Press(
        seller=Party(
            name=_given(settings.seller_name),
            cvr=_given(settings.seller_cvr),
            address=Address(
                _given(settings.seller_street), _given(settings.seller_postal_code), _given(settings.seller_city)
            ),
            email=_given(settings.seller_email),
        ),
        payment=BankTransfer(_given(settings.seller_bank_registration), _given(settings.seller_bank_account)),
        demonstration=settings.mode == "demonstration",
        rules=rules,
    )


def _given(value: str | None) -> str:
    assert value is not None  # the settings' own check has filled it in, or refused to start
    return value


def _line(line: BillLine) -> Line:
    return Line(
        position=line.position,
        supplier_name=line.supplier_name,
        system_name=line.system_name,
        service_name=line.service_name,
        service_id=line.service_id,
        period_from=line.first_day,
        period_to=line.last_day,
        quantity=line.calls,
        unit_price=line.unit_price,
        amount=line.amount,
        note=line.note,
    )
