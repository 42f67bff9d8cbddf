"""Issued invoices: to see, and their documents to fetch."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from services.invoicing.actions.accounts import accounts_behind, calls_behind, days_behind
from services.invoicing.api.asking import InAnyQuarter, Running, whose
from services.invoicing.domain.bill import BillLine
from services.invoicing.store import invoices
from services.invoicing.store.invoices import DocumentKind, Issued
from shared.contracts.registry import Role
from shared.identity import Caller, SignedIn
from shared.page import After, Limit, Page, after_unknown, page
from shared.problem import Invalid, NotFound

router = APIRouter(tags=["invoices"])

READERS: tuple[Role, ...] = ("administrator", "signatory", "economy")
"""Who of a municipality sees its invoices: who answers for it, who signs for it and who pays."""
ACCOUNTS = 50
"""How many accounting_info a line is shown with."""
Position = Annotated[int, Path(ge=1, le=10**6)]


class InvoiceHead(BaseModel):
    """An issued invoice; amounts in DKK, days in Danish civil time. It never changes."""

    id: UUID
    number: str
    municipality_id: UUID
    municipality_name: str
    quarter: str
    issued_at: datetime
    issued_on: date
    due_on: date
    calls: int
    net: Decimal
    vat: Decimal
    gross: Decimal


class InvoiceLine(BaseModel):
    """What one system called one service, at one price; `note` says so where the calls came in late."""

    position: int
    supplier_id: UUID
    supplier_name: str
    system_id: UUID
    system_name: str
    service_id: UUID
    service_name: str
    made_in_quarter: str
    first_day: date
    last_day: date
    calls: int
    unit_price: Decimal
    amount: Decimal
    note: str | None


class WholeInvoice(InvoiceHead):
    """An invoice with whom it is addressed to and its lines."""

    cvr: str
    ean: str | None
    lines: list[InvoiceLine]


class CallsOfDay(BaseModel):
    """Calls of one civil day in Copenhagen."""

    day: date
    calls: int


class CallsOfAccount(BaseModel):
    """Calls with one accounting_info (empty: none)."""

    accounting_info: str
    calls: int


class CallsOfDayAndAccount(BaseModel):
    """Calls of one civil day in Copenhagen with one accounting_info (empty: none)."""

    day: date
    accounting_info: str
    calls: int


class LineWithCalls(InvoiceLine):
    """A line of an invoice and the calls it rests on: by day, and by accounting_info.

    The days add up to the line's calls. `accounts` are the 50 with the most calls of all `accounts_count`.
    """

    invoice_number: str
    quarter: str
    days: list[CallsOfDay]
    accounts: list[CallsOfAccount]
    accounts_count: int


class CallsBehind(BaseModel):
    """One page of the calls a line rests on, by day and accounting_info. `next` goes into `after`; null: no more."""

    items: list[CallsOfDayAndAccount]
    next: str | None


@router.get("/invoices")
async def list_invoices(  # noqa: PLR0917 - a route is called by name only
    running: Running,
    caller: SignedIn,
    quarter: InAnyQuarter,
    limit: Limit = 100,
    after: After = None,
    municipality_id: Annotated[UUID | None, Query(description="For helpdesk: only this one's")] = None,
    number: Annotated[str | None, Query(max_length=64, description="Only the invoice with this number")] = None,
) -> Page[InvoiceHead]:
    """Newest first: a municipality's for its administrators, signatories and economy; everyone's for helpdesk."""
    municipality = whose(caller, municipality_id, *READERS)
    async with running.database.reading() as connection:
        last = await invoices.find(connection, after, municipality_id=municipality) if after else None
        if after is not None and last is None:
            raise after_unknown(after, "an invoice")
        found = await invoices.page(
            connection,
            municipality_id=municipality,
            quarter=quarter,
            before=last.serial if last else None,
            limit=limit + 1,
            number=number,
        )
    return page(found, limit, lambda issued: InvoiceHead.model_validate(_head(issued)))


@router.get("/invoices/{invoice_id}")
async def one_invoice(running: Running, caller: SignedIn, invoice_id: UUID) -> WholeInvoice:
    """An invoice with its lines; another municipality's is not there."""
    municipality = whose(caller, None, *READERS)
    async with running.database.reading() as connection:
        issued = await invoices.find(connection, invoice_id, municipality_id=municipality)
        if issued is None:
            raise _unknown(invoice_id)
        lines = await invoices.lines(connection, invoice_id)
    return WholeInvoice.model_validate(
        {**_head(issued), "cvr": issued.cvr, "ean": issued.ean, "lines": [_line(line) for line in lines]}
    )


