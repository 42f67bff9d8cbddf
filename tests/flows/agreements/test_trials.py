"""Trial connections: open at once, for the platform's own test municipality, without anybody's approval."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.agreements.__main__ import SERVICE
from services.agreements.actions.trial import restate as restate_trials
from shared.contracts import registry
from shared.contracts.agreements import (
    AgreementApproved,
    AgreementRequested,
    AgreementRestated,
    TrialClosed,
    TrialOpened,
    TrialRestated,
)
from tests import tokens
from tests.flows.agreements.conftest import Office, World


async def opened(world: World, **changes: Any) -> httpx.Response:
    body = {
        "system_id": str(world.test_system),
        "service_ids": [str(one) for one in world.services[:2]],
        **changes,
    }
    return await world.client.post("/trials", json=body, headers=world.supplier.asker)


async def test_a_trial_is_open_at_once_for_the_test_municipality(world: World) -> None:
    answer = await opened(world)

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["state"], told["municipality_id"]) == ("open", str(world.test.id))
    assert told["valid"][0]["ends"] is None
    [event] = await world.office.said(TrialOpened)
    assert [line.service_id for line in event.trial.lines] == world.services[:2]
    assert event.trial.municipality_name == "Testkommunen"


async def test_a_closed_trial_has_a_closed_span_and_its_services_can_be_opened_anew(world: World) -> None:
    trial = (await opened(world)).json()["id"]

    closed = await world.client.post(f"/trials/{trial}/close", headers=world.supplier.asker)
    again = await world.client.post(f"/trials/{trial}/close", headers=world.supplier.asker)

    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    assert closed.json()["valid"][0]["ends"] is not None
    assert (again.status_code, again.json()["code"]) == (409, "trial.already_closed")
    [event] = await world.office.said(TrialClosed)
    assert (event.by, event.trial.sequence) == ("supplier", 2)
    found = (await world.client.get(f"/trials/{trial}", headers=world.supplier.asker)).json()
    assert [one["what"] for one in found["timeline"]] == ["opened", "closed"]
    assert (await opened(world)).status_code == 201


async def test_of_many_closing_at_once_one_closes(world: World) -> None:
    trial = (await opened(world)).json()["id"]

    answers = await asyncio.gather(
        *(world.client.post(f"/trials/{trial}/close", headers=world.supplier.asker) for _ in range(4))
    )

    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    assert len(await world.office.said(TrialClosed)) == 1


async def test_every_rule_refuses_with_its_own_code(world: World) -> None:
    await opened(world)
    refused: list[tuple[int, str, dict[str, Any]]] = [
        (422, "trial.system_unknown", {"system_id": str(uuid4())}),
        (422, "trial.system_unknown", {"system_id": str(world.both_system)}),
        (422, "trial.system_in_production", {"system_id": str(world.system)}),
        (422, "trial.service_unknown", {"service_ids": [str(uuid4())]}),
        (409, "trial.exists", {"service_ids": [str(one) for one in world.services]}),
        (422, "request.not_valid", {"service_ids": []}),
    ]
    for status, code, changes in refused:
        answer = await opened(world, **changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert len(await world.office.said(TrialOpened)) == 1


async def test_without_a_test_municipality_there_is_no_trial(world: World) -> None:
    gone = world.test.created().organisation.model_copy(update={"sequence": 2, "active": False})
    await world.office.hear(registry.OrganisationChanged(organisation=gone))

    answer = await opened(world)

    assert (answer.status_code, answer.json()["code"]) == (409, "trial.no_test_municipality")


async def test_who_opens_sees_and_closes(world: World) -> None:
    body = {"system_id": str(world.test_system), "service_ids": [str(world.services[2])]}
    others = {
        "municipality": (world.first.signatory, 403, 403),
        "supplier economy": (world.supplier.signed_in("economy"), 403, 403),
        "system": (tokens.as_system(world.test_system, world.supplier.id), 403, 403),
        "other supplier": (world.other_supplier.administrator, 422, 404),
        "helpdesk": (tokens.as_helpdesk(), 403, 200),
        "nobody": ({}, 401, 401),
    }
    trial = (await opened(world)).json()["id"]
    for who, (headers, opening, seeing) in others.items():
        assert (await world.client.post("/trials", json=body, headers=headers)).status_code == opening, who
        assert (await world.client.get(f"/trials/{trial}", headers=headers)).status_code == seeing, who
        page = await world.client.get("/trials", headers=headers)
        if page.status_code == 200:
            assert len(page.json()["items"]) == (1 if who == "helpdesk" else 0), who
        if who != "helpdesk":
            closing = await world.client.post(f"/trials/{trial}/close", headers=headers)
            assert closing.status_code == seeing, who
    closed = await world.client.post(f"/trials/{trial}/close", headers=tokens.as_helpdesk())
    assert closed.status_code == 200
    [event] = await world.office.said(TrialClosed)
    assert event.by == "operator"


async def test_copies_keep_the_newest_whatever_the_order(world: World) -> None:
    told = world.registered(world.system, world.supplier).system
    paused = told.model_copy(update={"sequence": 5, "state": "paused"})

    await world.office.hear(
        registry.SystemRestated(system=paused),
        registry.SystemChanged(system=told.model_copy(update={"sequence": 4, "state": "registered"})),
        registry.SystemRegistered(system=told),
    )

    answer = await world.client.post("/requests", json=world.order(), headers=world.supplier.asker)
    assert answer.json()["code"] == "request.system_paused"


async def test_restating_says_everything_as_it_stands(world: World) -> None:
    running, waiting = await world.approved(), await world.asked(world.second)
    await opened(world)
    office: Office = world.office
    async with office.running.database.transaction() as tx:
        said = await SERVICE.restate["agreement"](tx)
        assert await restate_trials(tx) == 1

    assert said == 2
    restated = {event.agreement.id: event.agreement for event in await office.said(AgreementRestated)}
    told = {event.agreement.id: event.agreement for event in await office.said(AgreementRequested, AgreementApproved)}
    assert restated == told
    assert {str(one) for one in restated} == {running, waiting}
    [trial] = await office.said(TrialRestated)
    assert trial.trial == (await office.said(TrialOpened))[0].trial


@pytest.mark.parametrize("path", ["/openapi.json", "/healthz", "/readyz"])
async def test_the_service_answers_for_itself(world: World, path: str) -> None:
    assert (await world.client.get(path)).status_code == 200
