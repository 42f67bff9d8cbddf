"""Agreements: followed by both sides, decided by the municipality's signatory, ended by either."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.agreements.actions import agreement as actions
from services.agreements.api.asking import Running
from services.agreements.api.fields import Reason, ServiceIds
from services.agreements.api.models import AgreementAnswer, AgreementDetail
from services.agreements.domain.agreement import State
from shared.asking import Body
from shared.identity import SignedIn
from shared.page import After, Limit, Page, page

router = APIRouter(tags=["agreements"])


class Approval(Body):
    """Which services are approved; left out, all are. The others are rejected."""

    service_ids: ServiceIds | None = None


class Reasoned(Body):
    """An act that needs a reason; the other side reads it."""

    reason: Reason = Field(description="Why; 3 to 2000 characters")


@router.get("/agreements")
async def list_agreements(
    caller: SignedIn,
    running: Running,
    *,
    state: Annotated[State | None, Query()] = None,
    system_id: Annotated[UUID | None, Query()] = None,
    municipality_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[AgreementAnswer]:
    """Agreements, newest first: a supplier's own, a municipality's own, all for helpdesk."""
    async with running.database.reading() as connection:
        found = await actions.page(
            connection,
            caller,
            state=state,
            system_id=system_id,
            municipality_id=municipality_id,
            after=after,
            limit=limit + 1,
        )
    return page(found, limit, AgreementAnswer.of)


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
