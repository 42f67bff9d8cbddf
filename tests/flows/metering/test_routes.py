"""Metering's routes: calls over HTTP, what became of a call, usage as counts, and who may see what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from clients.python.call import encode
from tests import tokens
from tests.flows.metering.conftest import START, Keys, Metering, World, known_id


def posted(world: World, calls: Any, message_id: str = "m-1", **changes: str) -> dict[str, Any]:
    """A POST /calls as the world's system makes it."""
    body = calls if isinstance(calls, bytes) else encode(calls, "urn:test")
    headers = {
        **tokens.as_system(world.system, world.supplier, world.environment),
        "X-JWS-Signature": world.keys.signer.detached(body),
        "X-Message-ID": message_id,
        **changes,
    }
    return {"content": body, "headers": headers}


async def test_calls_over_http_are_answered_call_by_call(known: Metering, world: World) -> None:
    calls = [world.call("a"), world.call("a"), world.call("b", municipality="12345678")]
    answer = await known.client.post("/calls", **posted(world, calls))

    assert answer.status_code == 200
    told = answer.json()
    assert (told["message_id"], told["calls"], told["counted"], told["duplicates"]) == ("m-1", 3, 1, 1)
    assert [(item["position"], item["id"], item["reason"]) for item in told["refused"]] == [(2, "b", "access.none")]
    assert await known.fates() == {"counted": 1, "duplicate": 1, "access.none": 1}


async def test_the_same_message_over_http_gets_the_same_answer(known: Metering, world: World) -> None:
    sent = posted(world, [world.call("a"), world.call("b", municipality="12345678")])
    first = (await known.client.post("/calls", **sent)).json()
    second = (await known.client.post("/calls", **sent)).json()

    assert (first.pop("repeated"), second.pop("repeated")) == (False, True)
    assert first == second
    assert await known.fates() == {"counted": 1, "access.none": 1}


async def test_broker_and_http_are_one_door(known: Metering, world: World) -> None:
    await known.take(world.arrival([world.call("a")]))
    answer = (await known.client.post("/calls", **posted(world, [world.call("a")]))).json()

    assert (answer["counted"], answer["duplicates"]) == (0, 1)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"'])
async def test_a_body_that_holds_no_calls_is_refused_whole(known: Metering, world: World, body: bytes) -> None:
    answer = await known.client.post("/calls", **posted(world, body))

    assert (answer.status_code, answer.json()["code"]) == (422, "calls.not_readable")
    assert await known.fetch("SELECT FROM messages") == []


async def test_a_body_that_is_too_large_is_not_read(known: Metering, world: World) -> None:
    answer = await known.client.post("/calls", **posted(world, b"[" + b" " * (4 * 1024 * 1024)))

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


async def test_a_token_of_the_other_environment_is_refused(known: Metering, world: World) -> None:
    sent = posted(world, [world.call("a")], **tokens.as_system(world.system, world.supplier, "test"))
    answer = (await known.client.post("/calls", **sent)).json()

    assert [item["reason"] for item in answer["refused"]] == ["environment.wrong"]


async def test_only_systems_send_calls(known: Metering, world: World) -> None:
    for headers in (
        tokens.as_helpdesk(),
        tokens.as_person(["supplier"], "administrator", organisation=world.supplier),
        tokens.as_person(["municipality"], "signatory", organisation=world.municipality),
    ):
        answer = await known.client.post("/calls", **posted(world, [world.call()], **headers))
        assert (answer.status_code, answer.json()["code"]) == (403, "rights.systems_only")
    assert await known.fates() == {}


async def test_nobody_sees_anything_without_signing_in(known: Metering) -> None:
    for method, path in (
        ("POST", "/calls"),
        ("GET", "/calls/x"),
        ("GET", "/usage?quarter=2027Q1"),
        ("GET", "/refused"),
        ("GET", "/refused/summary"),
        ("GET", "/quarters"),
        ("GET", "/reconciliation"),
    ):
        assert (await known.client.request(method, path)).status_code == 401, path


