"""Messages taken, call ids claimed, calls recorded and counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from services.metering.store.sight import Sight
from shared.contracts.event import Environment
from shared.sql import Queries

SQL = Queries(Path(__file__).with_name("calls.sql"))

MessageKey = tuple[UUID, str, bytes]
"""The sending system, its message id, and the digest of body and signature."""
CallKey = tuple[str, UUID]
"""A call's id, and the system it is unique within."""


class Entry(NamedTuple):
    """A call to count: what was said, the grant it falls under and the quarter it is billed in.

    The statement `count_calls` takes the fields in this order.
    """

    event_id: str
    system_id: UUID
    content: bytes
    made_at: datetime
    grant_id: UUID
    certificate_id: UUID
    billing_quarter: str
    accounting_info: str
    caller_reference: str | None
    message_id: str
    received_at: datetime

    @property
    def key(self) -> CallKey:
        return self.event_id, self.system_id


@dataclass(frozen=True)
class Tally:
    """What became of a message's calls when they were first judged."""

    counted: int
    duplicates: int
    refused: int


@dataclass(frozen=True)
class Taken:
    """A message taken before, with what became of its calls then."""

    received_at: datetime
    calls: int
    counted: int
    duplicates: int


@dataclass(frozen=True)
class Recorded:
    """A counted call as it is shown."""

    event_id: str
    system_id: UUID
    made_at: datetime
    received_at: datetime
    message_id: str
    billing_quarter: str
    accounting_info: str
    caller_reference: str | None
    supplier_id: UUID
    municipality_id: UUID
    service_id: UUID
    source: Literal["agreement", "trial"]
    source_id: UUID
    environment: Environment
    certificate_id: UUID


async def lock(connection: asyncpg.Connection, systems: Collection[UUID]) -> None:
    """Keep quarters open and these systems' facts still until the transaction ends; before anything is read."""
    await connection.execute(SQL["lock_open_quarters"])
    await connection.execute(SQL["lock_judged_systems"], sorted(systems))


async def claim_messages(
    connection: asyncpg.Connection, messages: Sequence[tuple[MessageKey, int]], *, now: datetime
) -> set[MessageKey]:
    """Claim messages with their numbers of calls; returns those not taken before."""
    rows = await connection.fetch(
        SQL["claim_messages"],
        [key[0] for key, _ in messages],
        [key[1] for key, _ in messages],
        [key[2] for key, _ in messages],
        [calls for _, calls in messages],
        now,
    )
    return {(row["system_id"], row["message_id"], bytes(row["digest"])) for row in rows}


async def finish_messages(connection: asyncpg.Connection, done: Sequence[tuple[MessageKey, Tally]]) -> None:
    """Keep what became of them."""
    await connection.execute(
        SQL["finish_messages"],
        [key[0] for key, _ in done],
        [key[1] for key, _ in done],
        [key[2] for key, _ in done],
        [tally.counted for _, tally in done],
        [tally.duplicates for _, tally in done],
        [tally.refused for _, tally in done],
    )


async def find_message(connection: asyncpg.Connection, key: MessageKey) -> Taken:
    """A message that was claimed before."""
    row = await connection.fetchrow(SQL["find_message"], *key)
    assert row is not None
    return Taken(**dict(row))


async def count(connection: asyncpg.Connection, entries: Sequence[Entry], *, now: datetime) -> set[CallKey]:
    """Claim, record and count calls, each id at most once in `entries`; returns those whose id was taken."""
    rows = await connection.fetch(
        SQL["count_calls"],
        *zip(*entries, strict=True),
        now,
    )
    return {(row["event_id"], row["system_id"]) for row in rows}


async def contents(connection: asyncpg.Connection, keys: Collection[CallKey]) -> dict[CallKey, bytes]:
    """The content each claimed id was used with."""
    asked = sorted(keys)
    rows = await connection.fetch(SQL["claimed_contents"], [key[0] for key in asked], [key[1] for key in asked])
    return {(row["event_id"], row["system_id"]): bytes(row["content"]) for row in rows}


async def add_duplicates(
    connection: asyncpg.Connection, seen: Sequence[tuple[tuple[UUID, UUID, str, date], int]]
) -> None:
    """Count repeats per (system, municipality, civil quarter, UTC day)."""
    await connection.execute(
        SQL["add_duplicates"],
        [key[0] for key, _ in seen],
        [key[1] for key, _ in seen],
        [key[2] for key, _ in seen],
        [key[3] for key, _ in seen],
        [calls for _, calls in seen],
    )


async def find_records(connection: asyncpg.Connection, event_id: str, sight: Sight) -> list[Recorded]:
    """The counted calls with this id that the caller may see."""
    rows = await connection.fetch(SQL["find_records"], event_id, sight.all, sight.organisation_id, sight.system_id)
    return [Recorded(**dict(row)) for row in rows]
