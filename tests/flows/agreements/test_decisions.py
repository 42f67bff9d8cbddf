"""Deciding and ending an agreement: what is said, what is remembered, and who may."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.agreements.domain.agreement import Withdraw, decide
from services.agreements.store import agreements as store
from shared.contracts import registry
from shared.contracts.agreements import (
    AgreementApproved,
    AgreementNoticeResent,
    AgreementRejected,
    AgreementTerminated,
    AgreementWithdrawn,
)
from tests import tokens
from tests.flows.agreements.conftest import World


async def test_approval_opens_all_services_and_shows_the_technical_details(world: World) -> None:
    agreement = await world.asked()
    before = (await world.client.get(f"/agreements/{agreement}", headers=world.supplier.asker)).json()

    answer = await world.act(agreement, "approve", world.first.signatory)

    assert before["technical"] is None
    assert answer.status_code == 200
    told = answer.json()
    assert (told["state"], {line["decision"] for line in told["services"]}) == ("approved", {"approved"})
    [event] = await world.office.said(AgreementApproved)
    [span] = event.agreement.valid
    assert (span.starts, span.ends) == (event.agreement.decided_at, None)
    assert event.agreement.sequence == 2
    after = (await world.client.get(f"/agreements/{agreement}", headers=world.supplier.asker)).json()
    assert after["technical"] == {
        "agreement_id": agreement,
        "system_id": str(world.system),
        "municipality_id": str(world.first.id),
        "service_ids": [str(one) for one in world.services],
    }
    assert [(one["what"], one["by"], one["person_id"]) for one in after["timeline"]] == [
        ("requested", "supplier", str(world.supplier.person)),
        ("approved", "municipality", str(world.first.person)),
    ]


async def test_approving_some_services_rejects_the_others(world: World) -> None:
    agreement = await world.approved(service_ids=world.services[:2])

    found = (await world.client.get(f"/agreements/{agreement}", headers=world.first.signatory)).json()

    assert [line["decision"] for line in found["services"]] == ["approved", "approved", "rejected"]
    assert found["technical"]["service_ids"] == [str(one) for one in world.services[:2]]
    assert found["timeline"][-1]["what"] == "partly_approved"


async def test_only_services_of_the_request_can_be_approved(world: World) -> None:
    agreement = await world.asked()

    answer = await world.act(agreement, "approve", world.first.signatory, {"service_ids": [str(uuid4())]})

    assert (answer.status_code, answer.json()["code"]) == (422, "agreement.service_not_asked_for")
    assert await world.office.said(AgreementApproved) == []


async def test_what_was_shut_since_can_not_be_approved(world: World) -> None:
    agreement = await world.asked()
    closed = world.service(1).service.model_copy(update={"sequence": 2, "state": "closed"})
    await world.office.hear(registry.ServiceChanged(service=closed))

    whole = await world.act(agreement, "approve", world.first.signatory)
    others = [str(world.services[0]), str(world.services[2])]
    some = await world.act(agreement, "approve", world.first.signatory, {"service_ids": others})

    assert (whole.status_code, whole.json()["code"]) == (409, "agreement.service_not_open")
    assert whole.json()["service_ids"] == [str(world.services[1])]
    assert some.status_code == 200


async def test_a_deactivated_systems_request_can_only_be_rejected(world: World) -> None:
    agreement = await world.asked()
    told = world.registered(world.system, world.supplier).system
    gone = told.model_copy(update={"sequence": 2, "state": "deactivated"})
    await world.office.hear(registry.SystemChanged(system=gone))

    approval = await world.act(agreement, "approve", world.first.signatory)
    rejection = await world.act(agreement, "reject", world.first.signatory, {"reason": "Systemet er lukket"})

    assert (approval.status_code, approval.json()["code"]) == (409, "agreement.system_deactivated")
    assert rejection.status_code == 200


async def test_rejection_carries_its_reason_to_the_supplier(world: World) -> None:
    agreement = await world.asked()

    await world.act(agreement, "reject", world.first.signatory, {"reason": "  Formålet er for bredt  "})

    found = (await world.client.get(f"/agreements/{agreement}", headers=world.supplier.asker)).json()
    assert (found["state"], found["reason"]) == ("rejected", "Formålet er for bredt")
    assert found["timeline"][-1]["reason"] == "Formålet er for bredt"
    assert found["technical"] is None
    [event] = await world.office.said(AgreementRejected)
    assert event.agreement.reason == "Formålet er for bredt"
    assert event.agreement.valid == ()


async def test_withdrawing_is_for_what_nobody_has_decided(world: World) -> None:
    waiting, running = await world.asked(world.second), await world.approved()

    withdrawn = await world.act(waiting, "withdraw", world.supplier.asker)
    refused = await world.act(running, "withdraw", world.supplier.asker)
    too_late = await world.act(waiting, "approve", world.second.signatory)

    assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
    assert (refused.status_code, refused.json()["code"]) == (409, "agreement.already_decided")
    assert (too_late.status_code, too_late.json()["code"]) == (409, "agreement.withdrawn")
    assert len(await world.office.said(AgreementWithdrawn)) == 1


async def test_each_side_and_helpdesk_can_terminate_and_the_span_closes_then(world: World) -> None:
    sides: list[tuple[dict[str, str], str]] = [
        (world.first.signatory, "municipality"),
        (world.supplier.administrator, "supplier"),
        (tokens.as_helpdesk(), "operator"),
    ]
    for headers, by in sides:
        agreement = await world.approved()
        await world.office.move_clock(timedelta(days=1))

        answer = await world.act(agreement, "terminate", headers, {"reason": "Kontrakten er ophørt"})

        assert answer.status_code == 200, answer.text
        event = (await world.office.said(AgreementTerminated))[-1]
        assert (event.by, event.agreement.sequence) == (by, 3)
        [span] = event.agreement.valid
        assert span.ends - span.starts >= timedelta(days=1)
        again = await world.act(agreement, "terminate", headers, {"reason": "En gang til"})
        assert (again.status_code, again.json()["code"]) == (409, "agreement.not_running")


async def test_what_is_not_decided_can_not_be_terminated(world: World) -> None:
    agreement = await world.asked()

    answer = await world.act(agreement, "terminate", world.first.signatory, {"reason": "For tidligt"})

    assert (answer.status_code, answer.json()["code"]) == (409, "agreement.not_running")


async def test_the_notice_is_resent_at_most_once_an_hour(world: World) -> None:
    agreement = await world.asked()

    first = await world.act(agreement, "resend-notice", world.supplier.asker)
    at_once = await world.act(agreement, "resend-notice", world.supplier.asker)
    await world.office.move_clock(timedelta(minutes=61))
    later = await world.act(agreement, "resend-notice", world.supplier.asker)

    assert (first.status_code, at_once.status_code, later.status_code) == (200, 429, 200)
    assert at_once.json()["code"] == "agreement.notice_resent_recently"
    assert datetime.fromisoformat(at_once.json()["again_at"]).tzinfo is not None
    assert [event.sequence for event in await world.office.said(AgreementNoticeResent)] == [2, 3]
    await world.act(agreement, "approve", world.first.signatory)
    decided = await world.act(agreement, "resend-notice", world.supplier.asker)
    assert (decided.status_code, decided.json()["code"]) == (409, "agreement.already_decided")


async def test_of_many_deciding_at_once_one_decides(world: World) -> None:
    agreement = await world.asked()

    answers = await asyncio.gather(
        *(world.act(agreement, "approve", world.first.signatory) for _ in range(3)),
        *(world.act(agreement, "reject", world.first.signatory, {"reason": "Nej tak"}) for _ in range(3)),
    )

    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409, 409, 409]
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"agreement.already_decided"}
    assert len(await world.office.said(AgreementApproved, AgreementRejected)) == 1
    assert len(await world.office.fetch("SELECT FROM agreement_history WHERE sequence = 2")) == 1


async def test_the_database_guards_a_transition_even_without_the_lock(world: World) -> None:
    agreement = UUID(await world.asked())
    async with world.office.running.database.transaction() as tx:
        stored = await store.find_agreement(tx.connection, agreement)
        assert stored is not None
        outcome = decide(stored.agreement, Withdraw(), tx.now)
    await world.act(str(agreement), "approve", world.first.signatory)

    async with world.office.running.database.transaction() as tx:
        saved = await store.save(tx.connection, outcome, "withdraw")

    assert not saved


async def test_a_municipality_that_is_a_supplier_acts_as_either(world: World) -> None:
    order = world.order(world.both, system_id=str(world.both_system))
    made = await world.client.post("/requests", json=order, headers=world.both.asker)
    agreement = made.json()["agreements"][0]["id"]

    as_supplier_only = await world.act(agreement, "approve", world.both.administrator)
    decided = await world.act(agreement, "approve", world.both.signatory)
    ended = await world.act(agreement, "terminate", world.both.administrator, {"reason": "Som leverandør"})

    assert made.status_code == 201
    assert (as_supplier_only.status_code, as_supplier_only.json()["code"]) == (403, "rights.role_missing")
    assert decided.status_code == 200
    assert ended.status_code == 200
    [event] = await world.office.said(AgreementTerminated)
    assert event.by == "supplier"


ACTS: list[tuple[str, dict[str, Any] | None, set[str]]] = [
    ("approve", None, {"municipality signatory"}),
    ("reject", {"reason": "Ikke nu"}, {"municipality signatory"}),
    ("withdraw", None, {"supplier administrator", "supplier user"}),
    ("resend-notice", None, {"supplier administrator", "supplier user"}),
    ("terminate", {"reason": "Slut"}, {"municipality signatory", "supplier administrator", "helpdesk"}),
]
UNKNOWING = {"other supplier", "other municipality"}
OUTSIDERS = {"system", "supplier economy"}


def _everyone(world: World) -> dict[str, dict[str, str]]:
    return {
        **{f"municipality {role}": world.first.signed_in(role) for role in ("administrator", "user", "economy")},
        "municipality signatory": world.first.signatory,
        "supplier administrator": world.supplier.administrator,
        "supplier user": world.supplier.asker,
        "supplier economy": world.supplier.signed_in("economy"),
        "other supplier": world.other_supplier.administrator,
        "other municipality": world.second.signatory,
        "helpdesk": tokens.as_helpdesk(),
        "system": tokens.as_system(world.system, world.supplier.id),
        "nobody": {},
    }


def _refusal(who: str) -> int:
    if who == "nobody":
        return 401
    return 404 if who in UNKNOWING else 403


@pytest.mark.parametrize(("act", "body", "may"), ACTS, ids=[act for act, _, _ in ACTS])
async def test_who_may_do_what(world: World, act: str, body: dict[str, Any] | None, may: set[str]) -> None:
    everyone = _everyone(world)
    agreement = await world.approved() if act == "terminate" else await world.asked()

    for who, headers in everyone.items():
        if who not in may:
            answer = await world.act(agreement, act, headers, body)
            assert answer.status_code == _refusal(who), f"{who}: {answer.text}"
    for who in sorted(may):
        other = await world.act(agreement, act, everyone[who], body)
        # Whoever comes after the first is refused by the state of things, not for want of a right.
        assert other.status_code in {200, 409, 429}, f"{who}: {other.text}"
    states = await world.office.fetch("SELECT what FROM agreement_history ORDER BY position DESC LIMIT 1")
    assert states[0]["what"] != "requested"


async def test_who_sees_an_agreement(world: World) -> None:
    agreement = await world.asked()

    for who, headers in _everyone(world).items():
        one = await world.client.get(f"/agreements/{agreement}", headers=headers)
        page = await world.client.get("/agreements", headers=headers)
        if who == "nobody":
            assert (one.status_code, page.status_code) == (401, 401)
        elif who in OUTSIDERS:
            assert (one.status_code, page.status_code) == (403, 403), who
        elif who in UNKNOWING:
            assert (one.status_code, page.json()["items"]) == (404, []), who
        else:
            assert (one.status_code, [item["id"] for item in page.json()["items"]]) == (200, [agreement]), who


async def test_a_list_is_narrowed_and_paged_without_showing_others(world: World) -> None:
    first, second = await world.asked(world.first), await world.asked(world.second)
    await world.act(second, "approve", world.second.signatory)
    headers = world.supplier.asker

    async def ids(query: str, headers: dict[str, str] = headers) -> list[str]:
        answer = await world.client.get(f"/agreements?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await ids("") == [second, first]
    assert await ids("state=approved") == [second]
    assert await ids(f"municipality_id={world.first.id}") == [first]
    assert await ids(f"system_id={uuid4()}") == []
    assert await ids(f"after={second}&limit=1") == [first]
    assert await ids(f"municipality_id={world.second.id}", world.first.signatory) == []
    foreign = await world.client.get(f"/agreements?after={second}", headers=world.first.signatory)
    assert (foreign.status_code, foreign.json()["code"]) == (422, "page.after_unknown")


async def test_history_and_audit_can_not_be_changed_by_the_service(world: World) -> None:
    await world.approved()

    for table in ("agreement_history", "trial_history", "audit"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET at = at", f"TRUNCATE {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await world.office.fetch(statement)
