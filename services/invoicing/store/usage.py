"""The counts metering told of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg

from services.invoicing.domain.usage import AccountCalls, Called, DayAccountCalls, DayCalls
from shared.contracts.metering import Count, SealedTotal
from shared.days import civil_day
from shared.quarters import Quarter
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


class LineKey(NamedTuple):
    """What one system called one service, of that which is billed to a municipality in a quarter."""

    municipality_id: UUID
    quarter: str
    system_id: UUID
    service_id: UUID


async def keep_counts(connection: asyncpg.Connection, counts: Iterable[Count]) -> None:
    """Keep absolute totals; of two for the same hour the greater one, in whatever order they come."""
    greatest: dict[tuple[object, ...], Count] = {}
    for count in counts:
        key = _key(count)
        known = greatest.get(key)
        if known is None or known.calls < count.calls:
            greatest[key] = count
    # Always in the same order, so that two handlers at once never wait for each other.
    kept = [greatest[key] for key in sorted(greatest, key=str)]
    days = [civil_day(count.hour) for count in kept]
    await connection.execute(
        QUERIES["keep_counts"],
        [count.municipality_id for count in kept],
        [count.billing_quarter for count in kept],
        [count.source_id for count in kept],
        [count.service_id for count in kept],
        [count.access_id for count in kept],
        [count.certificate_id for count in kept],
        [count.hour for count in kept],
        [count.accounting_info for count in kept],
        [count.supplier_id for count in kept],
        [count.system_id for count in kept],
        days,
        [str(Quarter.of_day(day)) for day in days],
        [count.source == "agreement" and count.environment == "production" for count in kept],
        [count.calls for count in kept],
    )


async def called(
    connection: asyncpg.Connection,
    municipality_id: UUID,
    quarter: Quarter,
    *,
    by_accounting_info: bool = False,
    by_week: bool = False,
    apart_from: Iterable[date] | None = None,
) -> list[Called]:
    """A municipality's calls billed in a quarter, by civil day; their accounting_info is "" unless asked for.

    With `apart_from`, days are told apart only by the quarter they lie in, by the week if asked for, and by these
    days, each of which begins something new: what comes together stands as its first day with a call. Where no day
    but that of a price's change matters, this is a hundredth of the rows.
    """
    rows = await connection.fetch(
        QUERIES["called"],
        municipality_id,
        str(quarter),
        by_accounting_info,
        None if apart_from is None else sorted(apart_from),
        by_week,
    )
    return [Called(**row) for row in rows]


async def line_days(connection: asyncpg.Connection, line: LineKey, *, made_in: Quarter) -> list[DayCalls]:
    """What one system called one service in one quarter, by civil day."""
    rows = await connection.fetch(QUERIES["line_days"], *line, str(made_in))
    return [DayCalls(**row) for row in rows]


async def line_accounts(
    connection: asyncpg.Connection, line: LineKey, days: Collection[date], *, limit: int
) -> tuple[list[AccountCalls], int]:
    """What it called on these days by accounting_info, the most calls first, and how many of them there are."""
    rows = await connection.fetch(QUERIES["line_accounts"], *line, days, limit)
    return [AccountCalls(row["accounting_info"], row["calls"]) for row in rows], rows[0]["accounts"] if rows else 0


async def line_calls(
    connection: asyncpg.Connection,
    line: LineKey,
    days: Collection[date],
    *,
    after: tuple[date, str] | None,
    limit: int,
) -> list[DayAccountCalls]:
    """What it called on these days by day and accounting_info, from after one of these pairs on."""
    day, info = after or (None, None)
    rows = await connection.fetch(QUERIES["line_calls"], *line, days, day, info, limit)
    return [DayAccountCalls(**row) for row in rows]


async def own_totals(connection: asyncpg.Connection, municipality_id: UUID, quarter: Quarter) -> list[SealedTotal]:
    """What this service has counted of a municipality's quarter, in the terms of the seal."""
    rows = await connection.fetch(QUERIES["own_totals"], municipality_id, str(quarter))
    return [
        SealedTotal(
            source_id=row["source_id"],
            service_id=row["service_id"],
            made_in_quarter=row["made_in"],
            calls=row["calls"],
        )
        for row in rows
    ]


async def own_calls(connection: asyncpg.Connection, quarter: Quarter) -> dict[UUID, int]:
    """The billable calls of every municipality that has any in this quarter."""
    rows = await connection.fetch(QUERIES["own_calls"], str(quarter))
    return {row["municipality_id"]: row["calls"] for row in rows}


def _key(count: Count) -> tuple[object, ...]:
    return (
        count.municipality_id,
        count.billing_quarter,
        count.source_id,
        count.service_id,
        count.access_id,
        count.certificate_id,
        count.hour,
        count.accounting_info,
    )
