"""Deciding, ending and following an agreement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg

from services.agreements.actions import rights
from services.agreements.domain import agreement as domain
from services.agreements.store import agreements, copies
from services.agreements.store.agreements import AgreedSystem, Entry, Filter, Sort, Stored
from shared.contracts.agreements import Agreement, AgreementRestated, By
from shared.database import Transaction
from shared.identity import Caller
from shared.page import after_unknown
from shared.problem import Conflict, NotFound

_Ordering = Callable[[Stored, By], Awaitable[domain.Command]]


async def approve(
    tx: Transaction, caller: Caller, agreement_id: UUID, service_ids: Sequence[UUID] | None
) -> Agreement:
    """The municipality's signatory approves all services, or these and thereby rejects the others."""

    async def order(stored: Stored, _: By) -> domain.Command:
        asked = [line.service_id for line in stored.agreement.lines]
        known = await copies.services(tx.connection, asked)
        return domain.Approve(
            service_ids=None if service_ids is None else frozenset(service_ids),
            system_state=await copies.system_state(tx.connection, stored.agreement.system_id) or "registered",
            not_open=frozenset(one for one in asked if one in known and known[one].state != "open"),
        )

    return await _do(tx, caller, agreement_id, "approve", order)


async def reject(tx: Transaction, caller: Caller, agreement_id: UUID, reason: str) -> Agreement:
    """The municipality's signatory rejects the request."""

    async def order(_: Stored, __: By) -> domain.Command:
        return domain.Reject(reason)

    return await _do(tx, caller, agreement_id, "reject", order)


async def withdraw(tx: Transaction, caller: Caller, agreement_id: UUID) -> Agreement:
    """The supplier takes an undecided request back."""

    async def order(_: Stored, __: By) -> domain.Command:
        return domain.Withdraw()

    return await _do(tx, caller, agreement_id, "withdraw", order)


async def terminate(tx: Transaction, caller: Caller, agreement_id: UUID, reason: str) -> Agreement:
    """Either side, or helpdesk, ends a running agreement."""

    async def order(_: Stored, by: By) -> domain.Command:
        return domain.Terminate(by, reason)

    return await _do(tx, caller, agreement_id, "terminate", order)


async def resend_notice(tx: Transaction, caller: Caller, agreement_id: UUID) -> Agreement:
    """The supplier has the municipality told once more about an undecided request."""

    async def order(stored: Stored, _: By) -> domain.Command:
        return domain.ResendNotice(stored.notice_resent_at)

    return await _do(tx, caller, agreement_id, "resend_notice", order)


async def _do(tx: Transaction, caller: Caller, agreement_id: UUID, act: domain.Act, ordering: _Ordering) -> Agreement:
    stored = await agreements.lock_agreement(tx.connection, agreement_id)
    if stored is None or not rights.sees(caller, stored.agreement):
        raise _unknown(agreement_id)
    by = rights.side(caller, stored.agreement, act)
    outcome = domain.decide(stored.agreement, await ordering(stored, by), tx.now)
    resent_at = tx.now if act == "resend_notice" else None
    if not await agreements.save(tx.connection, outcome, act, notice_resent_at=resent_at):
        raise Conflict("agreement.changed_meanwhile", "Somebody else changed this agreement just now; look again.")
    await agreements.add_history(
        tx.connection, outcome.agreement, Entry(tx.now, outcome.what, by, caller.id, outcome.reason)
    )
    await tx.say(outcome.event)
    detail: dict[str, str] = {"state": outcome.agreement.state, "by": by}
    if act == "approve":
        detail["approved"] = ",".join(
            str(line.service_id) for line in outcome.agreement.lines if line.decision == "approved"
        )
    await tx.record(caller.actor, f"agreement.{act}", agreement_id, detail)
    return outcome.agreement


async def find(connection: asyncpg.Connection, caller: Caller, agreement_id: UUID) -> tuple[Agreement, list[Entry]]:
    """An agreement the caller may know of, and its history."""
    stored = await agreements.find_agreement(connection, agreement_id)
    if stored is None or not rights.sees(caller, stored.agreement):
        raise _unknown(agreement_id)
    return stored.agreement, await agreements.history(connection, agreement_id)


async def page(
    connection: asyncpg.Connection,
    caller: Caller,
    narrowed: Filter,
    *,
    state: str | None,
    sort: Sort,
    after: UUID | None,
    limit: int,
) -> list[Agreement]:
    """The agreements the caller may know of, narrowed, in the order of `sort`."""
    which = _seen(caller, narrowed)
    if after is not None:
        last = await agreements.find_agreement(connection, after)
        if last is None or not rights.sees(caller, last.agreement):
            raise after_unknown(after, "an agreement")
    return await agreements.list_agreements(connection, which, state=state, sort=sort, after=after, limit=limit)


async def counts(connection: asyncpg.Connection, caller: Caller, narrowed: Filter) -> dict[str, int]:
    """How many of the agreements the caller may know of are in each state."""
    return await agreements.count_agreements(connection, _seen(caller, narrowed))


async def systems(
    connection: asyncpg.Connection, caller: Caller, narrowed: Filter, *, limit: int
) -> list[AgreedSystem]:
    """The systems that the agreements the caller may know of are about."""
    return await agreements.systems(connection, _seen(caller, narrowed), limit=limit)


async def restate(tx: Transaction) -> int:
    """Say the present state of every agreement; returns how many."""
    said = 0
    async for agreement in agreements.all_agreements(tx.connection):
        await tx.say(AgreementRestated(agreement=agreement))
        said += 1
    return said


def _seen(caller: Caller, narrowed: Filter) -> Filter:
    seen = rights.visible(caller)
    return replace(
        narrowed, everything=seen.everything, as_supplier=seen.as_supplier, as_municipality=seen.as_municipality
    )


def _unknown(agreement_id: UUID) -> NotFound:
    return NotFound("agreement.unknown", f"You have no agreement with the id {agreement_id}.")
