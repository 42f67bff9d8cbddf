"""Messages whose handling failed: kept with their reason, tried again by a schedule, then shown to a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

import asyncpg

from shared import failure
from shared.contracts import EVENTS
from shared.contracts.calls import PARKED_TYPE as CALLS
from shared.contracts.registry import UserLinkIssued

SCHEDULE = (timedelta(seconds=10), timedelta(minutes=2), timedelta(minutes=30))
"""How long after the first, second and third failure a message is tried again; then it waits for a person."""


@dataclass(frozen=True)
class Parked:
    """A parked message. `due_at` None: it waits for a person."""

    id: UUID
    event_id: UUID | None
    type: str
    body: bytes | None
    reason: str
    attempts: int
    state: str
    parked_at: datetime
    due_at: datetime | None


State = Literal["waiting", "handled", "dropped"]


@dataclass(frozen=True)
class Kept:
    """What is kept of a parked message beside its content, whatever became of it."""

    id: UUID
    event_id: UUID | None
    type: str
    reason: str
    attempts: int
    state: State
    redacted: bool
    parked_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    note: str | None


_COLUMNS = "id, event_id, type, body, reason, attempts, state, parked_at, due_at"
_KEPT = "id, event_id, type, reason, attempts, state, redacted, parked_at, due_at, ended_at, note"


async def park(
    connection: asyncpg.Connection,
    *,
    event_id: UUID | None,
    event_type: str,
    body: bytes,
    reason: str,
    retry: bool,
    now: datetime,
) -> UUID:
    """Keep a message that could not be handled. With `retry` it is due again by the schedule.

    A message parked already counts one attempt more. A one-time link is kept whole while it will be tried
    again, and redacted when it goes to a person. Everything else stays whole, because nobody else may have it
    any more; what is not known to be harmless, such as a supplier's calls, is never shown.
    """
    event_type, reason = failure.clean(event_type)[:255], failure.clean(reason)
    found = None
    if event_id is not None:
        found = await connection.fetchrow(
            "SELECT id, attempts FROM parked WHERE event_id = $1 AND state = 'waiting' FOR UPDATE", event_id
        )
    attempts = (found["attempts"] if found else 0) + 1
    due_at = now + SCHEDULE[attempts - 1] if retry and attempts <= len(SCHEDULE) else None
    redacted = due_at is None and _lets_in(event_type)
    kept = None if redacted else body
    if found:
        await connection.execute(
            "UPDATE parked SET attempts = $2, reason = $3, due_at = $4, body = $5, redacted = $6 WHERE id = $1",
            found["id"],
            attempts,
            reason,
            due_at,
            kept,
            redacted,
        )
        parked_id: UUID = found["id"]
        return parked_id
    parked_id = uuid4()
    await connection.execute(
        "INSERT INTO parked (id, event_id, type, body, redacted, reason, attempts, state, parked_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9)",
        parked_id,
        event_id,
        event_type,
        kept,
        redacted,
        reason,
        attempts,
        now,
        due_at,
    )
    return parked_id


def _lets_in(event_type: str) -> bool:
    """Whether the content lets its reader sign in as somebody, in this version of the event or another."""
    return event_type.startswith(f"{UserLinkIssued.type.rpartition('.')[0]}.")


async def due(connection: asyncpg.Connection, *, now: datetime, calls: bool = False) -> list[Parked]:
    """Messages due for another try, oldest first, locked for this transaction; at most one at a time a copy.

    Events, or with `calls` suppliers' messages of calls.
    """
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM parked WHERE state = 'waiting' AND due_at <= $1 AND (type = $2) = $3"  # noqa: S608
        " ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
        now,
        CALLS,
        calls,
    )
    return [Parked(**dict(row)) for row in rows]


async def postpone(connection: asyncpg.Connection, parked_id: UUID, *, now: datetime) -> None:
    """Keep a message that is being tried out of reach of others; it is due again should the trying be cut off."""
    await connection.execute("UPDATE parked SET due_at = $2 WHERE id = $1", parked_id, now + SCHEDULE[-1])


async def leave_to_person(connection: asyncpg.Connection, parked_id: UUID, *, reason: str) -> None:
    """The message can't be tried by itself: it waits for a person."""
    await connection.execute(
        "UPDATE parked SET due_at = NULL, reason = $2 WHERE id = $1 AND state = 'waiting'",
        parked_id,
        failure.clean(reason),
    )


