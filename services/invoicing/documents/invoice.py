"""A finished invoice or credit note, as its documents need it: frozen values, nothing looked up.

The values are taken as they are and written as they are; whether they add up is for
:mod:`services.invoicing.documents.checks` to say, about the document that was made of them.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

CURRENCY = "DKK"


class DocumentRefused(ValueError):
    """A document may not leave: one of its fields breaks a rule.

    :ivar document: the invoice's number, or "?" when it has none.
    :ivar field: the path of the field in the XML, such as ``InvoiceLine[2]/LineExtensionAmount``.
    :ivar value: what stands there, None when nothing does.
    :ivar rule: what must stand there, or the official rule's id and text.
    """

    def __init__(self, *, document: str, field: str, value: str | None, rule: str) -> None:
        self.document = document
        self.field = field
        self.value = value
        self.rule = rule
        stands = "is missing" if value is None else f"is {value!r}"
        super().__init__(f"document {document} is refused: {field} {stands}, but {rule}")


class Kind(StrEnum):
    """What the document is.

    A wrong invoice is credited whole and sent anew: Danish rules know no other way.
    """

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Address:
    """A Danish postal address."""

    street: str
    postal_code: str
    city: str


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys.

    :ivar cvr: eight digits.
    :ivar ean: thirteen digits, the buyer's unit that receives the invoice; None addresses it by CVR number.
    :ivar reference: the person or case at the buyer that the buyer asked to have on its invoices.
    :ivar email: where questions about the invoice go.
    """

    name: str
    cvr: str
    ean: str | None = None
    reference: str | None = None
    address: Address | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class BankTransfer:
    """Payment to a bank account: registration number (4 digits) and account number (up to 10)."""

    registration: str
    account: str


@dataclass(frozen=True, slots=True)
class PaymentSlip:
    """Payment by slip (FIK, card type 71): the 15-digit payment id and the 8-digit creditor number."""

    payment_id: str
    creditor: str


Payment = BankTransfer | PaymentSlip


def slip_payment_id(serial: int) -> str:
    """The 15-digit payment id of a slip: the serial number with its check digit last.

    The check is modulus 10 over 14 digits: weights 1 and 2 by turns from the left, digit sums of products.

    :param serial: the number of the invoice in its series; below 10^14.
    :raises ValueError: the serial has no room in 14 digits.
    """
    if not 0 <= serial < 10**14:
        raise ValueError(f"payment id of {serial}: a slip has room for a number of 14 digits")
    digits = f"{serial:014d}"
    return digits + slip_check_digit(digits)


def slip_check_digit(fourteen: str) -> str:
    """The check digit of a slip's first fourteen digits."""
    products = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(fourteen))
    return str(-sum(product // 10 + product % 10 for product in products) % 10)


@dataclass(frozen=True, slots=True)
class Line:
    """What one system of one supplier used of one service, in one period, at one price.

    :ivar position: 1, 2, 3 … in the order shown.
    :ivar period_from: first day the calls were made on, in Danish civil time.
    :ivar period_to: last day, inclusive.
    :ivar quantity: calls; whole and never negative, on a credit note too.
    :ivar unit_price: kroner per call excluding VAT, up to 6 decimals.
    :ivar amount: quantity × unit price, rounded half up to the øre.
    :ivar accounting_info: the account or cost centre the buyer asked to have on the line.
    :ivar note: what a reader must know, such as "vedrører 1. kvartal 2027" for calls that came in late.
    """

    position: int
    supplier_name: str
    system_name: str
    service_name: str
    service_id: UUID
    period_from: date
    period_to: date
    quantity: int
    unit_price: Decimal
    amount: Decimal
    accounting_info: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class CreditedInvoice:
    """The invoice a credit note cancels."""

    number: str
    issue_date: date


@dataclass(frozen=True, slots=True)
class Invoice:
    """A finished invoice or credit note.

    :ivar number: unique and consecutive in its series, such as ``FAK-2027-000123`` or ``KRE-2027-000004``.
    :ivar issue_date: day of issue, in Danish civil time.
    :ivar due_date: last day of payment; an invoice has one, a credit note None.
    :ivar quarter: the quarter billed, as people call it: "2. kvartal 2027".
    :ivar net: sum of the lines, DKK. On a credit note all amounts are positive: what is given back.
    :ivar vat: 25 % of ``net``, rounded once, half up to the øre.
    :ivar gross: ``net`` + ``vat``, the amount to pay.
    :ivar payment: how to pay; an invoice has one, a credit note None.
    :ivar credits: on a credit note, the invoice it cancels; else None.
    :ivar note: one remark on the whole document.
    """

    number: str
    kind: Kind
    issue_date: date
    due_date: date | None
    quarter: str
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    net: Decimal
    vat: Decimal
    gross: Decimal
    payment: Payment | None
    credits: CreditedInvoice | None = None
    note: str | None = None

    @property
    def period(self) -> tuple[date, date]:
        """First and last day that any line is about.

        Late calls make it begin before the quarter: the official rules R110 and R111 want every line's
        period inside the document's.

        :raises ValueError: the invoice has no lines.
        """
        if not self.lines:
            raise ValueError(f"document {self.number} has no lines, so it is about no period")
        return min(line.period_from for line in self.lines), max(line.period_to for line in self.lines)
