"""5 and 6. A quarter of call events, honest and not, and a trial connection that is counted and never billed."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clients.python.call import Call
from clients.python.sender import CallSender
from clients.python.signing import Signer
from demo.chapters.agreements import LEAVE_OPEN, REJECT, TERMINATES, Agreements, seconds_until
from demo.chapters.people import person_at
from demo.chapters.systems import decision
from demo.plan import Planned, Route, calls
from demo.world import Municipality, System, World, check
from shared.quarters import Quarter

WEEKS = 13
DUPLICATED = 0.01
"""Part of the calls that a system sends once more, not knowing whether the first time came through."""
FORGED_A_WEEK = 20
NO_AGREEMENT_A_WEEK = 10
ENDED_A_WEEK = 5
OWN_SHARE = 0.03
"""The part of all calls that the municipality's own system makes."""
LATE = 300
TRIAL_CALLS = 500
SETTLE_SECONDS = 60
BATCH = 100
"""Calls in one message, as a busy system sends them."""
COST_KEYS = ("", "", "Hjemmepleje", "Plejecenter")


@dataclass
class Sent:
    """What was measured on the way, and who sends."""

    quarter: Quarter
    rate: float = 0.0
    access_median_ms: int = 0
    access_worst_ms: int = 0
    senders: dict[str, CallSender] = field(default_factory=dict)


async def play(world: World, found: Agreements) -> Sent:
    quarter = Quarter.of(await world.now()).next
    sent = Sent(
        quarter,
        access_median_ms=round(statistics.median(found.access_seconds) * 1000),
        access_worst_ms=round(max(found.access_seconds) * 1000),
    )
    world.progress.chapter(5, f"{quarter.danish}: {WEEKS} weeks of signed call events")
    async with AsyncExitStack() as stack:
        for system in world.systems.values():
            sent.senders[system.name] = await stack.enter_async_context(sender_of(world, system))
        forger = await stack.enter_async_context(sender_of(world, world.systems["Omsorg"]))
        # Signed in like the system, but it signs calls with another key than the certificate's.
        forger.signer = Signer(world.systems["Omsorg"].issued.certificate_pem, _another_key())
        sent.senders["forger"] = forger
        took = 0.0
        for week in range(WEEKS):
            took += await _week(world, found, sent, week)
        sent.rate = sum(world.truth.sent.values()) / took
        await _overviews(world, found, quarter)
        await _trial(world, sent)
    sent.senders.clear()
    return sent


def sender_of(world: World, system: System) -> CallSender:
    """The client library as the system's supplier uses it."""
    return CallSender(
        system_id=system.id,
        certificate_pem=system.issued.certificate_pem,
        private_key_pem=system.issued.private_key_pem,
        token_url=f"{world.api.base_url}/registry/oauth/token",
        broker_host=world.broker_host,
        broker_port=world.broker_port,
        tls=world.broker_tls,
        environment=system.environment,
        batch=BATCH,
    )


def routes_of(world: World, found: Agreements, whose: Sequence[Municipality]) -> list[Route]:
    """What the first system may call for these municipalities; some are named by UUID, some by CVR number."""
    routes = []
    for one in whose:
        weight = world.weights.setdefault(one.facts.code, 1 + 6 * world.chance.random())
        for place, service in enumerate(found.approved.get(one.facts.code, [])):
            named = one.facts.cvr if place == 1 else one.id
            routes.append(Route(one.id, named, service, weight * (3, 2, 1)[place], COST_KEYS))
    return routes


async def send_billable(
    world: World, sent: Sent, system_name: str, planned: Sequence[Planned], *, billing: str
) -> None:
    """Send calls that are to be counted and paid for in the quarter `billing`."""
    system = world.systems[system_name]
    own = None
    if system_name not in sent.senders:
        own = sent.senders[system_name] = await sender_of(world, system).__aenter__()
    for call in planned:
        billed = (billing, system.supplier.facts.name, system.name, call.service_id, str(Quarter.of(call.at)))
        world.truth.call(call.municipality_id, "counted", billed)
    await _send(sent, system_name, planned)
    if own is not None:
        await sent.senders.pop(system_name).__aexit__(None, None, None)


