"""3 and 4. One request to 20 municipalities, their decisions, and what a decision does to access."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from demo.chapters.people import AT_ONCE, person_at
from demo.chapters.systems import decision
from demo.mails import text
from demo.world import Municipality, System, World, check

ASKED = ("0101", "0147", "0155", "0167", "0173", "0219", "0253", "0265", "0316", "0330",
         "0370", "0400", "0461", "0561", "0607", "0621", "0657", "0730", "0751", "0851")  # fmt: skip
REJECT = {"0155", "0400", "0730"}
LEAVE_OPEN = {"0147", "0316"}
APPROVE_SOME = {"0173", "0621"}
"""These approve the first two of the three services only."""
TERMINATES = "0607"
SERVICES = (1, 2, 3)
"""CPR PersonBaseDataExtended, CVR Online and CPR Service, by their place in the catalogue."""
REASON = "Kommunen bruger ikke systemet endnu; send en ny anmodning, når kontrakten er underskrevet."


@dataclass
class Agreements:
    """What came of the request: agreement ids by municipality code, and which services were approved."""

    request_id: str
    by_code: dict[str, str] = field(default_factory=dict)
    approved: dict[str, list[str]] = field(default_factory=dict)
    access_seconds: list[float] = field(default_factory=list)


async def play(world: World) -> Agreements:
    world.progress.chapter(3, "One request for three services to 20 municipalities, and their answers")
    system = world.systems["Omsorg"]
    asked = [one for one in world.municipalities if one.facts.code in ASKED]
    services = [world.services[place].id for place in SERVICES]
    request = await system.supplier.person.post(
        "/agreements/requests",
        {
            "system_id": system.id,
            "service_ids": services,
            "municipality_ids": [one.id for one in asked],
            "purpose": "Omsorgssystemet slår borgerens stamdata op, når en medarbejder i hjemmeplejen åbner en sag.",
            "expected_calls_per_quarter": 5000,
        },
    )
    found = Agreements(request["id"])
    code_of = {one.id: one.facts.code for one in asked}
    found.by_code = {code_of[one["municipality_id"]]: one["id"] for one in request["agreements"]}
    check(len(found.by_code) == len(ASKED), f"20 agreements were asked for, {len(found.by_code)} are there")
    for one in asked:
        notices = await world.mails.wait("agreement.requested.v1", one.facts.mailbox)
        check(len(notices) == 1, f"{one.name} was to get one notice and got {len(notices)}")
    world.progress.say(f"{len(asked)} municipalities got their notice by e-mail, one each")
    gate = asyncio.Semaphore(AT_ONCE)

    async def sign_in(one: Municipality) -> None:
        async with gate:
            await person_at(world, one)

    await asyncio.gather(*(sign_in(one) for one in asked if one.facts.code not in LEAVE_OPEN))
    world.progress.say(f"{len(asked) - len(LEAVE_OPEN)} signatories followed their invitation and signed in")
    for one in asked:
        await _decide(world, system, one, services, found)
    await _both_hats(world)
    state = await system.supplier.person.get(f"/agreements/requests/{found.request_id}")
    counts = state["counts"]
    wanted = {
        "approved": len(ASKED) - len(REJECT) - len(LEAVE_OPEN),
        "rejected": len(REJECT),
        "requested": len(LEAVE_OPEN),
    }
    check({key: counts.get(key, 0) for key in wanted} == wanted, f"the request's progress is {counts}, not {wanted}")
    world.progress.say(
        f"{wanted['approved']} approved, {wanted['rejected']} rejected, {wanted['requested']} left open"
    )
    await _decision_mails(world, system, wanted)
    world.progress.chapter(4, "Approved means access, within a second; terminated means none")
    times = sorted(found.access_seconds)
    world.progress.say(
        f"approve → access: median {times[len(times) // 2] * 1000:.0f} ms, worst {times[-1] * 1000:.0f} ms"
        f" of {len(times)}"
    )
    await _terminate(world, system, found, services)
    return found


async def _decide(world: World, system: System, one: Municipality, services: list[str], found: Agreements) -> None:
    code, agreement = one.facts.code, found.by_code[one.facts.code]
    if code in LEAVE_OPEN:
        return
    person = await person_at(world, one)
    if code in REJECT:
        await person.post(f"/agreements/agreements/{agreement}/reject", {"reason": REASON})
        return
    chosen = services[:2] if code in APPROVE_SOME else services
    before = await decision(system, one.id, chosen[0])
    check(not before["allowed"], f"{one.name}: access before the decision")
    body = {"service_ids": chosen} if len(chosen) < len(services) else {}
    await person.post(f"/agreements/agreements/{agreement}/approve", body)
    found.access_seconds.append(await seconds_until(world, system, one.id, chosen[0], allowed=True))
    found.approved[code] = chosen
    if len(chosen) < len(services):
        left = await decision(system, one.id, services[-1])
        check(left["reason"] == "agreement.none", f"{one.name}: a service it did not approve: {left['reason']}")


async def seconds_until(
    world: World, system: System, municipality_id: str, service_id: str, *, allowed: bool
) -> float:
    """How long until the access decision is as wanted; fails after `world.access_within` seconds."""
    began = time.perf_counter()
    while True:
        answer = await decision(system, municipality_id, service_id)
        passed = time.perf_counter() - began
        if answer["allowed"] is allowed:
            return passed
        check(passed < world.access_within, f"after {passed:.1f} s access is still {answer['reason']}")
        await asyncio.sleep(0.01)


async def _both_hats(world: World) -> None:
    """The municipality that is a supplier asks itself, and says yes to itself."""
    system = world.systems["Byens Selvbetjening"]
    me = system.supplier
    request = await me.person.post(
        "/agreements/requests",
        {
            "system_id": system.id,
            "service_ids": [world.services[2].id],
            "municipality_ids": [me.id],
            "purpose": "Kommunens egen selvbetjening viser virksomhedens oplysninger for den, der er logget på.",
        },
    )
    await me.person.post(f"/agreements/agreements/{request['agreements'][0]['id']}/approve", {})
    await seconds_until(world, system, me.id, world.services[2].id, allowed=True)
    world.progress.say(f"{me.facts.name} asked itself as supplier and approved as municipality")


async def _decision_mails(world: World, system: System, wanted: dict[str, int]) -> None:
    mailbox = system.supplier.facts.mailbox
    await world.mails.wait("agreement.approved.v1", mailbox, least=wanted["approved"])
    await world.mails.wait("agreement.rejected.v1", mailbox, least=wanted["rejected"])
    mails: list[Any] = [
        mail
        for kind in ("agreement.approved.v1", "agreement.rejected.v1")
        for mail in world.mails.found(kind, mailbox)
    ]
    decided = wanted["approved"] + wanted["rejected"]
    check(len(mails) == decided, f"{system.supplier.facts.name} was to get {decided} mails and got {len(mails)}")
    for mail in world.mails.found("agreement.rejected.v1", mailbox):
        told = " ".join(text(mail).replace("> ", "").split())
        check(REASON in told, f"the mail “{mail['Subject']}” does not say why")
    world.progress.say(f"{system.supplier.facts.name} got an e-mail for each of the {decided} decisions")


async def _terminate(world: World, system: System, found: Agreements, services: list[str]) -> None:
    one = next(one for one in world.municipalities if one.facts.code == TERMINATES)
    person = await person_at(world, one)
    await person.post(
        f"/agreements/agreements/{found.by_code[TERMINATES]}/terminate",
        {"reason": "Kontrakten med leverandøren er ophørt."},
    )
    passed = await seconds_until(world, system, one.id, services[0], allowed=False)
    after = await decision(system, one.id, services[0])
    check(after["reason"] == "agreement.ended", f"after termination: {after['reason']}")
    del found.approved[TERMINATES]
    world.progress.say(f"{one.name} terminated: access was gone after {passed * 1000:.0f} ms")
