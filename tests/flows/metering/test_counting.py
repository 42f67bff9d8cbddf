"""From a message to counts: each call once, whatever comes twice, in whatever order."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import asyncpg
import pytest

from services.metering.actions import taking
from services.metering.actions.arrival import message_of
from services.metering.actions.message import prepare
from shared.contracts.metering import UsageCounted
from tests.flows.metering.conftest import START, Keys, Metering, SetClock, World, started, sum_of


async def test_calls_are_recorded_counted_and_told(known: Metering, world: World) -> None:
    await known.take(world.arrival(world.calls(3)), world.arrival([world.call("other", accounting_info="Skole")]))
    await known.tell()

    assert await known.fates() == {"counted": 4}
    assert len(await known.fetch("SELECT FROM records")) == 4
    [event] = await known.said(UsageCounted)
    by_key = {count.accounting_info: count for count in event.usage.counts}
    assert {key: count.calls for key, count in by_key.items()} == {"": 3, "Skole": 1}
    told = by_key[""]
    assert (told.source, told.source_id, told.municipality_id) == ("agreement", world.agreement, world.municipality)
    assert (told.hour, told.billing_quarter, told.environment) == (START, "2027Q1", "production")


async def test_only_what_changed_is_told_again_and_as_a_total(known: Metering, world: World) -> None:
    await known.take(world.arrival(world.calls(2, "a")))
    await known.take(world.arrival(world.calls(1, "later", START - timedelta(hours=3))))
    await known.tell()
    await known.take(world.arrival(world.calls(5, "b")))
    await known.tell()
    await known.tell()

    first, second = await known.said(UsageCounted)
    assert sum_of(first.usage.counts) == 3
    assert [(count.hour, count.calls) for count in second.usage.counts] == [(START, 7)]


async def test_a_count_told_while_a_batch_adds_to_it_is_told_again(known: Metering, world: World) -> None:
    await known.take(world.arrival(world.calls(2, "a")))
    prepared = prepare(message_of(world.arrival(world.calls(3, "b"))))
    async with known.running.database.transaction() as batch:
        await taking.take(batch, [prepared], timedelta(days=1))
        await known.tell()
    await known.tell()

    events = await known.said(UsageCounted)
    assert [sum_of(event.usage.counts) for event in events] == [5]


async def test_a_redelivered_message_changes_nothing(known: Metering, world: World) -> None:
    message = world.arrival(world.calls(3))
    await known.take(message)
    await known.take(message, message)

    assert await known.fates() == {"counted": 3}
    assert (await known.balance())["everything"] == {
        "sent": 3, "counted": 3, "duplicates": 0, "refused": 0, "equal": True
    }  # fmt: skip


async def test_a_message_twice_in_one_batch_is_taken_once(known: Metering, world: World) -> None:
    message = world.arrival(world.calls(3))
    await known.take(message, message)

    assert await known.fates() == {"counted": 3}


async def test_a_message_id_used_again_for_other_calls_loses_none(known: Metering, world: World) -> None:
    await known.take(world.arrival(world.calls(2, "a"), "1"), world.arrival(world.calls(2, "b"), "1"))

    assert await known.fates() == {"counted": 4}


async def test_a_message_without_an_id_is_known_by_its_content(known: Metering, world: World) -> None:
    message = world.arrival(world.calls(2), message_id=None)
    message = type(message)(**{**message.__dict__, "message_id": None})
    await known.take(message)
    await known.take(message)

    assert await known.fates() == {"counted": 2}


async def test_a_call_sent_again_is_a_duplicate_of_its_day(known: Metering, world: World) -> None:
    await known.take(world.arrival(world.calls(3)))
    await known.take(world.arrival(world.calls(2)), world.arrival(world.calls(1)))

    assert await known.fates() == {"counted": 3, "duplicate": 3}
    [row] = await known.fetch("SELECT * FROM duplicates")
    assert (row["system_id"], row["municipality_id"], row["quarter"]) == (world.system, world.municipality, "2027Q1")


async def test_a_retry_may_carry_a_new_time_and_is_still_the_same_call(known: Metering, world: World) -> None:
    await known.take(world.arrival([world.call("one")]))
    await known.take(world.arrival([world.call("one", START + timedelta(minutes=2))]))

    assert await known.fates() == {"counted": 1, "duplicate": 1}


async def test_an_id_with_another_content_is_refused_and_the_first_stands(known: Metering, world: World) -> None:
    await known.take(
        world.arrival([world.call("one"), world.call("one", accounting_info="Skole"), world.call("one")])
    )
    await known.take(world.arrival([world.call("one", caller_reference="x")]))

    assert await known.fates() == {"counted": 1, "duplicate": 1, "id.reused": 2}


async def test_two_systems_may_use_the_same_ids(known: Metering, world: World, some_keys: list[Keys]) -> None:
    other = world.other("second", keys=some_keys[1], agreement=world.system)
    await known.know(other)
    await known.take(world.arrival([world.call("one")]), other.arrival([other.call("one")]))

    assert await known.fates() == {"counted": 2}


async def test_every_algorithm_counts(known: Metering, world: World, some_keys: list[Keys]) -> None:
    await known.hear(world.bound(keys=some_keys[1]))
    await known.take(
        world.arrival([world.call()], keys=some_keys[0]), world.arrival([world.call()], keys=some_keys[1])
    )

    assert [keys.signer.algorithm for keys in some_keys[:2]] == ["ES256", "RS256"]
    assert await known.fates() == {"counted": 2}
    assert len(await known.fetch("SELECT DISTINCT certificate_id FROM counts")) == 2


async def test_a_municipality_may_be_named_by_its_cvr_number(known: Metering, world: World) -> None:
    await known.take(world.arrival([world.call("a"), world.call("b", municipality=world.cvr)]))

    assert await known.fates() == {"counted": 2}
    assert len(await known.fetch("SELECT FROM counts")) == 1


async def test_trials_are_counted_in_the_test_environment(metering: Metering, some_keys: list[Keys]) -> None:
    world = World(some_keys[0], environment="test")
    await metering.hear(world.registered(), world.bound(), world.granted(source="trial"))
    await metering.take(world.arrival(world.calls(2), environment="test"))
    await metering.tell()

    [event] = await metering.said(UsageCounted)
    assert [(count.source, count.environment, count.calls) for count in event.usage.counts] == [("trial", "test", 2)]


async def test_one_bad_message_holds_up_no_other(known: Metering, world: World) -> None:
    nobody = world.arrival(world.calls(1, "x"))
    nobody = type(nobody)(**{**nobody.__dict__, "routing_key": "somewhere", "user": None})
    unreadable = world.arrival(b"{not json")
    await known.take(world.arrival(world.calls(2, "a")), nobody, unreadable, world.arrival(world.calls(2, "b")))

    assert await known.fates() == {"counted": 4, "event.not_valid": 1}
    [parked] = await known.fetch("SELECT * FROM parked")
    assert parked["type"] == "platform.calls"
    assert parked["due_at"] is None
    assert "routing key" in parked["reason"]
    assert (await known.balance())["everything"]["equal"]


async def test_a_message_that_fails_is_parked_whole_and_comes_through_when_what_failed_is_mended(
    known: Metering, world: World, clock: SetClock, database_fault: str
) -> None:
    owner, mend = database_fault, "ALTER TABLE records DROP CONSTRAINT broken"
    await _as_owner(known, owner)
    await known.take(world.arrival(world.calls(2, "a")), world.arrival(world.calls(1, "broken")))

    assert await known.fates() == {"counted": 2}
    [parked] = await known.fetch("SELECT * FROM parked")
    assert parked["body"] is not None
    await _as_owner(known, mend)
    assert await known.door.retry_parked() == 0
    clock.at += timedelta(seconds=11)
    assert await known.door.retry_parked() == 1
    assert await known.fates() == {"counted": 3}
    assert [row["state"] for row in await known.fetch("SELECT state FROM parked")] == ["handled"]


@pytest.fixture
def database_fault() -> str:
    """What makes recording one call fail, for a reason no check of ours foresees."""
    return "ALTER TABLE records ADD CONSTRAINT broken CHECK (event_id <> 'broken-0')"


async def _as_owner(metering: Metering, sql: str) -> None:

    connection = await asyncpg.connect(metering.database.owner_url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def test_two_copies_taking_the_same_and_other_messages_at_once_count_each_call_once(
    known: Metering, world: World, clock: SetClock
) -> None:
    async with started(known.database, clock) as second:
        messages = [
            world.arrival([world.call(f"call-{(start + step) % 40}") for step in range(10)])
            for start in range(0, 40, 5)
        ]
        await asyncio.gather(
            *(copy.take(*messages[index % 4 :: 4]) for copy in (known, second) for index in range(4)),
        )

    assert await known.fates() == {"counted": 40, "duplicate": 40}
    assert (await known.balance())["everything"] == {
        "sent": 80, "counted": 40, "duplicates": 40, "refused": 0, "equal": True
    }  # fmt: skip


@pytest.mark.parametrize(
    ("at", "quarter"),
    [
        (datetime.fromisoformat("2027-03-31T21:59:59.999+00:00"), "2027Q1"),
        (datetime.fromisoformat("2027-03-31T22:00:00+00:00"), "2027Q2"),
        (datetime.fromisoformat("2027-12-31T22:59:59.999+00:00"), "2027Q4"),
        (datetime.fromisoformat("2027-12-31T23:00:00+00:00"), "2028Q1"),
    ],
)
async def test_quarters_begin_at_copenhagen_midnight(
    known: Metering, world: World, clock: SetClock, at: datetime, quarter: str
) -> None:
    clock.at = at + timedelta(minutes=1)
    await known.take(world.arrival([world.call(at=at)]))

    assert [row["billing_quarter"] for row in await known.fetch("SELECT billing_quarter FROM counts")] == [quarter]


@pytest.mark.parametrize("night", ["2027-03-28", "2027-10-31"])
async def test_every_hour_of_a_night_when_the_clocks_change_is_counted_by_itself(
    known: Metering, world: World, clock: SetClock, night: str
) -> None:
    midnight = datetime.fromisoformat(f"{night}T00:00:00+00:00")
    clock.at = midnight + timedelta(hours=6)
    await known.take(world.arrival([world.call(at=midnight + timedelta(minutes=30 * step)) for step in range(8)]))

    rows = await known.fetch("SELECT hour, calls FROM counts ORDER BY hour")
    assert [(row["hour"], row["calls"]) for row in rows] == [
        (midnight + timedelta(hours=step), 2) for step in range(4)
    ]
