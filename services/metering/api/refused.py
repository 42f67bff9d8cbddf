"""Refused calls, one by one and summed: for the supplier that sent them, and for helpdesk."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from services.metering.api.asking import InAnyQuarter, Running, refusals_sight_of
from services.metering.domain.judgement import Reason
from services.metering.store import refusals
from services.metering.store.refusals import Refusal, State
from shared.identity import SignedIn

router = APIRouter(prefix="/refused", tags=["refused calls"])


class RefusedCall(BaseModel):
    """A call that was refused. `refusal_id` is the platform's, `id` the supplier's.

    `state` tells when news lifted the refusal: the call was then counted, or found to be a repeat. What could not
    be read is None; of a call that does not fit its description nothing else is kept.
    """

    refusal_id: UUID
    id: str | None
    system_id: UUID
    reason: Reason
    detail: str
    field: str | None
    time: AwareDatetime | None
    received_at: AwareDatetime
    message_id: str
    position: int
    service_id: UUID | None
    municipality: str | None
    state: State
    settled_at: AwareDatetime | None

    @classmethod
    def of(cls, refusal: Refusal) -> RefusedCall:
        """As it is shown."""
        return cls(
            refusal_id=refusal.id,
            id=refusal.event_id,
            system_id=refusal.system_id,
            reason=refusal.reason,
            detail=refusal.detail,
            field=refusal.field,
            time=refusal.made_at,
            received_at=refusal.received_at,
            message_id=refusal.message_id,
            position=refusal.position,
            service_id=refusal.service_id,
            municipality=refusal.municipality,
            state=refusal.state,
            settled_at=refusal.settled_at,
        )


class RefusedCalls(BaseModel):
    """A page, newest first; `next` goes into `after` for the following one."""

    refused: list[RefusedCall]
    next: UUID | None


class RefusedSum(BaseModel):
    """Refused calls of one reason that named one municipality (a UUID or a CVR number, as the calls had it)."""

    reason: Reason
    municipality_id: UUID | None
    municipality: str | None
    calls: int


class RefusedSums(BaseModel):
    """All refused calls by reason and municipality."""

    calls: int
    by_reason: dict[str, int]
    lines: list[RefusedSum]


@router.get("")
async def list_refused(  # noqa: PLR0917 - a route's parameters are named in the query
    running: Running,
    caller: SignedIn,
    quarter: InAnyQuarter,
    system_id: UUID | None = None,
    reason: Annotated[str | None, Query(max_length=64)] = None,
    state: State | None = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> RefusedCalls:
    """Refused calls with their reasons, newest first."""
    sight = refusals_sight_of(caller)
    async with running.database.reading() as connection:
        found = await refusals.listed(
            connection,
            sight,
            system_id=system_id,
            reason=reason,
            quarter=str(quarter) if quarter else None,
            state=state,
            before=after,
            limit=limit,
        )
    return RefusedCalls(
        refused=[RefusedCall.of(item) for item in found], next=found[-1].id if len(found) == limit else None
    )


@router.get("/summary")
async def summarise_refused(
    running: Running, caller: SignedIn, quarter: InAnyQuarter, system_id: UUID | None = None
) -> RefusedSums:
    """How many calls were refused, by reason and municipality; those that were lifted since are not among them."""
    sight = refusals_sight_of(caller)
    async with running.database.reading() as connection:
        found = await refusals.summary(
            connection, sight, system_id=system_id, quarter=str(quarter) if quarter else None
        )
    by_reason: dict[str, int] = {}
    for item in found:
        by_reason[item.reason] = by_reason.get(item.reason, 0) + item.calls
    return RefusedSums(
        calls=sum(by_reason.values()),
        by_reason=by_reason,
        lines=[
            RefusedSum(
                reason=item.reason,
                municipality_id=item.municipality_id,
                municipality=item.municipality,
                calls=item.calls,
            )
            for item in found
        ],
    )
