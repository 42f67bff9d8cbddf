"""Refused calls: kept with their reason, judged again when the news they overtook arrives."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.metering.actions import rejudging, taking
from services.metering.actions.arrival import message_of
from services.metering.actions.message import prepare
from shared.contracts.event import Interval
from tests import tokens
from tests.flows.metering.conftest import LONG_AGO, START, Keys, Metering, SetClock, World, known_id


async def test_a_call_that_overtook_everything_is_counted_once_all_news_is_there(
    metering: Metering, world: World
) -> None:
    await metering.take(world.arrival(world.calls(3)))
    reasons = [await metering.fates()]
    for news in (world.bound(), world.registered(), world.granted()):
        await metering.hear(news)
        await metering.judge_again()
        reasons.append(await metering.fates())

    assert reasons == [
        {"certificate.unknown": 3},
        {"system.not_active": 3},
        {"access.none": 3},
        {"counted": 3},
    ]
    history = await metering.fetch(
        "SELECT reason, state, count(*) AS calls FROM refusals_history GROUP BY 1, 2 ORDER BY 1"
    )
    assert [tuple(row) for row in history] == [
        ("access.none", "counted", 3),
        ("access.none", "refused", 3),
        ("system.not_active", "refused", 3),
    ]
    assert (await metering.balance())["everything"]["equal"]


async def test_news_may_come_in_any_order(metering: Metering, world: World) -> None:
    await metering.take(world.arrival(world.calls(2)))
    for news in (world.granted(), world.registered(), world.bound()):
        await metering.hear(news)
        await metering.judge_again()

    assert await metering.fates() == {"counted": 2}


async def test_a_signature_is_still_checked_when_its_certificate_becomes_known(
    metering: Metering, world: World, some_keys: list[Keys]
) -> None:
    forged = replace(world.arrival(world.calls(1, "forged")), body=world.arrival(world.calls(1, "other")).body)
    await metering.take(forged, world.arrival(world.calls(1, "honest")))
    assert await metering.fates() == {"certificate.unknown": 2}
    await metering.know(world)
    await metering.judge_again()

    assert await metering.fates() == {"signature.not_valid": 1, "counted": 1}


async def test_a_call_sent_twice_before_its_grant_is_counted_once(metering: Metering, world: World) -> None:
    await metering.hear(world.registered(), world.bound())
    await metering.take(world.arrival(world.calls(2)), world.arrival(world.calls(2)))
    assert await metering.fates() == {"access.none": 4}
    await metering.hear(world.granted())
    await metering.judge_again()

    assert await metering.fates() == {"counted": 2, "duplicate": 2}
    assert (await metering.balance())["everything"]["equal"]


async def test_a_refused_id_is_free_for_another_call(metering: Metering, world: World) -> None:
    await metering.hear(world.registered(), world.bound())
    await metering.take(world.arrival([world.call("one", accounting_info="first")]))
    await metering.hear(world.granted(Interval(starts=START + timedelta(minutes=1))))
    await metering.take(world.arrival([world.call("one", START + timedelta(minutes=2), accounting_info="second")]))
    await metering.judge_again()

    assert await metering.fates() == {"access.none": 1, "counted": 1}


async def test_a_refusal_that_fails_when_judged_again_holds_up_no_other(
    metering: Metering, world: World, some_keys: list[Keys]
) -> None:
    other = world.other("second", keys=some_keys[1])
    await metering.hear(world.registered(), world.bound(), other.registered(), other.bound())
    await metering.take(world.arrival(world.calls(1)), other.arrival(other.calls(1)))
    # What no call that was read leaves behind.
    await metering.fetch("UPDATE refusals SET event_id = NULL WHERE system_id = $1 RETURNING 1", world.system)
    await metering.hear(world.granted(), other.granted(id=known_id("grant second")))
    await metering.judge_again()
    await metering.judge_again()

    assert await metering.fates() == {"access.none": 1, "counted": 1}
    [waiting] = await metering.fetch("SELECT system_id FROM rejudging")
    assert waiting["system_id"] == world.system


async def test_a_grant_lifts_only_what_it_covers(metering: Metering, world: World) -> None:
    elsewhere = str(known_id("another municipality"))
    await metering.hear(world.registered(), world.bound())
    await metering.take(
        world.arrival(
            [
                world.call("before", START - timedelta(hours=1)),
                world.call("within"),
                world.call("elsewhere", municipality=elsewhere),
                world.call("by number", municipality=world.cvr),
            ]
        )
    )
    await metering.hear(world.granted(Interval(starts=START - timedelta(minutes=1))))
    await metering.judge_again()

    assert await metering.fates() == {"access.none": 2, "counted": 2}
    left = await metering.fetch("SELECT event_id FROM refusals WHERE state = 'refused' ORDER BY event_id")
    assert [row["event_id"] for row in left] == ["before", "elsewhere"]


async def test_many_refusals_are_judged_again_in_pieces(
    metering: Metering, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudging, "PIECE", 7)
    await metering.hear(world.registered(), world.bound())
    await metering.take(world.arrival(world.calls(21)))
    await metering.hear(world.granted())
    await metering.judge_again()

    assert await metering.fates() == {"counted": 21}
    assert not await metering.fetch("SELECT FROM rejudging")


async def test_a_late_answer_about_lateness_goes_by_when_the_call_came(
    metering: Metering, world: World, clock: SetClock
) -> None:
    await metering.hear(world.registered(), world.bound())
    await metering.take(world.arrival([world.call("old", START - timedelta(days=183))]))
    clock.at += timedelta(days=30)
    await metering.hear(world.granted())
    await metering.judge_again()

    assert await metering.fates() == {"counted": 1}


async def test_news_that_arrives_while_a_batch_is_judged_finds_its_refusals(metering: Metering, world: World) -> None:
    await metering.hear(world.registered(), world.bound())
    prepared = prepare(message_of(world.arrival(world.calls(1))))
    async with metering.running.database.transaction() as batch:
        await taking.take(batch, [prepared], timedelta(days=1))
        news = asyncio.create_task(metering.hear(world.granted()))
        while not await metering.fetch("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not news.done(), "the news did not wait for the batch that can't know of it"
            await asyncio.sleep(0.01)
    await news
    await metering.judge_again()

    assert await metering.fates() == {"counted": 1}


async def test_older_news_does_not_undo_newer(metering: Metering, world: World) -> None:
    ended = Interval(starts=LONG_AGO, ends=START - timedelta(hours=1))
    await metering.hear(
        world.registered(), world.bound(), world.granted(ended, sequence=2), world.granted(sequence=1)
    )
    await metering.take(world.arrival(world.calls(1)))

    assert await metering.fates() == {"access.ended": 1}


def _cases(world: World, keys: list[Keys]) -> dict[str, tuple[Any, str]]:
    body = world.arrival(world.calls(1)).body
    event = json.loads(body)[0]
    personal = json.dumps({**event, "data": {**event["data"], "cpr": "0101010101"}}).encode()
    return {
        "no signature": (world.arrival(world.calls(1), signature=None), "signature.missing"),
        "another's key": (world.arrival(world.calls(1), keys=keys[3]), "certificate.unknown"),
        "rubbish for a signature": (world.arrival(world.calls(1), signature="a..b"), "signature.not_valid"),
        "changed on the way": (replace(world.arrival(world.calls(1)), body=body + b" "), "signature.not_valid"),
        "from the future": (
            world.arrival([world.call(at=START + timedelta(minutes=5, seconds=1))]),
            "time.in_future",
        ),
        "too old": (world.arrival([world.call(at=START - timedelta(days=184, seconds=1))]), "time.too_old"),
        "to the other environment": (world.arrival(world.calls(1), environment="test"), "environment.wrong"),
        "unknown service": (world.arrival([world.call(service=str(uuid4()))]), "access.none"),
        "unknown municipality": (world.arrival([world.call(municipality="12345678")]), "access.none"),
        "another agreement": (world.arrival([world.call(agreement=str(uuid4()))]), "agreement.differs"),
        "personal data": (world.arrival(personal), "event.not_valid"),
    }


CASES = (
    "no signature", "another's key", "rubbish for a signature", "changed on the way", "from the future", "too old",
    "to the other environment", "unknown service", "unknown municipality", "another agreement", "personal data",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_each_wrong_has_its_own_reason_and_nothing_is_counted(
    known: Metering, world: World, some_keys: list[Keys], case: str
) -> None:
    arrival, reason = _cases(world, some_keys)[case]
    await known.take(arrival)

    assert await known.fates() == {reason: 1}
    [row] = await known.fetch("SELECT * FROM refusals")
    assert len(row["detail"]) > 20
    assert "0101010101" not in str(dict(row))


async def test_a_system_that_signs_with_anothers_certificate_is_refused(
    known: Metering, world: World, some_keys: list[Keys]
) -> None:
    other = world.other("second", keys=some_keys[1])
    await known.hear(other.registered(), other.bound())
    await known.take(other.arrival(world.calls(1), keys=world.keys))

    [row] = await known.fetch("SELECT * FROM refusals")
    assert (row["reason"], row["system_id"]) == ("sender.differs", other.system)


async def test_what_does_not_fit_is_refused_alone_and_names_the_field(known: Metering, world: World) -> None:
    events = json.loads(world.arrival(world.calls(4)).body)
    events[1]["id"] = "x" * 65
    events[2]["time"] = "yesterday"
    await known.take(world.arrival(json.dumps(events).encode()))

    assert await known.fates() == {"counted": 2, "event.not_valid": 2}
    rows = await known.fetch("SELECT position, field, event_id, made_at FROM refusals ORDER BY position")
    assert [tuple(row) for row in rows] == [(1, "id", None, START), (2, "time", "call-2", None)]


async def test_suppliers_see_their_refused_calls_and_no_others(
    known: Metering, world: World, some_keys: list[Keys]
) -> None:
    other = world.other("second", keys=some_keys[1])
    await known.hear(other.registered(), other.bound())
    await known.take(
        world.arrival([world.call("mine", municipality="12345678")]), other.arrival([other.call("theirs")])
    )

    def seen(answer: Any) -> list[str]:
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["refused"]]

    person = tokens.as_person(["supplier"], "user", organisation=world.supplier)
    assert seen(await known.client.get("/refused", headers=person)) == ["mine"]
    assert seen(await known.client.get("/refused", headers=tokens.as_system(other.system, other.supplier))) == [
        "theirs"
    ]
    assert seen(await known.client.get("/refused", headers=tokens.as_helpdesk())) == ["theirs", "mine"]
    page = await known.client.get("/refused?limit=1", headers=tokens.as_helpdesk())
    assert seen(page) == ["theirs"]
    after = page.json()["next"]
    assert seen(await known.client.get(f"/refused?limit=1&after={after}", headers=tokens.as_helpdesk())) == ["mine"]
    assert seen(await known.client.get(f"/refused?system_id={world.system}", headers=tokens.as_helpdesk())) == [
        "mine"
    ]
    assert seen(await known.client.get("/refused?reason=id.reused", headers=tokens.as_helpdesk())) == []
    municipality = tokens.as_person(["municipality"], "administrator", organisation=world.municipality)
    for path in ("/refused", "/refused/summary"):
        refused = await known.client.get(path, headers=municipality)
        assert (refused.status_code, refused.json()["code"]) == (403, "rights.suppliers_only")


async def test_the_summary_knows_a_municipality_by_both_its_names(known: Metering, world: World) -> None:
    ended = Interval(starts=LONG_AGO, ends=START - timedelta(hours=1))
    await known.hear(world.granted(ended, sequence=2))
    await known.take(
        world.arrival([world.call(), world.call(municipality=world.cvr), world.call(municipality="1" * 8)])
    )
    person = tokens.as_person(["supplier"], "user", organisation=world.supplier)
    answer = (await known.client.get("/refused/summary?quarter=2027Q1", headers=person)).json()

    assert (answer["calls"], answer["by_reason"]) == (3, {"access.ended": 2, "access.none": 1})
    assert {(line["municipality_id"], line["calls"]) for line in answer["lines"]} == {
        (str(world.municipality), 1),
        (None, 1),
    }
    balance = await known.balance()
    assert {(line["municipality"], line["sent"]) for line in balance["municipalities"]} == {
        (str(world.municipality), 2),
        ("11111111", 1),
    }
