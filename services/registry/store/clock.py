"""The demonstration clock in the database; its table is every service's (shared/migrations)."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from services.registry.domain.clock import CLOCK_ID
from shared.contracts.registry import Clock
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def find(connection: asyncpg.Connection) -> tuple[int, int]:
    """Offset in seconds and version (0: never moved), kept from other changes until the transaction ends."""
    row = await connection.fetchrow(QUERIES["find_to_change"])
    assert row is not None
    return row["offset_seconds"], row["sequence"]


async def move(connection: asyncpg.Connection, offset_seconds: int) -> Clock:
    """Set an offset that is larger than the present one."""
    sequence = await connection.fetchval(QUERIES["move"], offset_seconds)
    assert sequence is not None
    return Clock(id=CLOCK_ID, sequence=sequence, offset_seconds=offset_seconds)
