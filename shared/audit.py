"""Who did what, when: append-only, and chained by hash over committed rows so that a change shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from shared import correlation

_LOCK = 727_003


@dataclass(frozen=True)
class Actor:
    """Who acts: a person or system by id, the operator at a command line, or a service by itself."""

    kind: Literal["person", "system", "operator", "service"]
    id: str
    organisation_id: UUID | None = None


async def add(
    connection: asyncpg.Connection,
    actor: Actor,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """Write one line in the transaction of the act itself."""
    await connection.execute(
        "INSERT INTO audit (at, actor_kind, actor_id, organisation_id, action, subject, detail, correlation_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        now,
        actor.kind,
        actor.id,
        actor.organisation_id,
        action,
        subject,
        dict(detail),
        correlation.current().id,
    )


async def listed(
    connection: asyncpg.Connection,
    *,
    subject: str | None,
    actor_id: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    before: int | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Lines of the log, the newest first: those before a position, and that fit what is not None.

    `connection` reads jsonb as Python values, as those of `Database.reading` do.
    """
    rows = await connection.fetch(
        "SELECT position, at, actor_kind, actor_id, organisation_id, action, subject, detail, correlation_id"
        " FROM audit WHERE ($1::text IS NULL OR subject = $1) AND ($2::text IS NULL OR actor_id = $2)"
        " AND ($3::text IS NULL OR action = $3) AND ($4::timestamptz IS NULL OR at >= $4)"
        " AND ($5::timestamptz IS NULL OR at < $5) AND ($6::bigint IS NULL OR position < $6)"
        " ORDER BY position DESC LIMIT $7",
        subject,
        actor_id,
        action,
        since,
        until,
        before,
        limit,
    )
    return [dict(row) for row in rows]


async def chain(connection: asyncpg.Connection) -> int:
    """Chain the committed rows that are not yet chained; returns how many. Run inside a transaction.

    Rows of transactions that still run, and of all that began after the oldest of them, are left for the next
    time; a link is given once and never moved.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
        return 0
    last = await connection.fetchrow("SELECT link, hash FROM audit_chain ORDER BY link DESC LIMIT 1")
    link, previous = (last["link"], last["hash"]) if last else (0, b"")
    rows = await connection.fetch(
        "SELECT a.* FROM audit a LEFT JOIN audit_chain c USING (position)"
        " WHERE c.position IS NULL AND (a.written_in < pg_snapshot_xmin(pg_current_snapshot())"
        # A number this server has not given yet: the row was restored from another one, and is committed.
        " OR a.written_in >= pg_snapshot_xmax(pg_current_snapshot()))"
        " ORDER BY a.position LIMIT 1000"
    )
    for row in rows:
        link += 1
        previous = _hash(previous, row)
        await connection.execute(
            "INSERT INTO audit_chain (link, position, hash) VALUES ($1, $2, $3)",
            link,
            row["position"],
            previous,
        )
    return len(rows)


async def verify(connection: asyncpg.Connection) -> int | None:
    """The position of the first chained row that was changed or removed since, or None when all is as written.

    `connection` is in a transaction and reads jsonb as Python values, as those of `Database.reading` are. Rows
    cut off the end together with their links do not show; whoever must see that keeps a copy of the last hash.
    """
    previous, link = b"", 0
    async for row in connection.cursor(
        "SELECT c.link, c.position AS chained, c.hash, a.*"
        " FROM audit_chain c LEFT JOIN audit a USING (position) ORDER BY c.link"
    ):
        link += 1
        position: int = row["chained"]
        if row["link"] != link or row["at"] is None:
            return position
        previous = _hash(previous, row)
        if previous != row["hash"]:
            return position
    return None


def _hash(previous: bytes, row: asyncpg.Record) -> bytes:
    told = json.dumps(
        [
            row["position"],
            row["at"].isoformat(),
            row["actor_kind"],
            row["actor_id"],
            str(row["organisation_id"]),
            row["action"],
            row["subject"],
            row["detail"],
            row["correlation_id"],
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(previous + told.encode()).digest()