@router.get("/invoices/{invoice_id}/lines/{position}")
async def invoice_line(running: Running, caller: SignedIn, invoice_id: UUID, position: Position) -> LineWithCalls:
    """One line of an invoice with the calls it rests on, day by day: they add up to the line's."""
    async with running.database.reading() as connection:
        issued, line = await _find_line(connection, caller, invoice_id, position)
        days = await days_behind(connection, issued, line)
        accounts, count = await accounts_behind(connection, issued, line, days, limit=ACCOUNTS)
    told = {
        **_line(line),
        "invoice_number": issued.number,
        "quarter": issued.quarter,
        "days": days,
        "accounts": accounts,
        "accounts_count": count,
    }
    return LineWithCalls.model_validate(told, from_attributes=True)


@router.get("/invoices/{invoice_id}/lines/{position}/calls")
async def invoice_line_calls(  # noqa: PLR0917 - a route is called by name only
    running: Running,
    caller: SignedIn,
    invoice_id: UUID,
    position: Position,
    limit: Annotated[int, Query(ge=1, le=5000, description="How many at the most")] = 500,
    after: Annotated[str | None, Query(max_length=300, description="`next` of the page before")] = None,
) -> CallsBehind:
    """All the calls a line rests on, told apart by accounting_info too: in pages, by day."""
    place = _place(after) if after is not None else None
    async with running.database.reading() as connection:
        issued, line = await _find_line(connection, caller, invoice_id, position)
        found = await calls_behind(connection, issued, line, after=place, limit=limit + 1)
    items = [CallsOfDayAndAccount.model_validate(one, from_attributes=True) for one in found[:limit]]
    more = len(found) > limit
    return CallsBehind(items=items, next=f"{items[-1].day} {items[-1].accounting_info}" if more else None)


def _place(after: str) -> tuple[date, str]:
    day, _, accounting_info = after.partition(" ")
    try:
        return date.fromisoformat(day), accounting_info
    except ValueError:
        raise Invalid(
            "page.after_unknown", "`after` must be the `next` of the page before: a day, a blank, what follows."
        ) from None


async def _find_line(
    connection: asyncpg.Connection, caller: Caller, invoice_id: UUID, position: int
) -> tuple[Issued, BillLine]:
    municipality = whose(caller, None, *READERS)
    issued = await invoices.find(connection, invoice_id, municipality_id=municipality)
    if issued is None:
        raise _unknown(invoice_id)
    line = await invoices.line(connection, invoice_id, position)
    if line is None:
        raise NotFound("invoice.line_unknown", f"Invoice {issued.number} has no line {position}.")
    return issued, line


@router.get(
    "/invoices/{invoice_id}/pdf",
    response_class=Response,
    responses={200: {"description": "The invoice as it was sent", "content": {"application/pdf": {}}}},
)
async def invoice_pdf(running: Running, caller: SignedIn, invoice_id: UUID) -> Response:
    """The invoice for people, byte for byte as it was sent; the electronic one is attached inside."""
    return await _document(running, caller, invoice_id, "pdf")


@router.get(
    "/invoices/{invoice_id}/xml",
    response_class=Response,
    responses={200: {"description": "The invoice as it was sent", "content": {"application/xml": {}}}},
)
async def invoice_xml(running: Running, caller: SignedIn, invoice_id: UUID) -> Response:
    """The electronic invoice (Peppol BIS Billing 3), byte for byte as it was sent."""
    return await _document(running, caller, invoice_id, "xml")


async def _document(running: Running, caller: Caller, invoice_id: UUID, kind: DocumentKind) -> Response:
    municipality = whose(caller, None, *READERS)
    async with running.database.reading() as connection:
        found = await invoices.document(connection, invoice_id, kind, municipality_id=municipality)
    if found is None:
        raise _unknown(invoice_id)
    return Response(
        found.content,
        media_type=found.media_type,
        headers={"Content-Disposition": f'attachment; filename="{found.filename}"'},
    )


def _unknown(invoice_id: UUID) -> NotFound:
    return NotFound("invoice.unknown", f"There is no invoice {invoice_id}.")


def _head(issued: Issued) -> dict[str, object]:
    return {name: getattr(issued, name) for name in InvoiceHead.model_fields}


def _line(line: BillLine) -> dict[str, object]:
    return {
        **{name: getattr(line, name) for name in InvoiceLine.model_fields if name != "made_in_quarter"},
        "made_in_quarter": str(line.made_in),
    }
