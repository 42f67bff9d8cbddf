"""Sealed quarters: closed for good, equal to the raw calls, later calls billed in the next."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from services.metering.actions import sealing
from shared.contracts.metering import QuarterSealed, UsageCounted, UsageRestated
from shared.problem import Conflict
from shared.quarters import Quarter, digest
from tests import tokens
from tests.flows.metering.conftest import START, Metering, SetClock, World, known_id, started, sum_of

Q1, Q2 = Quarter(2027, 1), Quarter(2027, 2)
GRACE = timedelta(hours=120)


async def test_a_quarter_is_sealed_once_its_grace_is_over(known: Metering, world: World, clock: SetClock) -> None:
    await known.take(world.arrival(world.calls(3)), world.arrival([world.call(accounting_info="Skole")]))
    clock.at = Q1.ends + GRACE - timedelta(seconds=1)
    await known.seal()
    assert await known.said(QuarterSealed) == []
    clock.at += timedelta(seconds=1)
    await known.seal()
    await known.seal()

    [event] = await known.said(QuarterSealed)
    sealed = event.sealed
    assert (sealed.quarter, sealed.municipality_id, sealed.calls) == ("2027Q1", world.municipality, 4)
    assert sealed.digest == digest(sealed.totals)
    assert [(total.source_id, total.made_in_quarter, total.calls) for total in sealed.totals] == [
        (world.agreement, "2027Q1", 4)
    ]


async def test_all_counts_are_told_before_the_seal_is(known: Metering, world: World, clock: SetClock) -> None:
    await known.take(world.arrival(world.calls(3)))
    clock.at = Q1.ends + GRACE
    await known.seal()

    kinds = [type(event) for event in await known.said()]
    assert kinds == [UsageCounted, QuarterSealed]


async def test_a_late_call_is_billed_in_the_next_quarter_and_says_when_it_was_made(
    known: Metering, world: World, clock: SetClock
) -> None:
    await known.take(world.arrival(world.calls(3)))
    clock.at = Q1.ends + timedelta(days=1)
    await known.take(world.arrival(world.calls(2, "in the grace", Q1.ends - timedelta(hours=1))))
    clock.at = Q1.ends + GRACE
    await known.seal()
    await known.take(world.arrival([*world.calls(1, "late"), *world.calls(4, "new", clock.at)]))
    clock.at = Q2.ends + GRACE
    await known.seal()

    first, second = [event.sealed for event in await known.said(QuarterSealed)]
    assert (first.quarter, first.calls) == ("2027Q1", 5)
    assert second.quarter == "2027Q2"
    assert {(total.made_in_quarter, total.calls) for total in second.totals} == {("2027Q1", 1), ("2027Q2", 4)}


async def test_trials_are_never_sealed(known: Metering, world: World, clock: SetClock) -> None:
    trial = world.other("trial", keys=world.keys)
    await known.hear(
        world.registered(sequence=2),
        world.granted(source="trial", source_id=known_id("trial"), service_id=known_id("tried")),
    )
    await known.take(world.arrival([world.call(service=str(known_id("tried")))]))
    clock.at = Q1.ends + GRACE
    await known.seal()

    assert trial.system != world.system
    assert await known.fates() == {"counted": 1}
    assert await known.said(QuarterSealed) == []
    assert [row["calls"] for row in await known.fetch("SELECT calls FROM sealed_quarters")] == [0]


async def test_every_municipality_gets_its_own_seal(known: Metering, world: World, clock: SetClock) -> None:
    other = known_id("another municipality")
    await known.hear(
        world.granted(municipality_id=other, municipality_cvr="29189846", source_id=known_id("another agreement"))
    )
    await known.take(world.arrival(world.calls(2)), world.arrival([world.call(municipality=str(other))]))
    clock.at = Q1.ends + GRACE
    await known.seal()

    sealed = [event.sealed for event in await known.said(QuarterSealed)]
    assert {(item.municipality_id, item.calls) for item in sealed} == {(world.municipality, 2), (other, 1)}
    assert len({item.id for item in sealed}) == 2


async def test_counts_that_differ_from_the_raw_calls_are_not_sealed_but_shown(
    known: Metering, world: World, clock: SetClock
) -> None:
    await known.take(world.arrival(world.calls(3)))
    await _as_owner(known, "UPDATE counts SET calls = calls + 1")
    clock.at = Q1.ends + GRACE
    await known.seal()

    assert await known.said(QuarterSealed) == []
    shown = (await known.client.get("/quarters", headers=tokens.as_helpdesk())).json()["quarters"]
    blocked = next(quarter for quarter in shown if quarter["quarter"] == "2027Q1")
    assert (blocked["state"], "3 recorded, 4 counted" in blocked["blocked"]) == ("open", True)
    with pytest.raises(Conflict, match="differ"):
        await sealing.seal_one(known.running.database, Q1, GRACE)
    await _as_owner(known, "UPDATE counts SET calls = calls - 1")
    await known.seal()
    assert len(await known.said(QuarterSealed)) == 1
    assert not await known.fetch("SELECT FROM sealing_blocked")


async def test_a_refusal_that_can_be_lifted_is_lifted_before_its_quarter_is_sealed(
    metering: Metering, world: World, clock: SetClock
) -> None:
    await metering.hear(world.registered(), world.bound())
    await metering.take(world.arrival(world.calls(2)))
    await metering.hear(world.granted())
    clock.at = Q1.ends + GRACE
    await metering.seal()

    [event] = await metering.said(QuarterSealed)
    assert event.sealed.calls == 2


async def test_quarters_are_sealed_in_order_and_none_is_left_out(
    known: Metering, world: World, clock: SetClock
) -> None:
    await known.take(world.arrival(world.calls(1)))
    clock.at = Quarter(2027, 4).starts
    await known.take(world.arrival(world.calls(1, "now", clock.at)))
    await known.seal()

    rows = await known.fetch("SELECT quarter, calls FROM sealed_quarters ORDER BY quarter")
    assert [(row["quarter"], row["calls"]) for row in rows] == [("2027Q1", 1), ("2027Q2", 0)]
    shown = (await known.client.get("/quarters", headers=tokens.as_helpdesk())).json()["quarters"]
    assert [(quarter["quarter"], quarter["state"], quarter["calls"]) for quarter in shown] == [
        ("2027Q1", "sealed", 1),
        ("2027Q2", "sealed", 0),
        ("2027Q3", "open", 0),
        ("2027Q4", "open", 1),
    ]


async def test_two_copies_seal_once_while_calls_keep_coming(known: Metering, world: World, clock: SetClock) -> None:
    await known.take(world.arrival(world.calls(3)))
    clock.at = Q1.ends + GRACE
    async with started(known.database, clock) as second:
        await asyncio.gather(
            known.seal(),
            second.seal(),
            *(
                copy.take(world.arrival(world.calls(2, f"late {index}")))
                for index in range(6)
                for copy in (known, second)
            ),
        )
    await known.seal()

    [event] = await known.said(QuarterSealed)
    [raw] = await known.fetch("SELECT count(*) AS calls FROM records WHERE billing_quarter = '2027Q1'")
    assert event.sealed.calls == raw["calls"]
    assert (await known.fates())["counted"] == 3 + 12


async def test_a_quarter_that_is_not_due_not_next_or_sealed_is_not_sealed_by_command(
    known: Metering, world: World, clock: SetClock
) -> None:
    await known.take(world.arrival(world.calls(1)))
    database = known.running.database
    with pytest.raises(Conflict, match="can be sealed from 2027-04-05T22:00:00Z"):
        await sealing.seal_one(database, Q1, GRACE)
    clock.at = Q2.ends + GRACE
    with pytest.raises(Conflict, match="not the next"):
        await sealing.seal_one(database, Q2, GRACE)
    await sealing.seal_one(database, Q1, GRACE)
    with pytest.raises(Conflict, match="sealed already"):
        await sealing.seal_one(database, Q1, GRACE)

    assert len(await known.said(QuarterSealed)) == 1


async def test_what_is_sealed_and_what_was_recorded_cannot_be_changed(known: Metering, world: World) -> None:
    for table in ("records", "sealed_quarters", "sealed_municipalities", "refusals_history"):
        for act in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await known.fetch(act)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await known.fetch("UPDATE records SET accounting_info = 'x'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await known.fetch("SELECT FROM records_2027_02")


async def test_restating_tells_every_count(known: Metering, world: World) -> None:
    await known.take(world.arrival([world.call(accounting_info=f"key {index}") for index in range(450)]))
    await known.take(world.arrival([world.call(accounting_info=f"more {index}") for index in range(60)]))
    async with known.running.database.transaction() as tx:
        from services.metering.__main__ import SERVICE

        assert await SERVICE.restate["usage"](tx) == 2

    events = await known.said(UsageRestated)
    assert [len(event.usage.counts) for event in events] == [500, 10]
    assert sum(sum_of(event.usage.counts) for event in events) == 510


async def test_a_clock_that_jumps_by_months_finds_its_partitions(
    known: Metering, world: World, clock: SetClock
) -> None:
    from services.metering import jobs

    clock.at = datetime(2028, 5, 1, tzinfo=UTC)
    await known.take(world.arrival(world.calls(2, "early", clock.at)))
    [row] = await known.fetch("SELECT count(*) AS calls FROM records WHERE tableoid = 'records_default'::regclass")
    assert row["calls"] == 2
    await jobs.make_partitions(known.running)

    [row] = await known.fetch("SELECT count(*) AS calls FROM records WHERE tableoid = 'records_default'::regclass")
    assert row["calls"] == 0
    assert (await known.fates())["counted"] == 2


async def _as_owner(metering: Metering, sql: str) -> None:
    connection = await asyncpg.connect(metering.database.owner_url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


assert Q1.ends > START
