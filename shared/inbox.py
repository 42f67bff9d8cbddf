"""Each event once: its id is claimed in the transaction of its effect."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg


async def claim(connection: asyncpg.Connection, event_id: UUID, event_type: str, *, now: datetime) -> bool:
    """Whether this event is ours to handle now; False when it was handled before. `now` is real time.

    A second copy that claims the same id waits here until the first commits or rolls back.
    """
    done = await connection.execute(
        "INSERT INTO inbox (event_id, type, claimed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        event_id,
        event_type,
        now,
    )
    return bool(done == "INSERT 0 1")


async def forget(connection: asyncpg.Connection, before: datetime) -> int:
    """Drop claims older than any message can be redelivered or replayed; returns how many."""
    done = await connection.execute("DELETE FROM inbox WHERE claimed_at < $1", before)
    return int(done.split()[-1])
