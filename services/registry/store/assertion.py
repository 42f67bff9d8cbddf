"""Sign-in assertions that were used, in the database: each is good for one sign-in."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def use_up(connection: asyncpg.Connection, system_id: UUID, jti: str, *, expires_at: datetime) -> bool:
    """Whether this assertion was not used before; it is from now on. `expires_at` is real time."""
    digest = hashlib.sha256(jti.encode()).digest()
    return (await connection.fetchval(QUERIES["use_assertion"], system_id, digest, expires_at)) is not None


async def forget(connection: asyncpg.Connection, *, before: datetime) -> int:
    """Drop those that expired before an instant of real time; returns how many."""
    done = await connection.execute(QUERIES["forget_assertions"], before)
    return int(done.split()[-1])
