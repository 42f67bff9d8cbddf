"""Issued invoices: added once, never changed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal
from uuid import UUID

import asyncpg

from services.invoicing.domain.bill import Bill, BillLine
from shared.quarters import Quarter
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))

DocumentKind = Literal["pdf", "xml"]


@dataclass(frozen=True)
class Issued:
    """An invoice's head; amounts in DKK, days in Danish civil time."""

    id: UUID
    serial: int
    number: str
    municipality_id: UUID
    municipality_name: str
    cvr: str
    ean: str | None
    quarter: str
    issued_at: datetime
    issued_on: date
    due_on: date
    calls: int
    net: Decimal
    vat: Decimal
    gross: Decimal


@dataclass(frozen=True)
class StoredDocument:
    """A document as it left: the very bytes."""

    filename: str
    media_type: Literal["application/pdf", "application/xml"]
    content: bytes


async def peek_serial(connection: asyncpg.Connection, series: str) -> int:
    """The number that would come next; another copy may take it before us."""
    found: int = await connection.fetchval(QUERIES["peek_serial"], series)
    return found


async def lock_serial(connection: asyncpg.Connection, series: str) -> int:
    """The number that comes next, ours until the transaction ends: used by `add`, or given back by a rollback."""
    found: int = await connection.fetchval(QUERIES["lock_serial"], series)
    return found


async def add(
    connection: asyncpg.Connection,
    invoice: Issued,
    bill: Bill,
    documents: dict[DocumentKind, StoredDocument],
    *,
    series: str,
    digest: str,
) -> None:
    """Write an invoice with its lines and documents, and use up its number (locked before)."""
    await connection.execute(QUERIES["use_serial"], series)
    await connection.execute(
        QUERIES["add"],
        invoice.id,
        series,
        invoice.serial,
        invoice.number,
        invoice.municipality_id,
        invoice.municipality_name,
        invoice.cvr,
        invoice.ean,
        invoice.quarter,
        invoice.issued_at,
        invoice.issued_on,
        invoice.due_on,
        invoice.calls,
        invoice.net,
        invoice.vat,
        invoice.gross,
        digest,
    )
    await connection.executemany(
        QUERIES["add_line"],
        [
            (
                invoice.id,
                line.position,
                line.supplier_id,
                line.supplier_name,
                line.system_id,
                line.system_name,
                line.service_id,
                line.service_name,
                str(line.made_in),
                line.first_day,
                line.last_day,
                line.calls,
                line.unit_price,
                line.amount,
                line.note,
            )
            for line in bill.lines
        ],
    )
    for kind, document in documents.items():
        await connection.execute(
            QUERIES["add_document"],
            invoice.id,
            kind,
            document.filename,
            document.media_type,
            document.content,
            hashlib.sha256(document.content).hexdigest(),
        )


async def find(connection: asyncpg.Connection, invoice_id: UUID, *, municipality_id: UUID | None) -> Issued | None:
    """One invoice; with `municipality_id`, only if it is that municipality's."""
    row = await connection.fetchrow(QUERIES["find"], invoice_id, municipality_id)
    return Issued(**row) if row else None


async def page(
    connection: asyncpg.Connection,
    *,
    municipality_id: UUID | None,
    quarter: Quarter | None,
    before: int | None,
    limit: int,
    number: str | None = None,
) -> list[Issued]:
    """Invoices, the newest first, numbered below `before`; with `number` only that one."""
    rows = await connection.fetch(
        QUERIES["page"], municipality_id, str(quarter) if quarter else None, before, limit, number
    )
    return [Issued(**row) for row in rows]


async def every(connection: asyncpg.Connection) -> list[Issued]:
    """All invoices in the order of their numbers."""
    return [Issued(**row) for row in await connection.fetch(QUERIES["every"])]


async def lines(connection: asyncpg.Connection, invoice_id: UUID) -> list[BillLine]:
    """An invoice's lines in their order."""
    return [_line(row) for row in await connection.fetch(QUERIES["lines"], invoice_id)]


async def line(connection: asyncpg.Connection, invoice_id: UUID, position: int) -> BillLine | None:
    """One of an invoice's lines."""
    row = await connection.fetchrow(QUERIES["line"], invoice_id, position)
    return _line(row) if row else None


async def document(
    connection: asyncpg.Connection, invoice_id: UUID, kind: DocumentKind, *, municipality_id: UUID | None
) -> StoredDocument | None:
    """A document's stored bytes; with `municipality_id`, only if the invoice is that municipality's."""
    row = await connection.fetchrow(QUERIES["document"], invoice_id, kind, municipality_id)
    return StoredDocument(**row) if row else None


async def of_quarter(connection: asyncpg.Connection, quarter: Quarter) -> dict[UUID, tuple[Issued, Bill]]:
    """Every invoice of a quarter with its lines, by municipality."""
    by_invoice: dict[UUID, list[BillLine]] = defaultdict(list)
    for row in await connection.fetch(QUERIES["lines_of_quarter"], str(quarter)):
        by_invoice[row["invoice_id"]].append(_line(row))
    heads: Iterable[Issued] = [Issued(**row) for row in await connection.fetch(QUERIES["of_quarter"], str(quarter))]
    return {head.municipality_id: (head, _bill(head, by_invoice[head.id])) for head in heads}


async def heads_of_quarter(connection: asyncpg.Connection, quarter: Quarter) -> dict[UUID, Issued]:
    """Every invoice of a quarter without its lines, by municipality."""
    rows = await connection.fetch(QUERIES["of_quarter"], str(quarter))
    return {row["municipality_id"]: Issued(**row) for row in rows}


def _bill(head: Issued, found: list[BillLine]) -> Bill:
    return Bill(Quarter.parse(head.quarter), tuple(found), head.calls, head.net, head.vat, head.gross)


def _line(row: asyncpg.Record) -> BillLine:
    return BillLine(
        **{key: value for key, value in row.items() if key not in {"invoice_id", "made_in"}},
        made_in=Quarter.parse(row["made_in"]),
    )
