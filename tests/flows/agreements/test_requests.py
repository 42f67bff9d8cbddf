"""Asking municipalities: every rule with its code, all or nothing, and the same answer for the same key."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.agreements.jobs import forget_answers
from shared.contracts import registry
from shared.contracts.agreements import AgreementRequested
from tests import tokens
from tests.flows.agreements.conftest import PURPOSE, Party, World


async def test_one_request_becomes_one_agreement_for_each_municipality(world: World) -> None:
    answer = await world.ask(world.second, world.first, expected_calls_per_quarter=5000)

    assert [one["municipality_name"] for one in answer["agreements"]] == ["Vejle Kommune", "Aabenraa Kommune"]
    assert {one["state"] for one in answer["agreements"]} == {"requested"}
    assert [one["name"] for one in answer["services"]] == ["Opslag 0 1", "Opslag 1 1", "Opslag 2 1"]
    assert answer["counts"] == {"requested": 2, "approved": 0, "rejected": 0, "withdrawn": 0, "terminated": 0}
    said = [event.agreement for event in await world.office.said(AgreementRequested)]
    assert [str(one.id) for one in said] == [one["id"] for one in answer["agreements"]]
    for agreement in said:
        assert (agreement.sequence, agreement.supplier_name, agreement.system_name) == (1, "Nordlys IT", "Omsorg")
        assert (agreement.purpose, agreement.expected_calls_per_quarter) == (PURPOSE, 5000)
        assert agreement.valid == ()
        assert [line.decision for line in agreement.lines] == ["pending"] * 3
    [audited] = await world.office.fetch("SELECT action, subject, actor_id FROM audit")
    assert (audited["action"], audited["subject"]) == ("request.create", answer["id"])
    assert audited["actor_id"] == str(world.supplier.person)


async def test_a_request_is_followed_with_its_counts_and_each_agreement(world: World) -> None:
    made = await world.ask(world.first, world.second)
    await world.act(made["agreements"][0]["id"], "approve", world.first.signatory)

    found = (await world.client.get(f"/requests/{made['id']}", headers=world.supplier.asker)).json()
    page = (await world.client.get("/requests", headers=world.supplier.asker)).json()

    assert (found["counts"]["approved"], found["counts"]["requested"]) == (1, 1)
    assert [one["state"] for one in found["agreements"]] == ["approved", "requested"]
    assert [one["counts"] for one in page["items"]] == [found["counts"]]
    assert "agreements" not in page["items"][0]


async def test_pages_go_on_where_the_one_before_ended(world: World) -> None:
    made = [await world.ask(world.first, service_ids=[str(service)]) for service in world.services]
    path = "/requests?limit=2"

    first = (await world.client.get(path, headers=world.supplier.asker)).json()
    second = (await world.client.get(f"{path}&after={first['next']}", headers=world.supplier.asker)).json()

    assert [one["id"] for one in first["items"] + second["items"]] == [one["id"] for one in reversed(made)]
    assert second["next"] is None
    unknown = await world.client.get(f"{path}&after={uuid4()}", headers=world.supplier.asker)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "page.after_unknown")


def _changed(told: registry.SystemRegistered, **changes: Any) -> registry.SystemChanged:
    return registry.SystemChanged(system=told.system.model_copy(update={"sequence": 2, **changes}))


@pytest.mark.parametrize("state", ["paused", "deactivated"])
async def test_a_system_that_is_not_in_use_can_ask_for_nothing(world: World, state: str) -> None:
    told = world.registered(world.system, world.supplier)
    await world.office.hear(_changed(told, state=state))

    answer = await world.client.post("/requests", json=world.order(), headers=world.supplier.asker)

    assert (answer.status_code, answer.json()["code"]) == (422, f"request.system_{state}")


async def test_every_rule_refuses_with_its_own_code(world: World) -> None:
    closed = Party("Lukket Kommune", ("municipality",))
    await world.office.hear(
        closed.created(active=False),
        registry.ServiceChanged(
            service=world.service(2).service.model_copy(update={"sequence": 2, "state": "locked"})
        ),
    )
    open_ids = [str(one) for one in world.services[:2]]
    base = world.order(service_ids=open_ids)
    refused: list[tuple[str, dict[str, Any]]] = [
        ("request.system_unknown", {**base, "system_id": str(uuid4())}),
        ("request.system_unknown", {**base, "system_id": str(world.both_system)}),
        ("request.system_in_test", {**base, "system_id": str(world.test_system)}),
        ("request.service_unknown", {**base, "service_ids": [*open_ids, str(uuid4())]}),
        ("request.service_not_open", {**base, "service_ids": [str(world.services[2])]}),
        ("request.municipality_unknown", {**base, "municipality_ids": [str(uuid4())]}),
        ("request.municipality_unknown", {**base, "municipality_ids": [str(world.other_supplier.id)]}),
        ("request.municipality_test", {**base, "municipality_ids": [str(world.test.id)]}),
        ("request.municipality_not_active", {**base, "municipality_ids": [str(world.first.id), str(closed.id)]}),
        ("request.not_valid", {**base, "purpose": "kort"}),
        ("request.not_valid", {**base, "purpose": "Et formål med et nul\x00tegn"}),
        ("request.not_valid", {**base, "purpose": "æ" * 2001}),
        ("request.not_valid", {**base, "service_ids": []}),
        ("request.not_valid", {**base, "service_ids": [str(uuid4()) for _ in range(21)]}),
        ("request.not_valid", {**base, "service_ids": [open_ids[0], open_ids[0]]}),
        ("request.not_valid", {**base, "municipality_ids": [str(uuid4()) for _ in range(101)]}),
        ("request.not_valid", {**base, "expected_calls_per_quarter": -1}),
        ("request.not_valid", {**base, "unknown": 1}),
    ]
    for code, body in refused:
        answer = await world.client.post("/requests", json=body, headers=world.supplier.asker)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert await world.office.said() == []
    assert await world.office.fetch("SELECT FROM request") == []


async def test_a_supplier_that_was_closed_can_ask_for_nothing(world: World) -> None:
    told = world.supplier.created().organisation.model_copy(update={"sequence": 2, "active": False})
    await world.office.hear(registry.OrganisationChanged(organisation=told))

    answer = await world.client.post("/requests", json=world.order(), headers=world.supplier.asker)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.supplier_not_active")


async def test_what_is_open_or_running_is_named_and_nothing_is_asked(world: World) -> None:
    running = await world.approved(service_ids=world.services[:1])
    waiting = (await world.ask(world.second, service_ids=[str(world.services[1])]))["agreements"][0]["id"]

    answer = await world.client.post(
        "/requests", json=world.order(world.first, world.second), headers=world.supplier.asker
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "agreement.exists")
    assert {(one["agreement_id"], one["service_id"], one["state"]) for one in answer.json()["existing"]} == {
        (running, str(world.services[0]), "approved"),
        (waiting, str(world.services[1]), "requested"),
    }
    assert "Aabenraa Kommune: Opslag 0 1" in answer.json()["detail"]
    # What the municipality left out of its approval is free to be asked for again.
    again = await world.ask(world.first, service_ids=[str(one) for one in world.services[1:]])
    assert again["counts"]["requested"] == 1


@pytest.mark.parametrize(("act", "body"), [("reject", {"reason": "Ikke nu"}), ("withdraw", None)])
async def test_what_came_to_nothing_can_be_asked_for_again(
    world: World, act: str, body: dict[str, Any] | None
) -> None:
    agreement = await world.asked()
    who = world.supplier.asker if act == "withdraw" else world.first.signatory
    assert (await world.act(agreement, act, who, body)).status_code == 200

    assert await world.asked() != agreement


async def test_two_that_ask_for_the_same_at_once_get_one_request_and_one_conflict(world: World) -> None:
    answers = await asyncio.gather(
        *(world.client.post("/requests", json=world.order(), headers=world.supplier.asker) for _ in range(4))
    )

    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    assert len(await world.office.said(AgreementRequested)) == 1


async def test_the_same_key_and_body_give_the_same_answer_byte_for_byte(world: World) -> None:
    headers = {**world.supplier.asker, "Idempotency-Key": "bestilling-1"}

    answers = await asyncio.gather(
        *(world.client.post("/requests", json=world.order(), headers=headers) for _ in range(3))
    )
    made = answers[0].json()
    await world.act(made["agreements"][0]["id"], "approve", world.first.signatory)
    later = await world.client.post("/requests", json=world.order(), headers=headers)

    assert {(one.status_code, one.content) for one in (*answers, later)} == {(201, answers[0].content)}
    assert len(await world.office.said(AgreementRequested)) == 1


async def test_a_key_is_for_one_body_and_one_supplier(world: World) -> None:
    key = {"Idempotency-Key": "bestilling-1"}
    await world.client.post("/requests", json=world.order(), headers={**world.supplier.asker, **key})

    other_body = await world.client.post(
        "/requests", json=world.order(world.second), headers={**world.supplier.asker, **key}
    )
    other_supplier = await world.client.post(
        "/requests",
        json=world.order(world.second, system_id=str(world.both_system)),
        headers={**world.both.asker, **key},
    )

    assert (other_body.status_code, other_body.json()["code"]) == (409, "idempotency.key_reused")
    assert other_supplier.status_code == 201


async def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    headers = {**world.supplier.asker, "Idempotency-Key": "bestilling-1"}
    refused = await world.client.post("/requests", json=world.order(purpose="kort"), headers=headers)
    unknown = await world.client.post("/requests", json=world.order(system_id=str(uuid4())), headers=headers)

    taken = await world.client.post("/requests", json=world.order(), headers=headers)

    assert [refused.status_code, unknown.status_code, taken.status_code] == [422, 422, 201]


async def test_answers_are_forgotten_after_a_month(world: World) -> None:
    headers = {**world.supplier.asker, "Idempotency-Key": "bestilling-1"}
    await world.client.post("/requests", json=world.order(), headers=headers)
    await world.office.move_clock(timedelta(days=29))
    await forget_answers(world.office.running)
    assert (await world.client.post("/requests", json=world.order(), headers=headers)).status_code == 201

    await world.office.move_clock(timedelta(days=2))
    await forget_answers(world.office.running)

    again = await world.client.post("/requests", json=world.order(), headers=headers)
    assert again.json()["code"] == "agreement.exists"


async def test_only_suppliers_people_ask_and_only_they_and_helpdesk_look(world: World) -> None:
    made = await world.ask()
    asking = {
        "supplier user": (world.other_supplier.signed_in("user"), 422),
        "supplier economy": (world.supplier.signed_in("economy"), 403),
        "municipality administrator": (world.first.administrator, 403),
        "municipality signatory": (world.first.signatory, 403),
        "helpdesk": (tokens.as_helpdesk(), 403),
        "system": (tokens.as_system(world.system, world.supplier.id), 403),
        "nobody": ({}, 401),
    }
    for who, (headers, status) in asking.items():
        answer = await world.client.post("/requests", json=world.order(world.second), headers=headers)
        assert answer.status_code == status, who
    looking = {
        "own administrator": (world.supplier.administrator, 200),
        "helpdesk": (tokens.as_helpdesk(), 200),
        "other supplier": (world.other_supplier.administrator, 404),
        "municipality": (world.first.signatory, 403),
        "system": (tokens.as_system(world.system, world.supplier.id), 403),
        "nobody": ({}, 401),
    }
    for who, (headers, status) in looking.items():
        answer = await world.client.get(f"/requests/{made['id']}", headers=headers)
        assert answer.status_code == status, who
    foreign = (await world.client.get("/requests", headers=world.other_supplier.asker)).json()
    all_of_them = (await world.client.get("/requests", headers=tokens.as_helpdesk())).json()
    assert (foreign["items"], len(all_of_them["items"])) == ([], 1)
