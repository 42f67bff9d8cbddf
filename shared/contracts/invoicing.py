"""What invoicing says: prices and invoices."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Base64Bytes, Field

from shared.contracts.event import ACTED_ON, Aggregate, Event, State, Text

MAX_DOCUMENT = 4 * 1024 * 1024
"""How large one document of a dispatched invoice may be, in bytes."""


class PriceStep(State):
    """The price in DKK per call, excl. VAT, from the start of a civil day in Copenhagen; up to 6 decimals."""

    starts: date
    per_call: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]


class Price(Aggregate):
    """A service's whole price history; `id` is the service's."""

    steps: tuple[PriceStep, ...]


class Invoice(Aggregate):
    """An issued invoice, without its lines; amounts in DKK."""

    number: Text
    municipality_id: UUID
    quarter: Text
    issued_on: date
    due_on: date
    net: Decimal
    vat: Decimal
    gross: Decimal


class Document(State):
    """One file of an invoice."""

    filename: Text
    media_type: Literal["application/pdf", "application/xml"]
    content: Annotated[Base64Bytes, Field(max_length=MAX_DOCUMENT)]


class Dispatch(Aggregate):
    """An invoice on its way to a municipality: `id` is the invoice's."""

    number: Text
    municipality_id: UUID
    municipality_name: Text
    quarter: Text
    mailbox: Text
    due_on: date
    gross: Decimal
    documents: Annotated[tuple[Document, ...], Field(max_length=4)]


class PriceEvent(Event):
    speaker: ClassVar[str] = "invoicing"
    about: ClassVar[str] = "price"
    price: Price


class PriceSet(PriceEvent):
    """Helpdesk set a service's price from a day on."""

    type: ClassVar[str] = "price.set.v1"


class PriceRestated(PriceEvent):
    """A service's price history, for copies that are new or broken."""

    type: ClassVar[str] = "price.restated.v1"


class InvoiceEvent(Event):
    speaker: ClassVar[str] = "invoicing"
    about: ClassVar[str] = "invoice"
    invoice: Invoice


class InvoiceIssued(InvoiceEvent):
    """A municipality's invoice for a quarter is final."""

    type: ClassVar[str] = "invoice.issued.v1"


class InvoiceRestated(InvoiceEvent):
    """An invoice's present state, for copies that are new or broken."""

    type: ClassVar[str] = "invoice.restated.v1"


class InvoiceDispatched(Event):
    """An invoice's documents, to be sent; for the notifier alone, erased there after sending."""

    type: ClassVar[str] = "invoice.dispatched.v1"
    kept: ClassVar[timedelta] = ACTED_ON
    speaker: ClassVar[str] = "invoicing"
    about: ClassVar[str] = "dispatch"
    only_for: ClassVar[str | None] = "notifier"
    dispatch: Dispatch


EVENTS: tuple[type[Event], ...] = (PriceSet, PriceRestated, InvoiceIssued, InvoiceRestated, InvoiceDispatched)
