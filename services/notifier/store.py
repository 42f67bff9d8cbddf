"""The tables of this service; nothing else knows them. Functions take a connection and never commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

import asyncpg

from services.notifier.domain.address import Organisation, Person
from services.notifier.domain.delivery import Failure
from services.notifier.domain.kind import KindName
from shared.contracts import registry
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))

What = Literal["queued", "deferred", "sent", "failed", "queued_again"]


@dataclass(frozen=True)
class New:
    """A notice to be sent. `content` is what its text is written from."""

    id: UUID
    kind: KindName
    event_type: str
    organisation_id: UUID | None
    about_id: UUID
    content: dict[str, Any]
    correlation_id: str
    causation_id: UUID | None


@dataclass(frozen=True)
class Document:
    """A file that goes with a notice."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Claimed:
    """A notice that is ours to send while the lease lasts; `failure` is that of the attempt before."""

    id: UUID
    kind: KindName
    event_type: str
    organisation_id: UUID | None
    about_id: UUID
    content: dict[str, Any]
    attempts: int
    failure: Failure | None
    created_at: datetime
    lease: UUID
    correlation_id: str
    causation_id: UUID | None


@dataclass(frozen=True)
class Kept:
    """A notice and what became of it, without its content."""

    id: UUID
    number: int
    kind: KindName
    organisation_id: UUID | None
    organisation_name: str | None
    about_id: UUID
    state: Literal["queued", "sent", "failed"]
    attempts: int
    failure: Failure | None
    reason: str | None
    addressed_to: tuple[str, ...]
    created_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Entry:
    """A line of a notice's history."""

    at: datetime
    what: What
    reason: str | None


@dataclass(frozen=True)
class Unsent:
    """How many notices wait to be sent, when the oldest of them was written, and how many failed lately."""

    queued: int
    failed: int
    created_at: datetime | None


async def unsent(connection: asyncpg.Connection, *, failed_since: datetime) -> Unsent:
    """What is not sent yet, and what failed for good since a time."""
    row = await connection.fetchrow(QUERIES["unsent"], failed_since)
    assert row is not None
    return Unsent(**dict(row))


@dataclass(frozen=True)
class Locked:
    """A notice as it stands, locked for the transaction."""

    id: UUID
    state: str
    erased: bool
    organisation_id: UUID | None


async def keep_organisation(connection: asyncpg.Connection, told: registry.Organisation) -> bool:
    """Keep an organisation's name and mailboxes; False when what is kept is as new."""
    done = await connection.execute(
        QUERIES["keep_organisation"], told.id, told.sequence, told.name, told.mailbox, told.invoice_mailbox
    )
    return bool(done == "INSERT 0 1")


async def keep_person(connection: asyncpg.Connection, told: registry.User) -> bool:
    """Keep a person's address and roles; False when what is kept is as new."""
    done = await connection.execute(QUERIES["keep_person"], told.id, told.sequence, told.email, told.active)
    if done != "INSERT 0 1":
        return False
    await connection.execute(QUERIES["drop_memberships"], told.id)
    await connection.executemany(
        QUERIES["add_membership"],
        [(told.id, one.organisation_id, list(one.roles)) for one in told.memberships],
    )
    return True


async def organisation(connection: asyncpg.Connection, organisation_id: UUID) -> Organisation | None:
    row = await connection.fetchrow(QUERIES["organisation"], organisation_id)
    return Organisation(**dict(row)) if row else None


async def people(connection: asyncpg.Connection, organisation_id: UUID) -> list[Person]:
    """The active people of an organisation."""
    rows = await connection.fetch(QUERIES["people"], organisation_id)
    return [Person(row["email"], frozenset(row["roles"])) for row in rows]


async def add_notice(
    connection: asyncpg.Connection, new: New, documents: Sequence[Document] = (), *, now: datetime
) -> None:
    """Queue a notice, to be sent at once."""
    await connection.execute(
        QUERIES["add_notice"],
        new.id,
        new.kind,
        new.event_type,
        new.organisation_id,
        new.about_id,
        new.content,
        now,
        new.correlation_id,
        new.causation_id,
    )
    for place, document in enumerate(documents):
        await connection.execute(
            QUERIES["add_document"], new.id, place, document.filename, document.media_type, document.content
        )
    await add_history(connection, new.id, now, "queued")


async def claim(connection: asyncpg.Connection, *, now: datetime, lease: timedelta) -> Claimed | None:
    """The next notice that is due, ours for the length of the lease; counts the attempt."""
    row = await connection.fetchrow(QUERIES["claim"], now, uuid4(), lease)
    return Claimed(**dict(row)) if row else None


