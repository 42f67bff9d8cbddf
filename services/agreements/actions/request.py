"""Asking municipalities for agreements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg

from services.agreements.actions import rights
from services.agreements.domain import request as domain
from services.agreements.store import agreements, copies, requests
from shared.contracts.agreements import Agreement, AgreementRequested
from shared.database import Transaction
from shared.identity import Caller
from shared.page import after_unknown
from shared.problem import Conflict, NotFound

ANSWERS_KEPT = timedelta(days=30)
"""How long the answer to an idempotency key is remembered (platform time)."""


@dataclass(frozen=True)
class Progress:
    """A request, and how far it has come."""

    request: domain.Request
    counts: dict[str, int]
    agreements: Sequence[Agreement]


async def earlier_answer(tx: Transaction, caller: Caller, key: str, order: domain.Order) -> str | None:
    """The answer given for this key before, or None when the order is to be carried out now.

    Raises Conflict when the key was used for another order. Works in the transaction that carries it out.
    """
    caller.require("supplier", *rights.SUPPLIER_ROLES)
    kept = await requests.claim_key(tx.connection, caller.organisation_id, key, _hash(order), now=tx.now)
    if kept is None:
        return None
    body_hash, answer = kept
    if body_hash != _hash(order):
        raise Conflict(
            "idempotency.key_reused",
            f"The Idempotency-Key {key!r} was used for another request; take a new key for a new request.",
        )
    assert answer is not None
    return answer


async def keep_answer(tx: Transaction, caller: Caller, key: str, answer: str) -> None:
    """Remember the answer for the same key."""
    await requests.keep_answer(tx.connection, caller.organisation_id, key, answer)


async def ask(tx: Transaction, caller: Caller, order: domain.Order) -> Progress:
    """Ask every municipality for an agreement: all of them or, where a rule refuses one, none."""
    caller.require("supplier", *rights.SUPPLIER_ROLES)
    # Locked, so that two requests for one system see each other and the second is told what is taken.
    system = domain.check_system(
        await copies.lock_system(tx.connection, order.system_id),
        order.system_id,
        caller.organisation_id,
        wanted="production",
        nouns="request",
    )
    services = domain.check_services(
        order.service_ids, await copies.services(tx.connection, order.service_ids), nouns="request"
    )
    municipalities = domain.check_municipalities(
        order.municipality_ids, await copies.organisations(tx.connection, order.municipality_ids)
    )
    domain.check_not_taken(
        await agreements.taken(tx.connection, system.id, order.municipality_ids, order.service_ids)
    )
    request = domain.Request(
        id=uuid4(),
        supplier_id=system.supplier_id,
        supplier_name=system.supplier_name,
        system_id=system.id,
        system_name=system.name,
        purpose=order.purpose,
        expected_calls_per_quarter=order.expected_calls_per_quarter,
        services=tuple((service.id, service.full_name) for service in services),
        requested_at=tx.now,
    )
    made = domain.agreements_of(request, municipalities, {one.id: uuid4() for one in municipalities})
    await requests.add_request(tx.connection, request)
    await agreements.add_agreements(tx.connection, made, person_id=caller.id, now=tx.now)
    for agreement in made:
        await tx.say(AgreementRequested(agreement=agreement))
    await tx.record(
        caller.actor,
        "request.create",
        request.id,
        {
            "system": str(system.id),
            "services": [str(one) for one in order.service_ids],
            "municipalities": [str(one) for one in order.municipality_ids],
        },
    )
    return Progress(request, {"requested": len(made)}, made)


async def find(connection: asyncpg.Connection, caller: Caller, request_id: UUID) -> Progress:
    """One request with all its agreements, for its supplier and helpdesk."""
    supplier_id = rights.supplier_or_helpdesk(caller)
    found = await requests.find_request(connection, request_id)
    if found is None or supplier_id not in (None, found[1].supplier_id):
        raise NotFound("request.unknown", f"You have no request with the id {request_id}.")
    counts = await requests.count_states(connection, [request_id])
    return Progress(found[1], counts[request_id], await agreements.agreements_of_request(connection, request_id))


async def page(connection: asyncpg.Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Progress]:
    """Requests with their counts and without their agreements, newest first; own, or all for helpdesk."""
    supplier_id = rights.supplier_or_helpdesk(caller)
    before = None
    if after is not None:
        last = await requests.find_request(connection, after)
        if last is None or supplier_id not in (None, last[1].supplier_id):
            raise after_unknown(after, "a request")
        before = last[0]
    found = await requests.list_requests(connection, supplier_id=supplier_id, before=before, limit=limit)
    counts = await requests.count_states(connection, [one.id for one in found])
    return [Progress(one, counts[one.id], ()) for one in found]


def _hash(order: domain.Order) -> bytes:
    told = json.dumps(asdict(order), default=str, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).digest()
