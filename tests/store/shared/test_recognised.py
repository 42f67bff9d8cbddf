"""A message that could not be read when it came, and can be since the service was brought up to date."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

from shared import parking
from shared.bus import Bus
from shared.consumer import Consumer, Handler
from shared.contracts.envelope import Envelope, encode
from shared.contracts.registry import Clock, ClockMoved
from shared.database import Database, Transaction

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def message() -> tuple[UUID, bytes]:
    event = ClockMoved(clock=Clock(id=uuid4(), sequence=1, offset_seconds=60))
    envelope = Envelope(uuid4(), "registry", NOW, "a-correlation", None, None, event)
    return envelope.id, encode(envelope)


def consumer(base: Database, handler: Handler) -> Consumer:
    return Consumer("registry", base, Bus("amqp://unused", "registry"), {ClockMoved: handler}, concurrency=1)


async def park(base: Database, body: bytes, event_id: UUID | None = None) -> UUID:
    async with base.transaction() as tx:
        parked_id = await parking.park(
            tx.connection,
            event_id=event_id,
            event_type=ClockMoved.type,
            body=body,
            reason="no event of that type is declared",
            retry=False,
            now=tx.now,
        )
        await parking.replay(tx.connection, parked_id, now=tx.now)
    return parked_id


async def rows(owner: asyncpg.Connection) -> list[tuple[UUID, UUID | None, str, int]]:
    found = await owner.fetch("SELECT id, event_id, state, attempts FROM parked ORDER BY parked_at, id")
    return [tuple(row) for row in found]


async def test_it_is_handled_once_and_done_with(base: Database, owner: asyncpg.Connection) -> None:
    handled: list[int] = []

    async def handler(_: Transaction, event: ClockMoved) -> None:
        handled.append(event.clock.offset_seconds)

    event_id, body = message()
    parked_id = await park(base, body)

    assert await consumer(base, handler).retry_parked() == 1
    assert handled == [60]
    assert await rows(owner) == [(parked_id, event_id, "handled", 1)]


async def test_when_it_fails_it_stays_one_message_with_its_attempts(
    base: Database, owner: asyncpg.Connection
) -> None:
    async def handler(_: Transaction, __: ClockMoved) -> None:
        raise ValueError("not today")

    event_id, body = message()
    parked_id = await park(base, body)

    assert await consumer(base, handler).retry_parked() == 0
    assert await rows(owner) == [(parked_id, event_id, "waiting", 2)]


async def test_a_second_one_of_an_event_that_is_parked_is_dropped(base: Database, owner: asyncpg.Connection) -> None:
    async def handler(_: Transaction, __: ClockMoved) -> None:
        raise ValueError("not today")

    event_id, body = message()
    first = await park(base, body, event_id)
    await owner.execute("UPDATE parked SET due_at = NULL")
    second = await park(base, body)

    assert await consumer(base, handler).retry_parked() == 0
    assert await rows(owner) == [(first, event_id, "waiting", 1), (second, None, "dropped", 1)]
    assert (
        await owner.fetchval("SELECT note FROM parked WHERE id = $1", second) == f"event {event_id} is parked already"
    )


async def test_what_still_cannot_be_read_waits_for_a_person_and_says_why(
    base: Database, owner: asyncpg.Connection
) -> None:
    async def handler(_: Transaction, __: ClockMoved) -> None:
        raise AssertionError("nobody can handle this")

    await park(base, b"{}")

    assert await consumer(base, handler).retry_parked() == 0
    row = await owner.fetchrow("SELECT due_at, reason FROM parked")
    assert row is not None
    assert row["due_at"] is None
    assert row["reason"].startswith("not a CloudEvents 1.0 event")
