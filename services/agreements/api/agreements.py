"""Agreements: followed by both sides, decided by the municipality's signatory, ended by either."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.agreements.actions import agreement as actions
from services.agreements.api.asking import Running
from services.agreements.api.fields import Reason, ServiceIds
from services.agreements.api.models import AgreementAnswer, AgreementDetail, Counts, SystemAgreed, SystemsAgreed
from services.agreements.domain.agreement import State
from services.agreements.store.agreements import Filter, Sort
from shared.asking import Body
from shared.identity import SignedIn
from shared.page import After, Limit, Page, page
from shared.text import Sought

router = APIRouter(tags=["agreements"])

MOST_SYSTEMS = 1000


class Approval(Body):
    """Which services are approved; left out, all are. The others are rejected."""

    service_ids: ServiceIds | None = None


class Reasoned(Body):
    """An act that needs a reason; the other side reads it."""

    reason: Reason = Field(description="Why; 3 to 2000 characters")


async def _narrowed(
    *,
    supplier_id: Annotated[UUID | None, Query()] = None,
    municipality_id: Annotated[UUID | None, Query()] = None,
    system_id: Annotated[UUID | None, Query()] = None,
    service_id: Annotated[UUID | None, Query()] = None,
    q: Annotated[
        Sought | None,
        Query(description="Part of the supplier's, system's, municipality's or a service's name; the agreement's id"),
    ] = None,
) -> Filter:
    return Filter(
        supplier_id=supplier_id,
        municipality_id=municipality_id,
        system_id=system_id,
        service_id=service_id,
        sought=q,
    )


Narrowed = Annotated[Filter, Depends(_narrowed)]


@router.get("/agreements")
async def list_agreements(
    caller: SignedIn,
    running: Running,
    narrowed: Narrowed,
    *,
    state: Annotated[State | None, Query()] = None,
    sort: Annotated[
        Sort,
        Query(
            description="Downwards with a minus; by state the waiting come first;"
            " changed: when it was requested, decided or ended, whichever came last"
        ),
    ] = "-requested",
    limit: Limit = 100,
    after: After = None,
) -> Page[AgreementAnswer]:
    """Agreements, newest first: a supplier's own, a municipality's own, all for helpdesk."""
    async with running.database.reading() as connection:
        found = await actions.page(connection, caller, narrowed, state=state, sort=sort, after=after, limit=limit + 1)
    return page(found, limit, AgreementAnswer.of)


@router.get("/agreements/counts")
async def count_agreements(caller: SignedIn, running: Running, narrowed: Narrowed) -> Counts:
    """How many of the agreements that the list shows are in each state."""
    async with running.database.reading() as connection:
        return Counts(**await actions.counts(connection, caller, narrowed))


@router.get("/agreements/systems")
async def list_systems(
    caller: SignedIn,
    running: Running,
    supplier_id: Annotated[UUID | None, Query()] = None,
    municipality_id: Annotated[UUID | None, Query()] = None,
) -> SystemsAgreed:
    """The suppliers' systems that the agreements the caller sees are about: what a list can be narrowed by."""
    narrowed = Filter(supplier_id=supplier_id, municipality_id=municipality_id)
    async with running.database.reading() as connection:
        found = await actions.systems(connection, caller, narrowed, limit=MOST_SYSTEMS)
    return SystemsAgreed(systems=[SystemAgreed(**asdict(one)) for one in found])


@router.get("/agreements/{agreement_id}")
async def get_agreement(agreement_id: UUID, caller: SignedIn, running: Running) -> AgreementDetail:
    """One agreement with its timeline and, once approved, its technical details."""
    async with running.database.reading() as connection:
        return AgreementDetail.with_history(*await actions.find(connection, caller, agreement_id))


@router.post("/agreements/{agreement_id}/approve")
async def approve(
    agreement_id: UUID, caller: SignedIn, running: Running, body: Approval | None = None
) -> AgreementAnswer:
    """Approve all or some services (municipality: signatory): access opens, and the municipality pays for it."""
    async with running.database.transaction() as tx:
        done = await actions.approve(tx, caller, agreement_id, body.service_ids if body else None)
    return AgreementAnswer.of(done)


@router.post("/agreements/{agreement_id}/reject")
async def reject(agreement_id: UUID, body: Reasoned, caller: SignedIn, running: Running) -> AgreementAnswer:
    """Reject the request (municipality: signatory); the supplier reads the reason."""
    async with running.database.transaction() as tx:
        done = await actions.reject(tx, caller, agreement_id, body.reason)
    return AgreementAnswer.of(done)


@router.post("/agreements/{agreement_id}/withdraw")
async def withdraw(agreement_id: UUID, caller: SignedIn, running: Running) -> AgreementAnswer:
    """Take back a request that is not decided (supplier: administrator, user)."""
    async with running.database.transaction() as tx:
        done = await actions.withdraw(tx, caller, agreement_id)
    return AgreementAnswer.of(done)


@router.post("/agreements/{agreement_id}/terminate")
async def terminate(agreement_id: UUID, body: Reasoned, caller: SignedIn, running: Running) -> AgreementAnswer:
    """End a running agreement at once (municipality: signatory; supplier: administrator; helpdesk)."""
    async with running.database.transaction() as tx:
        done = await actions.terminate(tx, caller, agreement_id, body.reason)
    return AgreementAnswer.of(done)


@router.post("/agreements/{agreement_id}/resend-notice")
async def resend_notice(agreement_id: UUID, caller: SignedIn, running: Running) -> AgreementAnswer:
    """Tell the municipality once more about an undecided request (supplier), at most once an hour."""
    async with running.database.transaction() as tx:
        done = await actions.resend_notice(tx, caller, agreement_id)
    return AgreementAnswer.of(done)