async def settle(world: World, sent: Sent) -> None:
    """Wait until metering has judged everything that was sent. Raises StoryFailed after a minute without an end."""
    total = sum(world.truth.sent.values())
    began = time.monotonic()
    while True:
        known = (await world.desk.get("/metering/reconciliation", quarter=str(sent.quarter)))["everything"]
        if known["sent"] == total:
            check(known["equal"], f"counted, refused and duplicates do not add up to what was sent: {known}")
            return
        check(known["sent"] < total, f"{total} calls were sent and metering knows of {known['sent']}")
        check(time.monotonic() - began < SETTLE_SECONDS, f"{known['sent']} of {total} calls after a minute")
        await asyncio.sleep(0.05)


async def _send(sent: Sent, sender: str, planned: Sequence[Planned]) -> None:
    await sent.senders[sender].send(
        Call(
            id=call.id,
            time=call.at,
            service=call.service_id,
            municipality=call.municipality_named,
            accounting_info=call.accounting_info,
        )
        for call in planned
    )


async def _week(world: World, found: Agreements, sent: Sent, week: int) -> float:
    """Move the clock a week, then send that week's calls; returns the seconds from first send to last count."""
    quarter = sent.quarter
    starts = quarter.starts + timedelta(days=7 * week)
    # The trial connection's two hours still lie in the quarter.
    ends = min(starts + timedelta(days=7), quarter.ends - timedelta(hours=4))
    await world.move_clock(ends)
    active = [one for one in world.municipalities if one.facts.code in found.approved]
    number = world.calls // WEEKS + 1
    own = int(number * OWN_SHARE)
    began = time.perf_counter()
    planned = calls(world.chance, routes_of(world, found, active), number - own, starts, ends)
    await send_billable(world, sent, "Omsorg", planned, billing=str(quarter))
    again = [call for call in planned if world.chance.random() < DUPLICATED]
    for call in again:
        world.truth.call(call.municipality_id, "duplicate")
    await _send(sent, "Omsorg", again)
    me = world.systems["Byens Selvbetjening"].supplier
    mine = [Route(me.id, me.id, world.services[2].id, 1.0)]
    await send_billable(
        world, sent, "Byens Selvbetjening", calls(world.chance, mine, own, starts, ends), billing=str(quarter)
    )
    await _refused(world, found, sent, starts, ends)
    await settle(world, sent)
    world.progress.counting(f"week {week + 1}: {sum(world.truth.sent.values())} calls so far")
    if week == WEEKS - 1:
        world.progress.say(f"{sum(world.truth.sent.values())} calls sent and judged")
    return time.perf_counter() - began


async def _refused(world: World, found: Agreements, sent: Sent, starts: datetime, ends: datetime) -> None:
    """Calls that must not count: forged, without an agreement, and under one that was terminated."""
    by_code = {one.facts.code: one for one in world.municipalities}
    service = world.services[1].id
    forged = [Route(one.id, one.id, service, 1.0) for code, one in by_code.items() if code in found.approved]
    none = [Route(by_code[code].id, by_code[code].id, service, 1.0) for code in sorted(REJECT | LEAVE_OPEN)]
    ended = [Route(by_code[TERMINATES].id, by_code[TERMINATES].id, service, 1.0)]
    for sender, routes, number, reason in (
        ("forger", forged, FORGED_A_WEEK, "signature.not_valid"),
        ("Omsorg", none, NO_AGREEMENT_A_WEEK, "access.none"),
        ("Omsorg", ended, ENDED_A_WEEK, "access.ended"),
    ):
        planned = calls(world.chance, routes, number, starts, ends)
        for call in planned:
            world.truth.call(call.municipality_id, reason)
        await _send(sent, sender, planned)