async def documents(connection: asyncpg.Connection, notice_id: UUID) -> list[Document]:
    """The files that go with a notice."""
    rows = await connection.fetch(QUERIES["documents"], notice_id)
    return [Document(row["filename"], row["media_type"], bytes(row["content"])) for row in rows]


async def mark_sent(
    connection: asyncpg.Connection,
    claimed: Claimed,
    *,
    now: datetime,
    reason: str | None,
    addresses: Sequence[str],
    erase: bool,
) -> tuple[int, int] | None:
    """The notice's new sequence and its attempts; None when the lease was lost to another copy."""
    row = await connection.fetchrow(QUERIES["sent"], claimed.id, claimed.lease, now, reason, list(addresses), erase)
    if row is None:
        return None
    await connection.execute(QUERIES["drop_documents"], claimed.id)
    await add_history(connection, claimed.id, now, "sent", reason)
    return row["sequence"], row["attempts"]


async def mark_failed(
    connection: asyncpg.Connection,
    claimed: Claimed,
    *,
    now: datetime,
    failure: Failure,
    reason: str,
    addresses: Sequence[str],
    erase: bool,
) -> tuple[int, int] | None:
    """The notice's new sequence and its attempts; None when the lease was lost to another copy."""
    row = await connection.fetchrow(
        QUERIES["failed"], claimed.id, claimed.lease, now, failure, reason, list(addresses), erase
    )
    if row is None:
        return None
    await add_history(connection, claimed.id, now, "failed", reason)
    return row["sequence"], row["attempts"]


async def defer(
    connection: asyncpg.Connection,
    claimed: Claimed,
    *,
    now: datetime,
    due_at: datetime,
    failure: Failure,
    reason: str,
    addresses: Sequence[str],
) -> bool:
    """Put a notice off; False when the lease was lost to another copy."""
    done = await connection.execute(
        QUERIES["defer"], claimed.id, claimed.lease, due_at, failure, reason, list(addresses)
    )
    if done != "UPDATE 1":
        return False
    await add_history(connection, claimed.id, now, "deferred", reason)
    return True


async def bring_forward(connection: asyncpg.Connection, *, now: datetime) -> None:
    """The mail server is back: what waited for it is due now."""
    await connection.execute(QUERIES["bring_forward"], now)


async def revive(
    connection: asyncpg.Connection, organisation_ids: Sequence[UUID], *, now: datetime, younger_than: timedelta
) -> int:
    """Queue again what failed because these organisations had no address; returns how many."""
    rows = await connection.fetch(QUERIES["revive"], list(organisation_ids), now, now - younger_than)
    for row in rows:
        await add_history(connection, row["id"], now, "queued_again", "an address was registered")
    return len(rows)


async def bring_forward_unknown(connection: asyncpg.Connection, organisation_id: UUID, *, now: datetime) -> None:
    """The organisation is known now: what waited for that is due."""
    await connection.execute(QUERIES["bring_forward_unknown"], organisation_id, now)


async def lock_notice(connection: asyncpg.Connection, notice_id: UUID) -> Locked | None:
    row = await connection.fetchrow(QUERIES["lock_notice"], notice_id)
    return Locked(**dict(row)) if row else None


async def queue_again(connection: asyncpg.Connection, notice_id: UUID, *, now: datetime, reason: str) -> None:
    """Make a notice due at once, with all its attempts before it."""
    await connection.execute(QUERIES["queue_again"], notice_id, now)
    await add_history(connection, notice_id, now, "queued_again", reason)


async def add_history(
    connection: asyncpg.Connection, notice_id: UUID, at: datetime, what: What, reason: str | None = None
) -> None:
    await connection.execute(QUERIES["add_history"], notice_id, at, what, reason)


async def history(connection: asyncpg.Connection, notice_id: UUID) -> list[Entry]:
    """What happened to a notice, oldest first."""
    return [Entry(**dict(row)) for row in await connection.fetch(QUERIES["history"], notice_id)]


async def find_notice(connection: asyncpg.Connection, notice_id: UUID) -> Kept | None:
    row = await connection.fetchrow(QUERIES["find_notice"], notice_id)
    return _kept(row) if row else None


async def list_notices(
    connection: asyncpg.Connection,
    *,
    organisation_id: UUID | None,
    state: str | None,
    kind: str | None,
    about_id: UUID | None,
    before: int | None,
    limit: int,
) -> list[Kept]:
    """Newest first; of one organisation, or of all."""
    rows = await connection.fetch(QUERIES["list_notices"], organisation_id, state, kind, about_id, before, limit)
    return [_kept(row) for row in rows]


def _kept(row: asyncpg.Record) -> Kept:
    return Kept(**{**dict(row), "addressed_to": tuple(row["addressed_to"])})
