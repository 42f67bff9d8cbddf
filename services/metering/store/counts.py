"""Counts: what changed and must be told, all of them, and whether they equal the raw calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import asyncpg

from services.metering.domain.billing import Drift
from shared.contracts.metering import Count
from shared.quarters import Quarter
from shared.sql import Queries

SQL = Queries(Path(__file__).with_name("counts.sql"))


async def news(connection: asyncpg.Connection, limit: int) -> list[Count]:
    """Counts that changed since they were last told, marked as told.

    A statement of its own reads them: what was committed before the marks were taken must be seen.
    """
    taken = await connection.fetch(SQL["take_news"], limit)
    if not taken:
        return []
    rows = await connection.fetch(SQL["counts_of"], [row["count_id"] for row in taken])
    return [Count(**dict(row)) for row in rows]


async def every(connection: asyncpg.Connection) -> AsyncIterator[Count]:
    """All counts there are, inside the caller's transaction."""
    async for row in connection.cursor(SQL["all_counts"], prefetch=1000):
        yield Count(**dict(row))


async def drift(connection: asyncpg.Connection, quarter: Quarter, since: datetime) -> list[Drift]:
    """Where the raw calls billed in a quarter and their counts differ; empty when all is well.

    `since`: no call billed in the quarter was made earlier. At most 20 differences are told.
    """
    rows = await connection.fetch(SQL["drift"], str(quarter), since, quarter.ends, timeout=840)
    return [Drift(**dict(row)) for row in rows]
