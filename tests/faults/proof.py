"""The end state held against the truth: everything that should have happened has, once, and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

from demo.truth import Line
from shared import audit
from shared.contracts import SERVICES
from shared.database import prepare_connection
from shared.topology import CALLS_QUEUE
from tests.faults.ground import Ground, until
from tests.faults.round import Decision, Round
from tests.servers import broker_connection

STATES: dict[Decision, tuple[str, list[str]]] = {
    "approve": ("approved", ["requested", "approved"]),
    "partly": ("approved", ["requested", "partly_approved"]),
    "reject": ("rejected", ["requested", "rejected"]),
    "open": ("requested", ["requested"]),
    "terminate": ("terminated", ["requested", "approved", "terminated"]),
}
"""What a decision makes of an agreement: its state, and its history."""
MAILS: dict[Decision, list[tuple[str, str]]] = {
    "approve": [("agreement.approved.v1", "supplier")],
    "partly": [("agreement.approved.v1", "supplier")],
    "reject": [("agreement.rejected.v1", "supplier")],
    "open": [],
    "terminate": [("agreement.approved.v1", "supplier"), ("agreement.terminated.v1", "supplier")],
}


async def prove(ground: Ground) -> None:
    """Wait until nothing moves any more, then compare everything. Fails with all that differs."""
    await until(lambda: _moving(ground), "the platform comes to rest")
    wrong = await _house(ground)
    for number, one in enumerate(ground.rounds):
        wrong += [f"round {number} (seed {one.seed}): {line}" for line in await _round(ground, one)]
    wrong += await _mails(ground)
    wrong += ground.failures()
    assert not wrong, "\n".join(wrong)


async def _moving(ground: Ground) -> str | None:
    """What is still under way: said and not published, in a queue, waiting for another try, unsent."""
    for _ in range(2):
        for service in SERVICES:
            for what, question in _UNDER_WAY.items():
                [row] = await ground.ask(service, question)
                if row[0]:
                    return f"{service}: {row[0]} in {what}"
        [row] = await ground.ask("notifier", "SELECT count(*) FROM notice WHERE state = 'queued'")
        if row[0]:
            return f"{row[0]} notices are queued"
        [row] = await ground.ask("metering", "SELECT (SELECT count(*) FROM news) + (SELECT count(*) FROM rejudging)")
        if row[0]:
            return f"{row[0]} counts or judgements are to come"
        for queue, number in (await queues(ground)).items():
            if number:
                return f"{queue} holds {number} messages"
        # What was in hand a moment ago shows on the second look.
        await asyncio.sleep(0.4)
    return None


_UNDER_WAY = {
    "outbox": "SELECT count(*) FROM outbox",
    "parked (to be tried again)": "SELECT count(*) FROM parked WHERE state = 'waiting' AND due_at IS NOT NULL",
}


async def queues(ground: Ground) -> dict[str, int]:
    """How many messages wait in each queue, dead letters included."""
    found = {}
    for service in SERVICES:
        names = [f"{service}.events", f"{service}.dead", *([CALLS_QUEUE] if service == "metering" else [])]
        connection = await broker_connection(ground.platform.broker_url(service))
        async with connection:
            channel = await connection.channel()
            for name in names:
                declared = await channel.declare_queue(name, passive=True)
                found[name] = declared.declaration_result.message_count or 0
    return found


async def _house(ground: Ground) -> list[str]:
    """Every service's own order: nothing parked, no two claims, the audit log whole."""
    wrong = []
    for service in SERVICES:
        parked = await ground.ask(service, "SELECT type, reason FROM parked WHERE state = 'waiting'")
        wrong += [f"{service} has parked {row['type']}: {row['reason']}" for row in parked]
        connection = await ground.connect(service)
        try:
            await prepare_connection(connection)
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                broken = await audit.verify(connection)
        finally:
            await connection.close()
        if broken is not None:
            wrong.append(f"{service}: its audit log is broken at {broken}")
    failed = await ground.ask("notifier", "SELECT kind, reason FROM notice WHERE state <> 'sent'")
    wrong += [f"a notice was not sent: {row['kind']}: {row['reason']}" for row in failed]
    serials = [row[0] for row in await ground.ask("invoicing", "SELECT serial FROM invoice ORDER BY serial")]
    if serials != list(range(1, len(serials) + 1)):
        wrong.append(f"the invoices' numbers have gaps or repeats: {serials}")
    due = sum(len(one.truth.billed_in(str(one.quarter))) for one in ground.rounds)
    if len(serials) != due:
        wrong.append(f"{len(serials)} invoices were issued, {due} were due")
    return wrong


