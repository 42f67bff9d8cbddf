"""What a municipality sees of its usage, at once and in kroner."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.invoicing.actions import accounts
from shared.contracts.agreements import Trial as TrialState
from shared.contracts.agreements import TrialLine, TrialOpened
from shared.contracts.event import Interval
from tests.flows.invoicing.conftest import Invoicing, World, known_id, set_price, settle
from tests.tokens import as_helpdesk, as_person

Q1 = datetime(2027, 1, 12, 9, 30, tzinfo=UTC)


async def shown(invoicing: Invoicing, world: World, **query: Any) -> dict[str, Any]:
    answer = await invoicing.client.get(
        "/overview",
        params={"quarter": "2027Q1", **query},
        headers=as_person(["municipality"], "user", organisation=world.municipality),
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_usage_is_seen_as_soon_as_it_is_heard(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    assert (await shown(invoicing, world))["lines"] == []

    await invoicing.hear(world.told(world.calls(1234, Q1)))
    found = await shown(invoicing, world)
    assert found["lines"] == [
        {
            "supplier_id": str(world.supplier),
            "supplier_name": "Nordlys Data ApS",
            "system_id": str(world.system),
            "system_name": "Borgerportal",
            "service_id": str(world.service()),
            "service_name": "Opslag 1",
            "service_version": "1.0",
            "agreement_id": None,
            "accounting_info": None,
            "week": None,
            "day": None,
            "made_in_quarter": "2027Q1",
            "unit_price": "0.0485",
            "calls": 1234,
            "unpriced_calls": 0,
            "trial_calls": 0,
            "amount": "59.85",
        }
    ]
    assert {key: found[key] for key in ("calls", "net", "vat", "gross", "sealed", "quarter")} == {
        "calls": 1234,
        "net": "59.85",
        "vat": "14.96",
        "gross": "74.81",
        "sealed": False,
        "quarter": "2027Q1",
    }


async def test_totals_are_absolute_and_the_greatest_is_kept(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    small, great = world.calls(5, Q1), world.calls(6, Q1)
    await invoicing.hear(world.told(great), world.told(small), world.told(great), world.told(small, great, small))

    assert (await shown(invoicing, world))["calls"] == 11


async def test_the_quarter_at_hand_is_shown_when_none_is_named(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.move_clock(Q1)
    await invoicing.hear(world.told(world.calls(1, Q1), world.calls(2, Q1 + timedelta(days=90))))

    answer = await invoicing.client.get(f"/overview?municipality_id={world.municipality}", headers=as_helpdesk())
    assert (answer.json()["quarter"], answer.json()["calls"]) == ("2027Q1", 1)
    assert datetime.fromisoformat(answer.json()["as_of"]) >= Q1


async def test_lines_are_told_apart_as_asked(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await set_price(invoicing, world.service(), date(2027, 2, 1), "0.05")
    await invoicing.hear(
        world.told(
            world.calls(10, Q1, accounting_info="4711"),
            world.calls(20, Q1, accounting_info="0815"),
            world.calls(40, Q1 + timedelta(days=31), accounting_info="4711"),
            world.calls(80, Q1, service=2),
        )
    )

    def lines(found: dict[str, Any], *names: str) -> list[tuple[object, ...]]:
        return [tuple(line[name] for name in names) for line in found["lines"]]

    by_service = await shown(invoicing, world, group_by="service")
    assert lines(by_service, "service_name", "unit_price", "calls", "supplier_name") == [
        ("Opslag 1", "0.0485", 30, None),
        ("Opslag 1", "0.05", 40, None),
        ("Opslag 2", "1.35", 80, None),
    ]
    by_account = await shown(invoicing, world, group_by="accounting_info")
    assert lines(by_account, "accounting_info", "calls", "unit_price") == [
        ("", 80, "1.35"),
        ("0815", 20, "0.0485"),
        ("4711", 50, None),
    ]
    by_supplier = await shown(invoicing, world, group_by="supplier, system")
    assert lines(by_supplier, "supplier_name", "system_name", "calls", "made_in_quarter") == [
        ("Nordlys Data ApS", "Borgerportal", 150, "2027Q1")
    ]
    assert {found["net"] for found in (by_service, by_account, by_supplier)} == {"111.46"}  # 1.455 + 2.00 + 108.00


async def test_calls_are_told_by_week_and_until_a_day(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.hear(
        world.told(
            world.calls(5, datetime(2026, 12, 31, 22, 30, tzinfo=UTC), billed_in="2027Q1"),
            world.calls(10, Q1, accounting_info="4711"),
            world.calls(20, Q1),
            world.calls(40, Q1 + timedelta(days=1), service=2),
            world.calls(99, Q1, trial=True),
        )
    )
    by_week = await shown(invoicing, world, group_by="week")
    assert [(one["week"], one["calls"], one["amount"]) for one in by_week["lines"] if one["calls"]] == [
        ("2026-12-28", 5, "0.24"),
        ("2027-01-11", 70, "55.46"),
    ]
    until = await shown(invoicing, world, group_by="service", before="2027-01-13")
    billed = [(one["made_in_quarter"], one["calls"], one["amount"]) for one in until["lines"] if one["calls"]]
    assert billed == [("2026Q4", 5, "0.24"), ("2027Q1", 30, "1.46")]
    assert until["calls"] == 35


async def test_an_agreements_usage_is_shown_beside_the_others_and_by_itself(
    invoicing: Invoicing, world: World
) -> None:
    await settle(invoicing, world)
    other = known_id("another agreement")
    await invoicing.hear(world.approved(id=other))
    theirs = world.calls(7, Q1).model_copy(update={"source_id": other, "access_id": known_id("another access")})
    await invoicing.hear(
        world.told(theirs, world.calls(3, Q1 + timedelta(hours=1)), world.calls(9, Q1 + timedelta(days=1), service=2))
    )

    by_agreement = await shown(invoicing, world, group_by="agreement")
    assert {line["agreement_id"]: (line["calls"], line["amount"]) for line in by_agreement["lines"]} == {
        str(other): (7, "0.34"),
        # What is left of the 10 calls' 0.49, and 9 at 1.35.
        str(world.agreement): (12, "12.30"),
    }
    alone = await shown(invoicing, world, group_by="day", agreement_id=str(world.agreement))
    assert [(line["day"], line["calls"], line["amount"]) for line in alone["lines"]] == [
        ("2027-01-12", 3, "0.15"),
        ("2027-01-13", 9, "12.15"),
    ]
    assert (alone["calls"], alone["net"]) == (12, "12.30")
    of_service = await shown(invoicing, world, group_by="agreement", service_id=str(world.service(2)))
    assert [(line["calls"], line["amount"]) for line in of_service["lines"]] == [(9, "12.15")]
    nothing = await shown(invoicing, world, supplier_id=str(known_id("nobody")))
    assert (nothing["lines"], nothing["calls"], nothing["net"]) == ([], 0, "0.00")


async def test_trial_and_test_calls_are_shown_and_cost_nothing(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    trial = TrialState(
        id=known_id(f"trial {world.name}"),
        sequence=1,
        supplier_id=world.supplier,
        supplier_name="Nordlys Data ApS",
        system_id=world.system,
        system_name="Borgerportal",
        municipality_id=world.municipality,
        municipality_name=world.name,
        lines=(TrialLine(service_id=world.service(), service_name="Opslag 1"),),
        state="open",
        valid=(Interval(starts=Q1),),
    )
    await invoicing.hear(
        TrialOpened(trial=trial),
        world.told(world.calls(3, Q1), world.calls(500, Q1, trial=True, environment="test")),
    )
    found = await shown(invoicing, world)

    assert [(line["calls"], line["trial_calls"], line["amount"]) for line in found["lines"]] == [
        (3, 0, "0.15"),
        (0, 500, "0.00"),
    ]
    assert (found["calls"], found["trial_calls"], found["net"]) == (3, 500, "0.15")


async def test_calls_without_a_price_are_shown_as_such(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world, first="0.0485")
    await invoicing.hear(world.told(world.calls(3, Q1), world.calls(7, Q1, service=2)))
    found = await shown(invoicing, world)

    assert (found["calls"], found["unpriced_calls"], found["net"]) == (10, 7, "0.15")


async def test_calls_overtaking_the_news_of_their_agreement_are_shown_without_names(
    invoicing: Invoicing, world: World
) -> None:
    await invoicing.hear(world.organisation(), world.told(world.calls(3, Q1)))
    found = await shown(invoicing, world)

    (line,) = found["lines"]
    assert (line["supplier_name"], line["system_name"], line["service_name"]) == (None, None, None)
    assert (line["calls"], line["unpriced_calls"]) == (3, 3)


async def test_what_can_not_be_answered_is_said(
    invoicing: Invoicing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle(invoicing, world)
    asked = {
        f"?municipality_id={known_id('nobody')}": (404, "municipality.unknown"),
        f"?municipality_id={world.municipality}&group_by=system,colour": (422, "overview.group_by"),
        f"?municipality_id={world.municipality}&quarter=2027Q5": (422, "request.not_valid"),
        "": (422, "overview.whose"),
    }
    for query, expected in asked.items():
        answer = await invoicing.client.get(f"/overview{query}", headers=as_helpdesk())
        assert (answer.status_code, answer.json()["code"]) == expected, query

    monkeypatch.setattr(accounts, "MAX_LINES", 2)
    counts = [world.calls(1, Q1, accounting_info=f"konto {number}") for number in range(3)]
    await invoicing.hear(world.told(*counts))
    answer = await invoicing.client.get(
        f"/overview?municipality_id={world.municipality}&quarter=2027Q1&group_by=accounting_info",
        headers=as_helpdesk(),
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "overview.too_many_lines")


async def test_copies_keep_the_newest_whatever_the_order(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.hear(
        world.approved(sequence=4, system_name="Borgerportal II"), world.approved(sequence=3, system_name="Gammel")
    )
    await invoicing.hear(world.told(world.calls(3, Q1)))

    (line,) = (await shown(invoicing, world))["lines"]
    assert line["system_name"] == "Borgerportal II"
