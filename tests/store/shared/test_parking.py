"""Messages whose handling failed: tried again by the schedule, then shown to a person, lost only on purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared import parking
from shared.contracts.calls import PARKED_TYPE
from shared.database import Database
from shared.parking import SCHEDULE, Parked

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TYPE = "organisation.created.v1"


async def park(base: Database, event_id: UUID | None, *, at: datetime = NOW, **changes: Any) -> UUID:
    whole = {"event_type": TYPE, "body": b'{"a": 1}', "reason": "ValueError: no", "retry": True, **changes}
    async with base.transaction() as tx:
        return await parking.park(tx.connection, event_id=event_id, now=at, **whole)


async def find(base: Database, parked_id: UUID) -> Parked:
    async with base.reading() as connection:
        found = await parking.find(connection, parked_id)
    assert found is not None
    return found


async def due(base: Database, at: datetime, *, calls: bool = False) -> list[UUID]:
    async with base.transaction() as tx:
        return [one.id for one in await parking.due(tx.connection, now=at, calls=calls)]


async def test_a_message_is_tried_again_by_the_schedule_and_then_waits_for_a_person(base: Database) -> None:
    assert (timedelta(seconds=10), timedelta(minutes=2), timedelta(minutes=30)) == SCHEDULE
    event, at, first = uuid4(), NOW, None
    for attempt, wait in enumerate(SCHEDULE, 1):
        parked_id = await park(base, event, at=at, reason=f"failure {attempt}")
        first = first or parked_id
        found = await find(base, parked_id)
        assert (found.id, found.attempts, found.reason, found.due_at) == (
            first,
            attempt,
            f"failure {attempt}",
            at + wait,
        )
        assert found.parked_at == NOW
        assert await due(base, at + wait - timedelta(microseconds=1)) == []
        assert await due(base, at + wait) == [first]
        at += wait

    await park(base, event, at=at, reason="the last failure")
    found = await find(base, parked_id)
    assert (found.attempts, found.due_at, found.state, found.body) == (4, None, "waiting", b'{"a": 1}')
    assert await due(base, at + timedelta(days=999)) == []
    async with base.reading() as connection:
        assert await parking.counts(connection) == (0, 1)


async def test_what_can_never_pass_waits_for_a_person_at_once(base: Database) -> None:
    parked_id = await park(base, None, retry=False)

    assert (await find(base, parked_id)).due_at is None
    # Without an id nothing tells two of them apart: each is kept.
    assert await park(base, None, retry=False) != parked_id


async def test_copies_try_different_messages_and_the_one_longest_due_first(base: Database) -> None:
    late, early = await park(base, uuid4(), at=NOW + timedelta(seconds=1)), await park(base, uuid4())
    at = NOW + timedelta(hours=1)
    async with base.transaction() as tx:
        assert [one.id for one in await parking.due(tx.connection, now=at)] == [early]
        assert await due(base, at) == [late]
        await parking.postpone(tx.connection, early, now=at)

    assert await due(base, at) == [late]
    assert (await find(base, early)).due_at == at + SCHEDULE[-1]


LINK = {"event_type": "user.link_issued.v1", "body": b'{"url": "https://platform.example/link/secret"}'}


async def test_a_one_time_link_is_kept_while_it_is_tried_and_redacted_for_a_person(
    base: Database, owner: asyncpg.Connection
) -> None:
    event = uuid4()
    for _ in SCHEDULE:
        parked_id = await park(base, event, **LINK)
        found = await find(base, parked_id)
        assert found.body == LINK["body"]
        assert parking.shown(found) is None
    await park(base, event, **LINK)

    found = await find(base, parked_id)
    assert (found.body, found.state, parking.shown(found)) == (None, "waiting", None)
    row = await owner.fetchrow("SELECT * FROM parked")
    assert row is not None
    assert row["redacted"]
    assert "secret" not in str(dict(row))
    async with base.transaction() as tx:
        assert not await parking.replay(tx.connection, parked_id, now=NOW), "there is nothing left to try"


@pytest.mark.parametrize("version", ["user.link_issued.v1", "user.link_issued.v2"])
async def test_a_one_time_link_that_can_never_pass_is_redacted_at_once(base: Database, version: str) -> None:
    parked_id = await park(base, None, retry=False, event_type=version, body=LINK["body"])

    assert (await find(base, parked_id)).body is None


@pytest.mark.parametrize("kind", ["agreement.paused.v9", PARKED_TYPE, ""])
async def test_what_is_not_known_to_be_harmless_is_kept_whole_and_never_shown(base: Database, kind: str) -> None:
    parked_id = await park(base, None, retry=False, event_type=kind, body=b"\x00\xff anything")

    found = await find(base, parked_id)
    assert found.body == b"\x00\xff anything"
    assert parking.shown(found) is None
    async with base.transaction() as tx:
        assert await parking.replay(tx.connection, parked_id, now=NOW)


async def test_what_is_known_is_shown_in_measure(base: Database) -> None:
    found = await find(base, await park(base, uuid4(), body=b"\xff" + b"x" * 30_000))

    shown = parking.shown(found)
    assert shown is not None
    assert (shown[:3], len(shown)) == ("\ufffdxx", 20_000)


async def test_calls_and_events_are_tried_by_those_who_can(base: Database) -> None:
    event, calls = await park(base, uuid4()), await park(base, uuid4(), event_type=PARKED_TYPE)
    at = NOW + timedelta(hours=1)

    assert (await due(base, at), await due(base, at, calls=True)) == ([event], [calls])


async def test_a_person_has_a_message_tried_again(base: Database) -> None:
    event = uuid4()
    parked_id = await park(base, event, retry=False)
    async with base.transaction() as tx:
        assert await parking.replay(tx.connection, parked_id, now=NOW)
        assert not await parking.replay(tx.connection, uuid4(), now=NOW)
    assert await due(base, NOW) == [parked_id]

    # It fails again: it counts on, and comes back to the person after the schedule.
    await park(base, event, retry=True)
    assert ((await find(base, parked_id)).attempts, (await find(base, parked_id)).due_at) == (2, NOW + SCHEDULE[1])


async def test_what_came_through_is_over(base: Database) -> None:
    event = uuid4()
    parked_id = await park(base, event)
    async with base.transaction() as tx:
        await parking.handled(tx.connection, uuid4(), now=NOW)
        await parking.handled(tx.connection, event, now=NOW)

    found = await find(base, parked_id)
    assert (found.state, found.body) == ("handled", None)
    assert await due(base, NOW + timedelta(days=9)) == []
    async with base.transaction() as tx:
        assert not await parking.replay(tx.connection, parked_id, now=NOW)
        assert not await parking.drop(tx.connection, parked_id, note="too late", now=NOW)
    # The same event may fail anew, after a restatement for one.
    assert await park(base, event) != parked_id


async def test_a_message_is_given_up_with_a_note_and_only_once(base: Database, owner: asyncpg.Connection) -> None:
    parked_id = await park(base, uuid4())
    async with base.transaction() as tx:
        assert await parking.drop(tx.connection, parked_id, note="a test of ours", now=NOW)
        assert not await parking.drop(tx.connection, parked_id, note="again", now=NOW)

    row = await owner.fetchrow("SELECT state, note, ended_at, due_at FROM parked")
    assert row is not None
    assert tuple(row) == ("dropped", "a test of ours", NOW, None)
    async with base.reading() as connection:
        assert (await parking.waiting(connection), await parking.counts(connection)) == ([], (0, 0))
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE parked SET note = NULL")


async def test_what_waits_is_told_oldest_first_and_counted_by_whom_it_waits_for(base: Database) -> None:
    second = await park(base, uuid4(), at=NOW + timedelta(seconds=1))
    first = await park(base, None, retry=False)

    async with base.reading() as connection:
        assert [one.id for one in await parking.waiting(connection)] == [first, second]
        assert await parking.counts(connection) == (1, 1)
        assert await parking.find(connection, uuid4()) is None


async def test_any_reason_and_any_type_can_be_kept(base: Database) -> None:
    event = uuid4()
    reason = "zero \x00 and half a pair \ud800 " + "x" * 5000
    parked_id = await park(base, event, reason=reason, event_type="a\x00b" + "c" * 300)
    await park(base, event, reason=reason)

    found = await find(base, parked_id)
    assert found.reason.startswith("zero \ufffd and half a pair ? xxx")
    assert len(found.reason) == 2000
    assert (found.type[:3], len(found.type), found.attempts) == ("a\ufffdb", 255, 2)