async def _round(ground: Ground, one: Round) -> list[str]:
    assert one.system is not None
    system = UUID(one.system.id)
    pairs = {
        "agreements": (await _agreements(ground, system), _wanted_agreements(one)),
        "requests": (
            [
                row[0]
                for row in await ground.ask(
                    "agreements", "SELECT system_id FROM request WHERE system_id = $1", system
                )
            ],
            [system],
        ),
        "access": (await _access(ground, system), _wanted_access(one)),
        "metering's copy of access": (
            await ground.ask(
                "metering", "SELECT id, sequence, valid::text FROM grants WHERE system_id = $1 ORDER BY id", system
            ),
            await ground.ask(
                "registry", "SELECT id, sequence, valid::text FROM access WHERE system_id = $1 ORDER BY id", system
            ),
        ),
        "calls": (await one.found(), one.wanted()),
        "records": (await _calls(ground, "metering", _RECORDS, system), _wanted_calls(one)),
        "counts": (await _calls(ground, "metering", _COUNTS, system), _wanted_calls(one)),
        "usage": (await _calls(ground, "invoicing", _USAGE, system), _wanted_calls(one)),
        "overviews": (await _overviews(ground, one), _wanted_amounts(one)),
        "invoices": (await _invoices(ground, one), _wanted_invoices(one)),
    }
    return [f"{what}: found {found}, wanted {wanted}" for what, (found, wanted) in pairs.items() if found != wanted]


async def _agreements(ground: Ground, system: UUID) -> dict[str, Any]:
    rows = await ground.ask(
        "agreements",
        "SELECT municipality_id::text, state,"
        " (SELECT array_agg(what ORDER BY sequence) FROM agreement_history WHERE agreement_id = agreement.id),"
        " (SELECT array_agg(service_id::text ORDER BY service_id) FROM agreement_line"
        "  WHERE agreement_id = agreement.id AND decision = 'approved')"
        " FROM agreement WHERE system_id = $1 ORDER BY number",
        system,
    )
    found = {row[0]: (row[1], row[2], row[3] or []) for row in rows}
    return found if len(found) == len(rows) else {"twice": [tuple(row) for row in rows]}


def _wanted_agreements(one: Round) -> dict[str, Any]:
    return {
        municipality: (*STATES[kind], sorted(one.approved(municipality)))
        for municipality, kind in one.decisions.items()
    }


async def _access(ground: Ground, system: UUID) -> Counter[tuple[str, str, bool, int]]:
    """(municipality, service, still open, changes) of each grant."""
    rows = await ground.ask(
        "registry",
        "SELECT municipality_id::text, service_id::text, upper_inf(valid),"
        " (SELECT count(*) FROM access_history WHERE access_id = access.id) FROM access WHERE system_id = $1",
        system,
    )
    return Counter(tuple(row) for row in rows)


def _wanted_access(one: Round) -> Counter[tuple[str, str, bool, int]]:
    return Counter(
        (municipality, service, kind != "terminate", 2 if kind == "terminate" else 1)
        for municipality, kind in one.decisions.items()
        for service in one.approved(municipality)
    )