async def test_a_call_is_found_by_those_it_concerns(known: Metering, world: World) -> None:
    await known.take(world.arrival([world.call("one/1", caller_reference="ref", accounting_info="Skole")]))
    # The supplier's own reference is not for the municipality.
    concerned = [
        (tokens.as_person(["supplier"], "user", organisation=world.supplier), "ref"),
        (tokens.as_system(world.system, world.supplier), "ref"),
        (tokens.as_person(["municipality"], "economy", organisation=world.municipality), None),
        (tokens.as_helpdesk(), "ref"),
    ]
    for headers, reference in concerned:
        answer = await known.client.get("/calls/one/1", headers=headers)
        [call] = answer.json()["counted"]
        assert (call["id"], call["source_id"], call["billing_quarter"]) == ("one/1", str(world.agreement), "2027Q1")
        assert (call["accounting_info"], call["caller_reference"]) == ("Skole", reference)
    others = [
        tokens.as_person(["supplier"], "administrator"),
        tokens.as_person(["municipality"], "administrator"),
        tokens.as_system(uuid4(), uuid4()),
    ]
    for headers in others:
        answer = await known.client.get("/calls/one/1", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "call.unknown")


async def test_a_refusal_is_found_by_the_calls_id_and_by_its_own(known: Metering, world: World) -> None:
    await known.take(world.arrival([world.call("one", municipality="12345678")]))
    person = tokens.as_person(["supplier"], "user", organisation=world.supplier)
    [refused] = (await known.client.get("/calls/one", headers=person)).json()["refused"]
    again = (await known.client.get(f"/calls/{refused['refusal_id']}", headers=person)).json()["refused"]

    assert (refused["reason"], refused["state"], again) == ("access.none", "refused", [refused])
    for headers in (
        tokens.as_person(["municipality"], "administrator", organisation=world.municipality),
        tokens.as_person(["supplier"], "administrator"),
    ):
        for call_id in ("one", refused["refusal_id"]):
            assert (await known.client.get(f"/calls/{call_id}", headers=headers)).status_code == 404


async def usage(metering: Metering, headers: dict[str, str], query: str = "") -> dict[str, Any]:
    answer = await metering.client.get(f"/usage?quarter=2027Q1{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_usage_is_grouped_as_asked_and_seen_by_its_own(
    known: Metering, world: World, some_keys: list[Keys]
) -> None:
    other = world.other(
        "second", keys=some_keys[1], agreement=known_id("agreement 2"), municipality=known_id("other"), cvr="29189846"
    )
    await known.know(other)
    late_evening = START.replace(hour=23, minute=30) - timedelta(days=1)
    await known.take(
        world.arrival([*world.calls(3, "a"), *world.calls(2, "b", late_evening)]), other.arrival(other.calls(4, "c"))
    )
    supplier = tokens.as_person(["supplier"], "user", organisation=world.supplier)
    municipality = tokens.as_person(["municipality"], "user", organisation=other.municipality)

    assert (await usage(known, tokens.as_helpdesk()))["calls"] == 9
    seen = await usage(known, supplier)
    assert (seen["calls"], [(line["system_name"], line["calls"]) for line in seen["lines"]]) == (5, [("Omsorg", 5)])
    assert (await usage(known, municipality))["calls"] == 4
    assert (await usage(known, tokens.as_system(world.system, world.supplier)))["calls"] == 5
    assert (await usage(known, tokens.as_person(["supplier"], "user")))["lines"] == []
    by_day = await usage(known, supplier, "&group_by=day")
    assert [(line["day"], line["calls"], line["system_id"]) for line in by_day["lines"]] == [("2027-02-01", 5, None)]
    narrowed = await usage(
        known, tokens.as_helpdesk(), f"&municipality_id={world.municipality}&group_by=municipality"
    )
    assert [line["calls"] for line in narrowed["lines"]] == [5]
    assert (await usage(known, tokens.as_helpdesk(), "&environment=test"))["calls"] == 0
    both = tokens.as_person(["supplier", "municipality"], "user", organisation=other.municipality)
    assert (await usage(known, both))["calls"] == 4
    assert (await usage(known, both, f"&supplier_id={other.municipality}"))["calls"] == 0
    assert (await usage(known, both, f"&supplier_id={other.municipality}"))["lines"] == []
    for narrowing, calls in {
        f"service_id={world.service}": 5,
        f"service_id={uuid4()}": 0,
        "first_day=2027-02-01": 5,
        "first_day=2027-02-02": 0,
        "last_day=2027-02-01": 5,
        "last_day=2027-01-31": 0,
        "first_day=2027-03-01&last_day=2027-01-01": 0,
        "first_day=0001-01-01&last_day=9999-12-31": 5,
        "first_day=9999-12-31": 0,
        "last_day=0001-01-01": 0,
    }.items():
        assert (await usage(known, supplier, f"&{narrowing}"))["calls"] == calls, narrowing
    first = await usage(known, tokens.as_helpdesk(), "&limit=1")
    rest = await usage(known, tokens.as_helpdesk(), f"&limit=1&after={first['next']}")
    assert {first["lines"][0]["calls"], rest["lines"][0]["calls"]} == {5, 4}


