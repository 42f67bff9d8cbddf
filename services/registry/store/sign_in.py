"""Sign-ins that have not succeeded, in the database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import asyncpg

from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def begin(
    connection: asyncpg.Connection, address_digest: bytes, *, most: int, since: datetime, now: datetime
) -> bool:
    """Count a sign-in as failed until it succeeds; False when so many have failed that it may not be tried.

    Sign-ins for one address queue up here, so that many at once are counted one after the other.
    """
    await connection.execute(QUERIES["forget_old"], since)
    await connection.execute(QUERIES["queue_up"], address_digest)
    if await connection.fetchval(QUERIES["count_failures"], address_digest, since) >= most:
        return False
    await connection.execute(QUERIES["add_failure"], address_digest, now)
    return True


async def forget(connection: asyncpg.Connection, address_digest: bytes) -> None:
    """The address's person has shown who they are."""
    await connection.execute(QUERIES["forget"], address_digest)
