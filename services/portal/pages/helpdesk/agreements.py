"""All service agreements, requests and trial connections; ending an agreement on behalf of the platform."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.problem import explained
from services.portal.pages.helpdesk.naming import people_named
from services.portal.pages.visit import HelpdeskVisit, Visit, said

router = APIRouter(prefix="/helpdesk", include_in_schema=False)

LISTED = 50
STATES = ("requested", "approved", "rejected", "withdrawn", "terminated")
SORTS = frozenset(
    sign + key for sign in ("", "-") for key in ("requested", "supplier", "system", "municipality", "state")
)
SHORTEST_REASON = 3
LONGEST_REASON = 2000


@router.get("/serviceaftaler")
async def agreements(visit: HelpdeskVisit) -> Response:
    """All agreements, searched, narrowed and sorted."""
    asked = visit.request.query_params
    state, sort = asked.get("state", ""), asked.get("sort", "")
    found = await visit.agreements.get(
        "/agreements",
        q=asked.get("q", "").strip()[:255],
        state=state if state in STATES else None,
        supplier_id=uuid_or_none(asked.get("supplier")),
        municipality_id=uuid_or_none(asked.get("municipality")),
        system_id=uuid_or_none(asked.get("system")),
        service_id=uuid_or_none(asked.get("service")),
        sort=sort if sort in SORTS else None,
        after=uuid_or_none(asked.get("after")),
        limit=LISTED,
    )
    return visit.page("helpdesk/agreements.html", found=found, states=STATES)


@router.get("/serviceaftaler/{agreement_id}")
async def agreement(visit: HelpdeskVisit, agreement_id: UUID) -> Response:
    """One agreement with its timeline and technical details."""
    found = await visit.agreements.get(f"/agreements/{agreement_id}")
    names = await people_named(visit, [entry["person_id"] for entry in found["timeline"]])
    return visit.page("helpdesk/agreement.html", agreement=found, names=names)


@router.get("/serviceaftaler/{agreement_id}/opsig")
async def confirm_terminating(visit: HelpdeskVisit, agreement_id: UUID) -> Response:
    """What ending it means; asks for a reason."""
    found = await visit.agreements.get(f"/agreements/{agreement_id}")
    return _terminate(visit, found, "", {})


@router.post("/serviceaftaler/{agreement_id}/opsig")
async def terminate(visit: HelpdeskVisit, agreement_id: UUID) -> Response:
    """End it at once; both sides read the reason."""
    reason = said(await visit.form(), "reason")
    problems = {}
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        problems["reason"] = visit.text("Skriv en begrundelse på mellem 3 og 2.000 tegn.")
    else:
        try:
            await visit.agreements.post(f"/agreements/{agreement_id}/terminate", {"reason": reason})
        except Refused as refused:
            told = explained(refused.code, refused.status, refused.detail, visit.language).detail
            problems["reason" if refused.code == "request.not_valid" else "form"] = told
    if problems:
        found = await visit.agreements.get(f"/agreements/{agreement_id}")
        return _terminate(visit, found, reason, problems, status=422)
    told = visit.text("Serviceaftalen er opsagt, og adgangen er lukket. Begge parter får besked på mail.")
    return await visit.done(f"/helpdesk/serviceaftaler/{agreement_id}", told)


@router.get("/anmodninger/{request_id}")
async def request(visit: HelpdeskVisit, request_id: UUID) -> Response:
    """A request with each municipality's answer."""
    found = await visit.agreements.get(f"/requests/{request_id}")
    return visit.page("helpdesk/request.html", request=found)


@router.get("/proevetilslutninger/{trial_id}")
async def trial(visit: HelpdeskVisit, trial_id: UUID) -> Response:
    """A trial connection with its timeline."""
    found = await visit.agreements.get(f"/trials/{trial_id}")
    names = await people_named(visit, [entry["person_id"] for entry in found["timeline"]])
    return visit.page("helpdesk/trial.html", test=True, trial=found, names=names)


@router.post("/proevetilslutninger/{trial_id}/luk")
async def close_trial(visit: HelpdeskVisit, trial_id: UUID) -> Response:
    """Close it: its access ends at once."""
    await visit.agreements.post(f"/trials/{trial_id}/close")
    return await visit.done(f"/helpdesk/proevetilslutninger/{trial_id}", visit.text("Prøvetilslutningen er lukket."))


def _terminate(visit: Visit, found: Any, reason: str, problems: dict[str, str], *, status: int = 200) -> Response:
    return visit.page("helpdesk/terminate.html", status=status, agreement=found, reason=reason, errors=problems)