async def test_usage_tells_when_an_agreement_was_last_used(known: Metering, world: World) -> None:
    other = known_id("agreement 2")
    await known.hear(world.granted(source_id=other, service_id=known_id("service 2")))
    after_midnight = START.replace(hour=23, minute=30) - timedelta(days=3)  # the day after, in Copenhagen
    await known.take(
        world.arrival(
            [
                *world.calls(3, "a", START - timedelta(days=5)),
                world.call("b", after_midnight),
                world.call("c", service=str(known_id("service 2"))),
            ]
        )
    )
    municipality = tokens.as_person(["municipality"], "user", organisation=world.municipality)

    found = await usage(known, municipality, "&group_by=agreement")
    assert {line["agreement_id"]: (line["calls"], line["latest_day"]) for line in found["lines"]} == {
        str(world.agreement): (4, "2027-01-30"),
        str(other): (1, str(START.date())),
    }
    narrowed = await usage(known, municipality, f"&group_by=day&agreement_id={other}")
    assert (narrowed["calls"], [line["calls"] for line in narrowed["lines"]]) == (1, [1])


async def test_usage_asks_for_groups_it_knows(known: Metering) -> None:
    answer = await known.client.get("/usage?quarter=2027Q1&group_by=price", headers=tokens.as_helpdesk())

    assert (answer.status_code, answer.json()["code"]) == (422, "usage.group_unknown")
    assert (await known.client.get("/usage?quarter=2027Q5", headers=tokens.as_helpdesk())).status_code == 422


async def test_only_helpdesk_reconciles_and_sees_all_of_a_quarter(known: Metering, world: World) -> None:
    await known.take(world.arrival(world.calls(2)))
    for headers in (
        tokens.as_person(["supplier"], "administrator", organisation=world.supplier),
        tokens.as_person(["municipality"], "administrator", organisation=world.municipality),
        tokens.as_system(world.system, world.supplier),
    ):
        answer = await known.client.get("/reconciliation?quarter=2027Q1", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "rights.helpdesk_only")
        [quarter] = (await known.client.get("/quarters", headers=headers)).json()["quarters"]
        assert (quarter["quarter"], quarter["state"], quarter["calls"]) == ("2027Q1", "open", None)


async def test_the_reconciliation_accounts_for_everything(known: Metering, world: World) -> None:
    await known.take(world.arrival([*world.calls(3), *world.calls(2), world.call("x", municipality="12345678")]))
    for quarter in ("", "?quarter=2027Q1"):
        found = (await known.client.get(f"/reconciliation{quarter}", headers=tokens.as_helpdesk())).json()
        lines = {line["municipality"]: line for line in found["municipalities"]}
        mine = lines[str(world.municipality)]
        assert (mine["sent"], mine["counted"], mine["duplicates"], mine["refused"]) == (5, 3, 2, {})
        assert lines["12345678"]["refused"] == {"access.none": 1}
        assert (found["total"]["sent"], found["total"]["refused"]) == (6, 1)
        assert found["everything"]["equal"]
    other = (await known.client.get("/reconciliation?quarter=2027Q2", headers=tokens.as_helpdesk())).json()
    assert other["municipalities"] == []


async def test_no_answer_for_suppliers_speaks_of_money(known: Metering) -> None:
    described = (await known.client.get("/openapi.json")).text.lower()

    for word in ("price", "amount", '"net"', "vat", "kroner"):
        assert word not in described, word
