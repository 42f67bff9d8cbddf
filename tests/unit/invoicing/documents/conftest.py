"""Finished invoices to make documents of, and where the official rules lie, if they do."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from services.invoicing.documents.invoice import (
    Address,
    BankTransfer,
    CreditedInvoice,
    Invoice,
    Kind,
    Line,
    Party,
    PaymentSlip,
    slip_payment_id,
)
from shared.money import line_amount, vat

SELLER = Party(
    name="Serviceplatformen Demo A/S",
    cvr="12345674",
    address=Address("Prøvevej 1", "1000", "København K"),
    email="faktura@serviceplatform.example",
)
BUYER = Party(
    name="Aabenraa Kommune",
    cvr="29189854",
    ean="5798009811578",
    reference="IT-afdelingen, att. Økonomi",
    address=Address("Skelbækvej 2", "6200", "Aabenraa"),
)


class Samples:
    """Makes finished invoices that add up; a test changes what it is about."""

    def line(self, position: int = 1, quantity: int = 1234, price: str = "0.0485", **changes: object) -> Line:
        line = Line(
            position=position,
            supplier_name="Nordlys Data ApS",
            system_name="Borgerportal",
            service_name="CPR-opslag",
            service_id=UUID("8f1a9e5e-2d4b-4c3a-9d57-6b0f6a1e2c3d"),
            period_from=date(2027, 4, 1),
            period_to=date(2027, 6, 30),
            quantity=quantity,
            unit_price=Decimal(price),
            amount=line_amount(quantity, Decimal(price)),
        )
        return replace(line, **changes)  # type: ignore[arg-type]

    def late_line(self, position: int) -> Line:
        return self.line(
            position,
            quantity=17,
            price="1.35",
            period_from=date(2027, 1, 1),
            period_to=date(2027, 3, 31),
            note="Sent modtagne opslag, vedrører 1. kvartal 2027",
            accounting_info="4711-22",
        )

    def invoice(self, lines: Sequence[Line] | None = None, **changes: object) -> Invoice:
        lines = tuple(lines) if lines is not None else (self.line(1), self.line(2, 250_000, "0.0012"))
        net = sum((line.amount for line in lines), Decimal("0.00"))
        invoice = Invoice(
            number="FAK-2027-000123",
            kind=Kind.INVOICE,
            issue_date=date(2027, 7, 12),
            due_date=date(2027, 8, 11),
            quarter="2. kvartal 2027",
            seller=SELLER,
            buyer=BUYER,
            lines=lines,
            net=net,
            vat=vat(net),
            gross=net + vat(net),
            payment=BankTransfer("9999", "0012345678"),
        )
        return replace(invoice, **changes)  # type: ignore[arg-type]

    def with_slip(self) -> Invoice:
        return self.invoice(payment=PaymentSlip(slip_payment_id(123), "81234567"))

    def without_ean(self) -> Invoice:
        return self.invoice(buyer=Party("Ærø Kommune", "28856075"))

    def with_late_calls(self) -> Invoice:
        return self.invoice([self.line(1), self.late_line(2)], note="Indeholder sent modtagne opslag")

    def credit_note(self) -> Invoice:
        return self.invoice(
            number="KRE-2027-000004",
            kind=Kind.CREDIT_NOTE,
            due_date=None,
            payment=None,
            credits=CreditedInvoice("FAK-2027-000123", date(2027, 7, 12)),
            issue_date=date(2027, 7, 20),
        )

    def long(self, lines: int = 120) -> Invoice:
        return self.invoice([self.line(place, 1000 + 37 * place, "0.0485") for place in range(1, lines + 1)])

    def every_kind(self) -> dict[str, Invoice]:
        return {
            "invoice": self.invoice(),
            "slip": self.with_slip(),
            "without EAN": self.without_ean(),
            "late calls": self.with_late_calls(),
            "credit note": self.credit_note(),
            "long": self.long(),
        }


@pytest.fixture(scope="session")
def samples() -> Samples:
    return Samples()