_REQUESTS = "SELECT count(*) FROM request WHERE system_id = $1"
_GRANTS = "SELECT id, sequence, valid::text FROM grants WHERE system_id = $1 ORDER BY id"
_RECORDS = (
    "SELECT g.municipality_id::text, g.service_id::text, count(*) FROM records r JOIN grants g ON g.id = r.grant_id"
    " WHERE r.system_id = $1 GROUP BY 1, 2"
)
_COUNTS = "SELECT municipality_id::text, service_id::text, sum(calls) FROM counts WHERE system_id = $1 GROUP BY 1, 2"
_USAGE = "SELECT municipality_id::text, service_id::text, sum(calls) FROM usage WHERE system_id = $1 GROUP BY 1, 2"


async def _calls(ground: Ground, service: str, question: str, system: UUID) -> dict[tuple[str, str], int]:
    return {(row[0], row[1]): int(row[2]) for row in await ground.ask(service, question, system)}


def _wanted_calls(one: Round) -> dict[tuple[str, str], int]:
    return {(whose, service): calls for (whose, _, _, _, service, _), calls in one.truth.billable.items()}


async def _overviews(ground: Ground, one: Round) -> dict[str, tuple[int, Decimal]]:
    found = {}
    for whose in one.truth.billed_in(str(one.quarter)):
        seen = await ground.world.desk.get("/invoicing/overview", quarter=str(one.quarter), municipality_id=whose)
        found[whose] = seen["calls"], Decimal(seen["net"])
    return found


def _wanted_amounts(one: Round) -> dict[str, tuple[int, Decimal]]:
    return {
        whose: (sum(line.calls for line in lines), _net(lines))
        for whose, lines in one.truth.billed_in(str(one.quarter)).items()
    }


async def _invoices(ground: Ground, one: Round) -> Counter[tuple[Any, ...]]:
    """(municipality, net, lines) of each invoice of the quarter."""
    rows = await ground.ask(
        "invoicing",
        "SELECT i.municipality_id::text, i.net, l.service_id::text, l.calls, l.unit_price, l.amount FROM invoice i"
        " JOIN invoice_line l ON l.invoice_id = i.id WHERE i.quarter = $1",
        str(one.quarter),
    )
    return Counter(tuple(row) for row in rows)


def _net(lines: list[Line]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


def _wanted_invoices(one: Round) -> Counter[tuple[Any, ...]]:
    return Counter(
        (
            whose,
            sum((line.amount for line in lines), Decimal(0)),
            line.service,
            line.calls,
            line.per_call,
            line.amount,
        )
        for whose, lines in one.truth.billed_in(str(one.quarter)).items()
        for line in lines
    )


async def _mails(ground: Ground) -> list[str]:
    """Every mail once: by its kind, to whom, and its Message-ID."""
    mails = ground.world.mails.all()
    by_id = {str(mail["Message-ID"]): mail for mail in mails}
    found = Counter((str(mail["X-Serviceplatform-Event"]), str(mail["To"])) for mail in by_id.values())
    found = Counter({key: number for key, number in found.items() if key[0] != "user.link_issued.v1"})
    wanted: Counter[tuple[str, str]] = Counter()
    supplier = ground.supplier.facts.mailbox
    for one in ground.rounds:
        due = one.truth.billed_in(str(one.quarter))
        for municipality in ground.asked:
            wanted["agreement.requested.v1", municipality.facts.mailbox] += 1
            for kind, _ in MAILS[one.decisions[municipality.id]]:
                wanted[kind, supplier] += 1
            if municipality.id in due:
                wanted["invoice.dispatched.v1", municipality.facts.mailbox] += 1
    wrong = []
    if found != wanted:
        wrong.append(f"mails: missing {wanted - found}, too many {found - wanted}")
    if len(by_id) != wanted.total() + ground.invitations:
        wrong.append(f"{len(by_id)} different mails were sent, and {wanted.total() + ground.invitations} were due")
    again = len(mails) - len(by_id)
    if again > ground.excused:
        wrong.append(f"{again} mails came twice, and {ground.excused} senders were killed with one in hand")
    return wrong
