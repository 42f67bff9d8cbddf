"""Partitions made ahead, and what is old enough to be forgotten."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import asyncpg

from shared.sql import Queries

SQL = Queries(Path(__file__).with_name("maintenance.sql"))
PIECE = 5000


async def make_partitions(connection: asyncpg.Connection, first: date, last: date) -> int:
    """See to it that every month (UTC) between the days has its partition; returns how many were made."""
    made: int = await connection.fetchval(SQL["make_partitions"], first, last)
    return made


async def missing_partitions(connection: asyncpg.Connection, first: date, last: date) -> list[str]:
    """The months (UTC, as 2027-01) between the days that have no partition."""
    return [row[0] for row in await connection.fetch(SQL["missing_partitions"], first, last)]


async def in_default_partition(connection: asyncpg.Connection) -> bool:
    """Whether calls lie outside the months made ahead."""
    return bool(await connection.fetchval(SQL["in_default_partition"]))


async def forget_claims(connection: asyncpg.Connection, before: datetime) -> int:
    """Forget a piece of the ids claimed before; returns how many."""
    done = await connection.execute(SQL["forget_claims"], before, PIECE)
    return int(done.split()[-1])


async def fold_messages(connection: asyncpg.Connection, before: datetime) -> int:
    """Fold a piece of the messages taken before into their sums; returns how many."""
    folded: int = await connection.fetchval(SQL["fold_messages"], before, PIECE)
    return folded
