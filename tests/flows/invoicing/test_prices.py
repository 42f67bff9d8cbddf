"""List prices: set by helpdesk, read by all, told to others; and what calls would cost."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from services.invoicing.actions import pricing
from shared.contracts.invoicing import PriceRestated, PriceSet
from tests.flows.invoicing.conftest import Invoicing, World, set_price, settle, step
from tests.tokens import as_helpdesk, as_person


async def test_a_price_is_kept_told_remembered_and_audited(invoicing: Invoicing, world: World) -> None:
    await invoicing.hear(*world.catalogue())
    service = world.service()
    assert (await set_price(invoicing, service, date(2026, 11, 1), "0.04850")).status_code == 200
    assert (await set_price(invoicing, service, date(2027, 7, 1), "0.05")).status_code == 200
    answer = await set_price(invoicing, service, date(2027, 7, 1), "0.06")

    steps = [{"starts": "2026-11-01", "per_call": "0.0485"}, {"starts": "2027-07-01", "per_call": "0.06"}]
    named = {"service_id": str(service), "service_name": "Opslag 1", "service_version": "1.0"}
    assert answer.json() == {**named, "steps": steps}
    assert (await invoicing.client.get(f"/prices/{service}")).json() == {**named, "steps": steps}
    assert (await invoicing.client.get("/prices")).json() == {
        "items": [{**named, "current": steps[0], "coming": [steps[1]]}],
        "next": None,
    }
    said = await invoicing.said(PriceSet)
    assert [event.price.sequence for event in said] == [1, 2, 3]
    assert said[-1].price.id == service
    assert said[-1].price.steps == (step("2026-11-01", "0.0485"), step("2027-07-01", "0.06"))
    history = await invoicing.fetch("SELECT starts, per_call, replaced FROM price_history ORDER BY position")
    assert history == [
        (date(2026, 11, 1), Decimal("0.0485"), None),
        (date(2027, 7, 1), Decimal("0.05"), None),
        (date(2027, 7, 1), Decimal("0.06"), Decimal("0.05")),
    ]
    audited = await invoicing.fetch("SELECT subject FROM audit WHERE action = 'price.set'")
    assert audited == [(str(service),)] * 3


async def test_setting_again_what_is_set_says_nothing(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    before = len(await invoicing.said())

    assert (await set_price(invoicing, world.service(), date(2026, 11, 1), "0.048500")).status_code == 200
    assert len(await invoicing.said()) == before


async def test_what_calls_cost_is_not_changed_afterwards(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    for day in (date(2026, 11, 1), date(2026, 11, 2), invoicing.running.clock.now().date()):
        refused = await set_price(invoicing, world.service(), day, "0.01")
        assert (refused.status_code, refused.json()["code"]) == (409, "price.in_the_past")


async def test_the_day_is_the_one_in_copenhagen(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.move_clock(datetime(2027, 6, 9, 22, 30, tzinfo=UTC))  # 00:30 on 10 June in Copenhagen

    assert (await set_price(invoicing, world.service(), date(2027, 6, 10), "0.01")).status_code == 409
    assert (await set_price(invoicing, world.service(), date(2027, 6, 11), "0.01")).status_code == 200


@pytest.mark.parametrize("per_call", ["-0.01", "0.0000001", "1000000", "NaN", "Infinity", "", "free"])
async def test_what_is_no_price_is_refused(invoicing: Invoicing, world: World, per_call: str) -> None:
    await invoicing.hear(*world.catalogue())

    assert (await set_price(invoicing, world.service(), date(2027, 1, 1), per_call)).status_code == 422


async def test_unknown_services_have_no_price(
    invoicing: Invoicing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pricing, "PATIENCE_SECONDS", 0.05)
    await invoicing.hear(*world.catalogue())
    unknown = uuid4()
    answers = {
        "service.unknown": [
            await set_price(invoicing, unknown, date(2027, 1, 1), "1"),
            await invoicing.client.get(f"/prices/{unknown}"),
        ],
        "price.none": [await invoicing.client.get(f"/prices/{world.service()}")],
    }
    for code, found in answers.items():
        assert [(answer.status_code, answer.json()["code"]) for answer in found] == [(404, code)] * len(found)


async def test_a_service_published_a_moment_ago_can_be_priced(invoicing: Invoicing, world: World) -> None:
    asked = asyncio.create_task(set_price(invoicing, world.service(), date(2027, 1, 1), "1"))
    await asyncio.sleep(0.25)
    assert not asked.done()
    await invoicing.hear(*world.catalogue())

    assert (await asked).status_code == 200


async def test_the_list_comes_in_pages(invoicing: Invoicing, world: World) -> None:
    await invoicing.hear(*world.catalogue(5))
    for number in range(1, 5):  # the fifth has no price and is not in the list
        await set_price(invoicing, world.service(number), date(2027, 1, 1), "1")
    seen: list[str] = []
    after = ""
    while True:
        page = (await invoicing.client.get(f"/prices?limit=2{after}")).json()
        seen += [item["service_id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert seen == sorted(str(world.service(number)) for number in range(1, 5))
    assert (await invoicing.client.get("/prices?limit=501")).status_code == 422


async def test_prices_set_at_once_are_one_history(invoicing: Invoicing, world: World) -> None:
    await invoicing.hear(*world.catalogue())
    days = [date(2027, 1, 1) + timedelta(days=number) for number in range(8)]
    answers = await asyncio.gather(*(set_price(invoicing, world.service(), day, "1") for day in days))

    assert {answer.status_code for answer in answers} == {200}
    said = await invoicing.said(PriceSet)
    assert sorted(event.price.sequence for event in said) == list(range(1, 9))
    assert len(max(said, key=lambda event: event.price.sequence).price.steps) == 8


async def test_prices_can_be_restated(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    async with invoicing.running.database.transaction() as tx:
        assert await pricing.restate_prices(tx) == 2

    assert [event.price for event in await invoicing.said(PriceRestated)] == [
        event.price for event in sorted(await invoicing.said(PriceSet), key=lambda event: event.price.id)
    ]


async def test_an_estimate_is_made_at_todays_list_prices(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    supplier = as_person(["supplier"], "user")
    wanted = {"service_ids": [str(world.service(1)), str(world.service(2))], "calls_per_quarter": 1001}
    answer = await invoicing.client.post("/estimate", json=wanted, headers=supplier)

    found = answer.json()
    assert [(line["service_name"], line["unit_price"], line["calls"], line["amount"]) for line in found["lines"]] == [
        ("Opslag 1", "0.0485", 1001, "48.55"),
        ("Opslag 2", "1.35", 1001, "1351.35"),
    ]
    assert (found["net"], found["vat"], found["gross"]) == ("1399.90", "349.98", "1749.88")


async def test_an_estimate_beyond_what_can_be_billed_is_refused(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world, first="600000", second="600000")
    both = [str(world.service(1)), str(world.service(2))]
    for service_ids, calls in ((both[:1], 10**11), (both, 10**9)):  # a line that is too large; the sum of two
        wanted = {"service_ids": service_ids, "calls_per_quarter": calls}
        answer = await invoicing.client.post("/estimate", json=wanted, headers=as_helpdesk())
        assert (answer.status_code, answer.json()["code"]) == (422, "estimate.too_large")


async def test_an_estimate_says_what_it_cannot_price(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world, first="0.0485")
    ids = {
        "price.missing": [str(world.service(2))],
        "service.unknown": [str(uuid4())],
        "estimate.service_twice": [str(world.service()), str(world.service())],
    }
    for code, service_ids in ids.items():
        answer = await invoicing.client.post(
            "/estimate", json={"service_ids": service_ids, "calls_per_quarter": 5}, headers=as_helpdesk()
        )
        assert answer.json()["code"] == code
    for wrong in ({"service_ids": []}, {"calls_per_quarter": 0}, {"service_ids": ids["price.missing"] * 21}):
        wanted = {"service_ids": ids["price.missing"], "calls_per_quarter": 5, **wrong}
        answer = await invoicing.client.post("/estimate", json=wanted, headers=as_helpdesk())
        assert answer.status_code == 422