async def _overview(world: World, one: Municipality, quarter: Quarter) -> dict[str, Any]:
    """A municipality's overview once it shows all calls; checked against what the story has worked out."""
    wanted = world.truth.lines(one.id, str(quarter))
    person = await person_at(world, one)
    began = time.monotonic()
    while True:
        seen: dict[str, Any] = await person.get("/invoicing/overview", quarter=str(quarter))
        if seen["calls"] == sum(line.calls for line in wanted):
            break
        check(time.monotonic() - began < SETTLE_SECONDS, f"{one.name}'s overview shows {seen['calls']} calls")
        await asyncio.sleep(0.05)
    net = str(sum(line.amount for line in wanted))
    check(seen["net"] == net, f"{one.name}'s overview says {seen['net']} kr., not {net}")
    return seen


async def _overviews(world: World, found: Agreements, quarter: Quarter) -> None:
    """The municipality sees lookups with their price; the supplier the number of calls, and no amount anywhere."""
    payers = [one for one in world.municipalities if one.facts.code in found.approved]
    shown = [await _overview(world, one, quarter) for one in payers]
    first = shown[0]
    world.progress.say(
        f"{payers[0].name} sees {first['calls']} lookups for {first['net']} kr. excl. VAT on its overview;"
        f" all {len(payers)} see theirs"
    )
    supplier = world.systems["Omsorg"].supplier
    counts = await supplier.person.get("/metering/usage", quarter=str(quarter), group_by="municipality")
    check("amount" not in str(counts) and "price" not in str(counts), "the supplier is shown money")
    counted = counts["calls"]
    due = sum(
        count
        for (_, billing, who, *_), count in world.truth.billable.items()
        if who == supplier.facts.name and billing == str(quarter)
    )
    check(counted == due, f"{supplier.facts.name} sees {counted} calls, and made {due}")
    world.progress.say(f"{supplier.facts.name} sees {counted} calls, and no money")


async def _trial(world: World, sent: Sent) -> None:
    """A trial connection opens external test at once; its calls are counted, and nobody pays."""
    world.progress.chapter(6, "A trial connection, without any municipality")
    system = world.systems["Skoleliv Prøve"]
    service = world.services[0].id
    before = await decision(system, world.test_municipality_id, service)
    check(not before["allowed"], "external test is open before there is a trial connection")
    trial = await system.supplier.person.post(
        "/agreements/trials", {"system_id": system.id, "service_ids": [service]}
    )
    check(trial["state"] == "open", f"the trial connection is {trial['state']}")
    passed = await seconds_until(world, system, world.test_municipality_id, service, allowed=True)
    world.progress.say(f"{system.name} opened one: external test let it in after {passed * 1000:.0f} ms")
    await world.mails.wait("trial.opened.v1", system.supplier.facts.mailbox)
    opened = await world.now()
    await world.move_clock(opened + timedelta(hours=2))
    route = Route(world.test_municipality_id, world.test_municipality_id, service, 1.0)
    planned = calls(world.chance, [route], TRIAL_CALLS, opened, opened + timedelta(hours=2))
    for call in planned:
        world.truth.call(call.municipality_id, "counted")
    await _send(sent, system.name, planned)
    await settle(world, sent)
    world.progress.say(f"{system.name} called external test {TRIAL_CALLS} times: counted, never billed")


async def late(world: World, found: Agreements, sent: Sent) -> None:
    """Calls of the quarter's last days, told when it is over but not yet closed: they count into it."""
    quarter = sent.quarter
    await world.move_clock(quarter.ends + timedelta(days=1))
    active = [one for one in world.municipalities if one.facts.code in found.approved]
    planned = calls(
        world.chance, routes_of(world, found, active), LATE, quarter.ends - timedelta(days=5), quarter.ends
    )
    await send_billable(world, sent, "Omsorg", planned, billing=str(quarter))
    await settle(world, sent)
    world.progress.say(f"{LATE} calls told a day after the quarter's end: still counted into it")


def _another_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
