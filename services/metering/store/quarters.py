"""Quarters: which are sealed, and what sealing one comes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from shared.contracts.metering import SealedTotal
from shared.quarters import Quarter
from shared.sql import Queries

SQL = Queries(Path(__file__).with_name("quarters.sql"))


@dataclass(frozen=True)
class Sealed:
    """A quarter that is closed: when, and its production calls and municipalities."""

    quarter: str
    sealed_at: datetime
    calls: int
    municipalities: int


@dataclass(frozen=True)
class Open:
    """A quarter that still counts; `blocked` says why it could not be sealed when it was due."""

    quarter: str
    blocked: str | None


async def lock(connection: asyncpg.Connection) -> None:
    """Wait for the batches under way and hold back new ones until the transaction ends."""
    await connection.execute(SQL["lock_quarters"])


async def last_sealed(connection: asyncpg.Connection) -> Quarter | None:
    """The newest sealed quarter; all before it are closed too."""
    label = await connection.fetchval(SQL["last_sealed"])
    return Quarter.parse(label) if label else None


async def first_used(connection: asyncpg.Connection) -> Quarter | None:
    """The first quarter any call is billed in."""
    label = await connection.fetchval(SQL["first_used"])
    return Quarter.parse(label) if label else None


async def totals(connection: asyncpg.Connection, quarter: Quarter) -> Mapping[UUID, list[SealedTotal]]:
    """For each municipality with production calls billed in the quarter, what its agreements come to."""
    found: defaultdict[UUID, list[SealedTotal]] = defaultdict(list)
    for row in await connection.fetch(SQL["totals"], str(quarter)):
        values = dict(row)
        found[values.pop("municipality_id")].append(SealedTotal(**values))
    return found


async def seal(
    connection: asyncpg.Connection,
    quarter: Quarter,
    municipalities: Sequence[tuple[UUID, int, str]],
    *,
    now: datetime,
) -> None:
    """Close a quarter: (municipality, calls, digest) for each with production calls."""
    calls = sum(item[1] for item in municipalities)
    await connection.execute(SQL["seal_quarter"], str(quarter), now, calls)
    await connection.executemany(SQL["seal_municipality"], [(str(quarter), *item) for item in municipalities])


async def block(connection: asyncpg.Connection, quarter: Quarter, reason: str, *, now: datetime) -> None:
    """Keep why a quarter that is due is not sealed."""
    await connection.execute(SQL["block"], str(quarter), now, reason)


async def unblock(connection: asyncpg.Connection, quarter: Quarter) -> None:
    """Nothing holds the quarter back any more."""
    await connection.execute(SQL["unblock"], str(quarter))


async def sealed(connection: asyncpg.Connection) -> list[Sealed]:
    """All sealed quarters, oldest first."""
    return [Sealed(**dict(row)) for row in await connection.fetch(SQL["sealed_quarters"])]


async def still_open(connection: asyncpg.Connection, last: Quarter | None) -> list[Open]:
    """The quarters after the last sealed one that have calls, oldest first."""
    rows = await connection.fetch(SQL["open_quarters"], str(last) if last else "")
    return [Open(row["quarter"], row["blocked"]) for row in rows]


async def open_calls(connection: asyncpg.Connection, last: Quarter | None) -> dict[str, int]:
    """The calls billed so far in each quarter after the last sealed one; adds up every count of them."""
    return {
        row["quarter"]: row["calls"] for row in await connection.fetch(SQL["open_calls"], str(last) if last else "")
    }
