"""One-time links in the database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.registry.domain.link import OpenLink, Purpose
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def replace(
    connection: asyncpg.Connection,
    link_id: UUID,
    *,
    person_id: UUID,
    organisation_id: UUID,
    purpose: Purpose,
    asked_for: bool,
    secret_digest: bytes,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep a new link and end the person's older one. `asked_for`: anyone may have asked, not signed in."""
    await connection.execute(QUERIES["end_open"], person_id, now)
    await connection.execute(
        QUERIES["add"], link_id, person_id, organisation_id, purpose, asked_for, secret_digest, now, expires_at
    )


async def asked_since(connection: asyncpg.Connection, person_id: UUID, since: datetime) -> int:
    """How many links were asked for without sign-in."""
    found: int = await connection.fetchval(QUERIES["asked_since"], person_id, since)
    return found


async def find_open(connection: asyncpg.Connection, secret_digest: bytes, *, now: datetime) -> OpenLink | None:
    row = await connection.fetchrow(QUERIES["find_open"], secret_digest, now)
    return OpenLink(**dict(row)) if row else None


async def use(connection: asyncpg.Connection, secret_digest: bytes, *, now: datetime) -> UUID | None:
    """Use the link up; the person it is for, or None when it can't be used (any more)."""
    person_id: UUID | None = await connection.fetchval(QUERIES["use"], secret_digest, now)
    return person_id
