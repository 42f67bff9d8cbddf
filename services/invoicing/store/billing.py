"""Sealed quarters and how far their billing has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.invoicing.domain.billing import OPEN, Sealed, State, pause
from shared.contracts.metering import SealedQuarter, SealedTotal
from shared.quarters import Quarter
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def keep_seal(
    connection: asyncpg.Connection, sealed: SealedQuarter, *, correlation_id: str, now: datetime
) -> bool:
    """Keep a seal if it is newer than the one that is kept, and nothing was invoiced on that; says whether."""
    kept = await connection.fetchval(
        QUERIES["keep_seal"],
        sealed.municipality_id,
        sealed.quarter,
        sealed.sequence,
        sealed.sealed_at,
        sealed.calls,
        [total.model_dump(mode="json") for total in sealed.totals],
        sealed.digest,
        correlation_id,
        now,
    )
    if kept:
        await _remember(connection, sealed, "sealed", "", invoice_id=None, now=now)
    return bool(kept)


async def find(connection: asyncpg.Connection, municipality_id: UUID, quarter: Quarter) -> Sealed | None:
    row = await connection.fetchrow(QUERIES["find"], municipality_id, str(quarter))
    return _sealed(row) if row else None


async def due(connection: asyncpg.Connection, *, now: datetime, limit: int) -> list[tuple[UUID, Quarter]]:
    """Sealed quarters to look at now, the oldest quarter first."""
    rows = await connection.fetch(QUERIES["due"], now, limit)
    return [(row["municipality_id"], Quarter.parse(row["quarter"])) for row in rows]


@dataclass(frozen=True)
class Waiting:
    """Sealed quarters in one state, and since when the oldest of them is in it."""

    number: int
    since: datetime


async def waiting(connection: asyncpg.Connection) -> dict[str, Waiting]:
    """All that have no invoice yet, by state."""
    rows = await connection.fetch(QUERIES["waiting"])
    return {row["state"]: Waiting(row["number"], row["since"]) for row in rows}


async def of_quarter(connection: asyncpg.Connection, quarter: Quarter) -> dict[UUID, Sealed]:
    """Every municipality's seal of a quarter, without its totals: `find` has them."""
    rows = await connection.fetch(QUERIES["of_quarter"], str(quarter))
    return {row["municipality_id"]: _sealed(row) for row in rows}


async def states(connection: asyncpg.Connection) -> dict[str, dict[State, int]]:
    """By quarter, how many municipalities' billing is in which state."""
    found: dict[str, dict[State, int]] = {}
    for row in await connection.fetch(QUERIES["states"]):
        found.setdefault(row["quarter"], {})[row["state"]] = row["number"]
    return found


async def move(
    connection: asyncpg.Connection,
    sealed: Sealed,
    state: State,
    sentence: str,
    *,
    missing_prices: list[UUID],
    now: datetime,
) -> bool:
    """Write what a look found, and when to look again; False when it was invoiced or sealed anew meanwhile.

    What changed is remembered in the history.
    """
    moved = await connection.fetchval(
        QUERIES["move"],
        sealed.municipality_id,
        str(sealed.quarter),
        sealed.sequence,
        state,
        sentence,
        missing_prices,
        now + pause(sealed.looks),
        now,
        list(OPEN),
    )
    if moved and (state, sentence) != (sealed.state, sealed.sentence):
        await _remember(connection, sealed, state, sentence, invoice_id=None, now=now)
    return bool(moved)


async def finish(connection: asyncpg.Connection, sealed: Sealed, invoice_id: UUID, *, now: datetime) -> bool:
    """Mark a quarter invoiced; False when that was done already, or it was sealed anew."""
    done = await connection.fetchval(
        QUERIES["finish"],
        sealed.municipality_id,
        str(sealed.quarter),
        sealed.sequence,
        invoice_id,
        now,
        list(OPEN),
    )
    if done:
        await _remember(connection, sealed, "invoiced", "", invoice_id=invoice_id, now=now)
    return bool(done)


async def last_sealed(connection: asyncpg.Connection) -> Quarter | None:
    """The latest quarter that is sealed for any municipality."""
    found = await connection.fetchval(QUERIES["last_sealed"])
    return Quarter.parse(found) if found else None


async def waits_for_price(connection: asyncpg.Connection, service_id: UUID) -> bool:
    """Whether a sealed quarter can't be invoiced for want of this service's price."""
    return bool(await connection.fetchval(QUERIES["waits_for_price"], service_id))


async def wake_waiting_for_price(connection: asyncpg.Connection, service_id: UUID, *, now: datetime) -> None:
    """Have what waits for this service's price looked at again at once."""
    # Locked in one order, so that two prices set at once never wait for each other.
    await connection.execute(QUERIES["lock_waiting_for_price"], service_id)
    await connection.execute(QUERIES["wake_waiting_for_price"], service_id, now)


async def _remember(
    connection: asyncpg.Connection,
    sealed: Sealed | SealedQuarter,
    state: State,
    sentence: str,
    *,
    invoice_id: UUID | None,
    now: datetime,
) -> None:
    await connection.execute(
        QUERIES["remember"], sealed.municipality_id, str(sealed.quarter), now, state, sentence, invoice_id
    )


def _sealed(row: asyncpg.Record) -> Sealed:
    return Sealed(
        **{
            **row,
            "quarter": Quarter.parse(row["quarter"]),
            "totals": tuple(SealedTotal.model_validate(total) for total in row["totals"]),
        }
    )
