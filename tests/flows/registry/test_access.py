"""Agreements and trials open and close access; the decision says which thing stands in the way."""

import asyncio
import itertools
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.authority import Authority, Issued
from services.registry.__main__ import SERVICE
from shared.contracts.agreements import (
    Agreement,
    AgreementApproved,
    AgreementRestated,
    AgreementTerminated,
    TrialClosed,
    TrialOpened,
)
from shared.contracts.event import Event, Interval
from shared.contracts.metering import Count, Usage, UsageCounted, UsageRestated
from shared.contracts.registry import AccessEnded, AccessGranted, AccessRestated
from tests.flows.registry.conftest import Registry
from tests.flows.registry.people import MUNICIPALITY
from tests.flows.registry.systems import (
    MOMENT,
    Supplier,
    agreement,
    ask_access,
    hear,
    issue,
    municipality,
    service,
    supplier,
    trial,
    x5t,
)
from tests.tokens import as_helpdesk, as_person, as_system


@dataclass(frozen=True)
class Scene:
    """A supplier with one registered system, a municipality and a service."""

    registry: Registry
    supplier: Supplier
    issued: Issued
    system: dict[str, Any]
    municipality: UUID
    service: UUID

    async def ask(self, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        return await ask_access(
            self.registry, headers or as_helpdesk(), self.issued, self.service, self.municipality, **more
        )

    def agreed(self, **changes: Any) -> Agreement:
        return agreement(self.system, self.municipality, [self.service], **changes)


@pytest.fixture
async def scene(registry: Registry, authority: Authority) -> Scene:
    ours = await supplier(registry)
    issued = issue(authority)
    return Scene(
        registry, ours, issued, await ours.register(issued), await municipality(registry), await service(registry)
    )


async def test_access_opens_with_the_approval_and_closes_with_the_termination(scene: Scene) -> None:
    before = await scene.ask()
    approved = scene.agreed()
    assert await hear(scene.registry, AgreementApproved(agreement=approved))
    open_ = await scene.ask()
    ended = scene.agreed(agreement_id=approved.id, sequence=3, ended=True)
    assert await hear(scene.registry, AgreementTerminated(agreement=ended, by="municipality"))
    after = await scene.ask()

    assert (before["allowed"], before["reason"], before["access_id"]) == (False, "agreement.none", None)
    assert (open_["allowed"], open_["reason"], open_["source"]) == (True, "allowed", "agreement")
    assert (open_["source_id"], open_["system_id"]) == (str(approved.id), scene.system["id"])
    assert (after["allowed"], after["reason"], after["access_id"]) == (False, "agreement.ended", open_["access_id"])
    (granted,) = [event.access for event in await scene.registry.said(AccessGranted)]
    (closed,) = [event.access for event in await scene.registry.said(AccessEnded)]
    assert granted.id == closed.id == UUID(open_["access_id"])
    assert (granted.sequence, closed.sequence) == (1, 2)
    assert (granted.valid, closed.valid) == (approved.valid, ended.valid)
    assert granted.municipality_cvr == MUNICIPALITY["cvr"]
    assert (granted.supplier_id, granted.municipality_id) == (scene.supplier.id, scene.municipality)


async def test_each_thing_that_stands_in_the_way_has_its_own_reason(scene: Scene, authority: Authority) -> None:
    registry = scene.registry
    assert await hear(registry, AgreementApproved(agreement=scene.agreed()))

    async def reason(service_id: object = None, municipality_id: object = None, **more: Any) -> str:
        answer = await ask_access(
            registry,
            as_helpdesk(),
            more.pop("issued", scene.issued),
            service_id or scene.service,
            municipality_id or scene.municipality,
            **more,
        )
        assert answer["allowed"] is (answer["reason"] == "allowed")
        assert answer["detail"].endswith(".")
        return answer["reason"]

    other_service = await service(registry, name="Organisation")
    path = f"/systems/{scene.system['id']}"
    assert await reason() == "allowed"
    assert await reason(environment="production") == "allowed"
    assert await reason(municipality_id=MUNICIPALITY["cvr"]) == "allowed"
    assert await reason(issued=issue(authority)) == "certificate.unknown"
    assert await reason(environment="test") == "environment.wrong"
    assert await reason(uuid4()) == "service.unknown"
    assert await reason(municipality_id=uuid4()) == "municipality.unknown"
    assert await reason(municipality_id=scene.supplier.id) == "municipality.unknown"
    assert await reason(municipality_id="99999999") == "municipality.unknown"
    assert await reason(other_service) == "agreement.none"

    async def set_service(state: str) -> None:
        answer = await registry.client.patch(
            f"/services/{scene.service}", json={"state": state}, headers=as_helpdesk()
        )
        assert answer.status_code == 200

    await set_service("locked")
    assert await reason() == "allowed"
    await set_service("closed")
    assert await reason() == "service.closed"
    await set_service("open")
    await scene.supplier.post(f"{path}/pause")
    assert await reason() == "system.paused"
    await scene.supplier.post(f"{path}/resume")
    assert await reason() == "allowed"
    renewed = issue(authority, subject_serial=scene.issued.subject_serial)
    await scene.supplier.post(f"{path}/certificates", {"certificate": renewed.certificate_pem.decode()})
    assert await reason(issued=renewed) == "allowed"
    await scene.supplier.post(f"{path}/certificates/{scene.system['certificates'][0]['id']}/end")
    assert await reason() == "certificate.ended"
    await scene.supplier.post(f"{path}/deactivate")
    assert await reason(issued=renewed) == "system.deactivated"


async def test_a_certificate_that_ran_out_is_told_from_an_unknown_one(scene: Scene) -> None:
    assert await hear(scene.registry, AgreementApproved(agreement=scene.agreed()))
    ahead = datetime.now(UTC) + timedelta(days=4 * 365)
    moved = await scene.registry.client.post("/clock", json={"to": ahead.isoformat()}, headers=as_helpdesk())
    assert moved.status_code == 200, moved.text
    async with scene.registry.running.database.pool.acquire() as connection:
        await scene.registry.running.clock.refresh(connection)

    answer = await scene.ask()

    assert answer["reason"] == "certificate.expired"
    assert datetime.fromisoformat(answer["at"]) >= ahead - timedelta(seconds=1)


async def test_the_order_in_which_an_agreement_is_heard_of_does_not_matter(scene: Scene) -> None:
    spans = (
        Interval(starts=MOMENT, ends=MOMENT + timedelta(hours=1)),
        Interval(starts=MOMENT + timedelta(days=1)),
    )
    for number, order in enumerate(itertools.permutations(range(3))):
        called = await service(scene.registry, name=f"Tjeneste {number}")
        first = agreement(scene.system, scene.municipality, [called], sequence=2)
        ended = agreement(scene.system, scene.municipality, [called], agreement_id=first.id, sequence=3, ended=True)
        last = first.model_copy(update={"sequence": 4, "valid": spans})
        events: list[Event] = [
            AgreementApproved(agreement=first),
            AgreementTerminated(agreement=ended, by="supplier"),
            AgreementRestated(agreement=last),
        ]

        for place in order:
            assert await hear(scene.registry, events[place])
            assert await hear(scene.registry, events[place])  # told again, under another event id

        said = [event.access for event in await scene.registry.said(AccessGranted, AccessEnded)]
        said = [access for access in said if access.source_id == first.id]
        assert len({access.id for access in said}) == 1, order
        assert [access.sequence for access in said] == list(range(1, len(said) + 1)), order
        assert said[-1].valid == spans, order
        answer = await ask_access(scene.registry, as_helpdesk(), scene.issued, called, scene.municipality)
        assert answer["reason"] == "allowed", order


async def test_of_many_words_heard_at_once_the_last_holds(scene: Scene) -> None:
    agreement_id = uuid4()
    events = [
        AgreementApproved(agreement=scene.agreed(agreement_id=agreement_id, sequence=number, ended=number % 2 == 1))
        for number in range(1, 13)
    ]

    assert all(await asyncio.gather(*(hear(scene.registry, event) for event in reversed(events))))

    assert (await scene.ask())["reason"] == "allowed"
    said = [event.access for event in await scene.registry.said(AccessGranted, AccessEnded)]
    assert sorted(access.sequence for access in said) == list(range(1, len(said) + 1))


async def test_only_the_approved_services_open(scene: Scene) -> None:
    refused = await service(scene.registry, name="Organisation")
    made = agreement(scene.system, scene.municipality, [scene.service, refused], rejected=(refused,))

    assert await hear(scene.registry, AgreementApproved(agreement=made))

    granted = [event.access.service_id for event in await scene.registry.said(AccessGranted)]
    assert granted == [scene.service]
    answer = await ask_access(scene.registry, as_helpdesk(), scene.issued, refused, scene.municipality)
    assert answer["reason"] == "agreement.none"


async def test_a_restated_request_that_nobody_decided_opens_nothing(scene: Scene) -> None:
    asked = scene.agreed(sequence=1).model_copy(update={"state": "requested", "valid": ()})

    assert await hear(scene.registry, AgreementRestated(agreement=asked))

    assert await scene.registry.said(AccessGranted, AccessEnded) == []
    assert (await scene.ask())["reason"] == "agreement.none"


async def test_a_trial_opens_the_external_test_environment_only(registry: Registry, authority: Authority) -> None:
    ours = await supplier(registry)
    issued = issue(authority)
    system = await ours.register(issued, environment="test")
    testers = await municipality(registry, name="Testkommune", cvr="11111111", municipality_code=None, test=True)
    called = await service(registry)
    opened = trial(system, testers, [called])

    assert await hear(registry, TrialOpened(trial=opened))

    answer = await ask_access(registry, as_helpdesk(), issued, called, testers)
    assert (answer["reason"], answer["source"], answer["source_id"]) == ("allowed", "trial", str(opened.id))
    assert (await ask_access(registry, as_helpdesk(), issued, called, "11111111"))["allowed"] is True
    wrong = await ask_access(registry, as_helpdesk(), issued, called, testers, environment="production")
    assert wrong["reason"] == "environment.wrong"
    closed = opened.model_copy(
        update={
            "sequence": 2,
            "state": "closed",
            "valid": (Interval(starts=MOMENT, ends=MOMENT + timedelta(days=1)),),
        }
    )
    assert await hear(registry, TrialClosed(trial=closed, by="supplier"))
    assert (await ask_access(registry, as_helpdesk(), issued, called, testers))["reason"] == "agreement.ended"


async def test_a_production_system_knows_no_test_municipality(scene: Scene) -> None:
    testers = await municipality(
        scene.registry, name="Testkommune", cvr="11111111", municipality_code=None, test=True
    )

    answer = await ask_access(scene.registry, as_helpdesk(), scene.issued, scene.service, testers)

    assert answer["reason"] == "municipality.unknown"


async def test_what_an_agreement_can_not_say_is_parked_for_a_person(scene: Scene) -> None:
    good = scene.agreed()
    wrong = {
        "municipality": {"municipality_id": uuid4()},
        "a supplier is no municipality": {"municipality_id": scene.supplier.id},
        "system": {"system_id": uuid4()},
        "supplier": {"supplier_id": uuid4()},
        "environment": {"environment": "test"},
        "service": {"lines": (good.lines[0].model_copy(update={"service_id": uuid4()}),)},
    }
    for changes in wrong.values():
        told = good.model_copy(update={"id": uuid4(), **changes})
        assert not await hear(scene.registry, AgreementApproved(agreement=told))

    parked = await scene.registry.fetch("SELECT reason, due_at FROM parked ORDER BY parked_at")
    assert [row["due_at"] for row in parked] == [None] * len(wrong)
    assert len({row["reason"].split(" ", 3)[3] for row in parked}) == len(wrong)
    assert await scene.registry.said(AccessGranted, AccessEnded) == []
    assert await scene.registry.fetch("SELECT * FROM access_sources") == []


async def test_each_may_ask_about_what_is_its_own(scene: Scene, authority: Authority) -> None:
    registry = scene.registry
    assert await hear(registry, AgreementApproved(agreement=scene.agreed()))
    another = issue(authority)
    other_system = await scene.supplier.register(another, name="Andet")
    theirs = await supplier(registry, name="Anden IT ApS", cvr="87654338")
    system_id = UUID(scene.system["id"])
    answers = {
        "helpdesk": (as_helpdesk(), "allowed"),
        "user": (scene.supplier.headers, "allowed"),
        "administrator": (as_person(["supplier"], "administrator", organisation=scene.supplier.id), "allowed"),
        "the system": (as_system(system_id, scene.supplier.id), "allowed"),
        "another system": (as_system(UUID(other_system["id"]), scene.supplier.id), "certificate.unknown"),
        "another supplier": (theirs.headers, "certificate.unknown"),
        "another supplier's system": (as_system(uuid4(), theirs.id), "certificate.unknown"),
        "a system said to be of another": (as_system(system_id, theirs.id), "certificate.unknown"),
    }
    for who, (headers, reason) in answers.items():
        answer = await scene.ask(headers)
        assert answer["reason"] == reason, who
        if reason == "certificate.unknown":
            assert answer["system_id"] is None, who
    params = {
        "certificate": x5t(scene.issued),
        "service": str(scene.service),
        "municipality": str(scene.municipality),
    }
    for headers, status in (
        ({}, 401),
        (as_person(["municipality"], "administrator", organisation=scene.municipality), 403),
        (as_person(["municipality"], "signatory"), 403),
        (as_person(["supplier", "municipality"], "signatory", organisation=scene.supplier.id), 403),
    ):
        answer = await registry.client.get("/access", params=params, headers=headers)
        assert answer.status_code == status


async def test_a_certificate_is_named_by_its_thumbprint_in_either_writing(scene: Scene) -> None:
    hexadecimal = scene.system["certificates"][0]["thumbprint_sha256"]
    params = {"service": str(scene.service), "municipality": str(scene.municipality)}

    async def ask(**changed: str) -> tuple[int, str]:
        answer = await scene.registry.client.get("/access", params={**params, **changed}, headers=as_helpdesk())
        body = answer.json()
        return answer.status_code, body.get("reason") or body["code"]

    for text in (x5t(scene.issued), hexadecimal, hexadecimal.upper()):
        assert await ask(certificate=text) == (200, "agreement.none")
    assert await ask(certificate=hexadecimal[:-1]) == (422, "certificate.thumbprint")
    assert await ask(certificate=x5t(scene.issued) + "=") == (422, "certificate.thumbprint")
    assert await ask(certificate=hexadecimal, municipality="Ærø") == (422, "municipality.not_named")
    assert await ask(certificate=hexadecimal, service="CVR") == (422, "request.not_valid")
    assert await ask(certificate=hexadecimal, environment="live") == (422, "request.not_valid")


def usage(hours: dict[UUID, datetime], *, calls: int = 1, sequence: int = 1) -> Usage:
    made = tuple(
        Count(
            source="agreement",
            source_id=uuid4(),
            access_id=uuid4(),
            environment="production",
            supplier_id=uuid4(),
            system_id=uuid4(),
            municipality_id=uuid4(),
            service_id=uuid4(),
            certificate_id=certificate_id,
            hour=hour,
            billing_quarter="2026Q4",
            calls=calls,
        )
        for certificate_id, hour in hours.items()
    )
    return Usage(id=uuid4(), sequence=sequence, counts=made)


async def test_a_certificates_last_use_is_the_latest_hour_told(scene: Scene) -> None:
    certificate = UUID(scene.system["certificates"][0]["id"])
    hours = [MOMENT + timedelta(hours=number) for number in range(4)]

    async def last() -> str | None:
        shown = (await scene.supplier.get(f"/systems/{scene.system['id']}")).json()
        hour: str | None = shown["certificates"][0]["last_used_hour"]
        return hour

    assert await last() is None
    await hear(scene.registry, UsageCounted(usage=usage({certificate: hours[3]}, calls=0)))
    assert await last() is None
    for number in (1, 2, 0):
        assert await hear(scene.registry, UsageCounted(usage=usage({certificate: hours[number]})))
    assert await hear(scene.registry, UsageRestated(usage=usage({certificate: hours[1]})))
    found = await last()
    assert found is not None
    assert datetime.fromisoformat(found) == hours[2]
    assert not await hear(scene.registry, UsageCounted(usage=usage({uuid.uuid4(): hours[3]})))
    (parked,) = await scene.registry.fetch("SELECT reason FROM parked")
    assert "never bound" in parked["reason"]


async def test_grants_can_be_said_again(scene: Scene) -> None:
    assert await hear(scene.registry, AgreementApproved(agreement=scene.agreed()))
    async with scene.registry.running.database.transaction() as tx:
        assert await SERVICE.restate["access"](tx) == 1

    (granted,) = await scene.registry.said(AccessGranted)
    (restated,) = await scene.registry.said(AccessRestated)
    assert restated.access == granted.access
