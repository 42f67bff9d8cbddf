"""The sessions' table; nothing else knows it. Functions take a connection and never commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.portal.domain.session import Oldest
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True)
class Stored:
    """A session as it is kept. Times are real time (UTC)."""

    id: bytes
    person_id: UUID
    sealed: bytes
    agent: str
    begun_at: datetime
    seen_at: datetime
    told: str | None


async def add(
    connection: asyncpg.Connection,
    session_id: bytes,
    person_id: UUID,
    sealed: bytes,
    agent: str,
    *,
    begun_at: datetime,
    now: datetime,
) -> None:
    """A new session. It began when the person signed in, be it in the session that this one takes the place of."""
    await connection.execute(QUERIES["add"], session_id, person_id, sealed, agent, begun_at, now)


async def find(connection: asyncpg.Connection, session_id: bytes, oldest: Oldest) -> Stored | None:
    """The session of this id, unless it is over."""
    row = await connection.fetchrow(QUERIES["find"], session_id, oldest.seen_at, oldest.begun_at)
    return Stored(**row) if row else None


async def see(connection: asyncpg.Connection, session_id: bytes, *, now: datetime) -> None:
    """The session is in use, and what it was to be told has been told."""
    await connection.execute(QUERIES["see"], session_id, now)


async def reseal(connection: asyncpg.Connection, session_id: bytes, sealed: bytes, *, now: datetime) -> None:
    """Keep another content in the session, which is in use; what it was to be told has been told."""
    await connection.execute(QUERIES["reseal"], session_id, sealed, now)


async def tell(connection: asyncpg.Connection, session_id: bytes, told: str) -> None:
    """Have the session's next page begin with this sentence, which is sealed like the rest."""
    await connection.execute(QUERIES["tell"], session_id, told)


async def of_person(connection: asyncpg.Connection, person_id: UUID, oldest: Oldest) -> Sequence[Stored]:
    """A person's sessions that are not over, the one used last first."""
    rows = await connection.fetch(QUERIES["of_person"], person_id, oldest.seen_at, oldest.begun_at)
    return [Stored(**row) for row in rows]


async def end(connection: asyncpg.Connection, session_id: bytes, person_id: UUID) -> bool:
    """End one of the person's sessions; says whether there was one."""
    return bool(await connection.fetchval(QUERIES["end"], session_id, person_id))


async def end_others(connection: asyncpg.Connection, session_id: bytes, person_id: UUID) -> None:
    """End all of the person's sessions but this one."""
    await connection.execute(QUERIES["end_others"], session_id, person_id)


async def forget(connection: asyncpg.Connection, oldest: Oldest) -> None:
    """Remove what is over."""
    await connection.execute(QUERIES["forget"], oldest.seen_at, oldest.begun_at)