async def recognise(connection: asyncpg.Connection, parked_id: UUID, event_id: UUID, *, now: datetime) -> bool:
    """Know a message that was parked unreadable by its event. False: that event is parked already, and this
    second one of it was dropped.
    """
    done = await connection.execute(
        "UPDATE parked SET event_id = $2 WHERE id = $1"
        " AND NOT EXISTS (SELECT FROM parked WHERE event_id = $2 AND state = 'waiting')",
        parked_id,
        event_id,
    )
    if done == "UPDATE 1":
        return True
    await drop(connection, parked_id, note=f"event {event_id} is parked already", now=now)
    return False


async def waiting(connection: asyncpg.Connection) -> list[Parked]:
    """Everything parked and not yet handled or dropped, oldest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM parked WHERE state = 'waiting' ORDER BY parked_at"  # noqa: S608
    )
    return [Parked(**dict(row)) for row in rows]


async def listed(connection: asyncpg.Connection, *, state: State, after: UUID | None, limit: int) -> list[Kept]:
    """Messages of a state, oldest first, that come after the one with the id `after`."""
    rows = await connection.fetch(
        f"SELECT {_KEPT} FROM parked WHERE state = $1"  # noqa: S608
        " AND ($2::uuid IS NULL OR (parked_at, id) > (SELECT p.parked_at, p.id FROM parked p WHERE p.id = $2))"
        " ORDER BY parked_at, id LIMIT $3",
        state,
        after,
        limit,
    )
    return [Kept(**dict(row)) for row in rows]


async def kept(connection: asyncpg.Connection, parked_id: UUID) -> Kept | None:
    """One parked message without its content, whatever its state."""
    row = await connection.fetchrow(f"SELECT {_KEPT} FROM parked WHERE id = $1", parked_id)  # noqa: S608
    return Kept(**dict(row)) if row else None


async def find(connection: asyncpg.Connection, parked_id: UUID) -> Parked | None:
    """One parked message, whatever its state."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM parked WHERE id = $1", parked_id)  # noqa: S608
    return Parked(**dict(row)) if row else None


async def handled(connection: asyncpg.Connection, event_id: UUID, *, now: datetime) -> None:
    """The message came through after all."""
    await connection.execute(
        "UPDATE parked SET state = 'handled', ended_at = $2, body = NULL WHERE event_id = $1 AND state = 'waiting'",
        event_id,
        now,
    )


async def replay(connection: asyncpg.Connection, parked_id: UUID, *, now: datetime) -> bool:
    """Make a parked message due at once; False when there is none waiting with this id, or it was redacted."""
    done = await connection.execute(
        "UPDATE parked SET due_at = $2 WHERE id = $1 AND state = 'waiting' AND body IS NOT NULL",
        parked_id,
        now,
    )
    return bool(done == "UPDATE 1")


async def drop(connection: asyncpg.Connection, parked_id: UUID, *, note: str, now: datetime) -> bool:
    """Give a parked message up for good; the note says why and is kept."""
    done = await connection.execute(
        "UPDATE parked SET state = 'dropped', ended_at = $2, note = $3, due_at = NULL"
        " WHERE id = $1 AND state = 'waiting'",
        parked_id,
        now,
        note,
    )
    return bool(done == "UPDATE 1")


async def counts(connection: asyncpg.Connection) -> tuple[int, int]:
    """How many wait for another try, and how many for a person."""
    row = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE due_at IS NOT NULL) AS retry,"
        " count(*) FILTER (WHERE due_at IS NULL) AS person FROM parked WHERE state = 'waiting'"
    )
    assert row is not None
    return row["retry"], row["person"]


def shown(parked: Parked) -> str | None:
    """The content as an operator may see it: what is secret, or not known to be harmless, is left out."""
    if parked.body is None or _lets_in(parked.type) or parked.type not in EVENTS:
        return None
    return parked.body.decode("utf-8", "replace")[:20_000]
