"""Approving a request: which services, what they cost, a confirmation, done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.pages.municipality import asking
from services.portal.pages.municipality.agreements import shown
from services.portal.pages.visit import MunicipalityVisit, Visit, problem_in

router = APIRouter(prefix="/kommune/serviceaftaler/{agreement_id}/godkend", include_in_schema=False)

CONFLICT = 409


@router.get("")
async def confirm(visit: MunicipalityVisit, agreement_id: UUID) -> Response:
    """What exactly is approved, and what that means; without a choice in the address, all services."""
    asked = visit.request.query_params
    given = [one for one in map(uuid_or_none, asked.getlist("service_id")) if one]
    found = await asking.agreement(visit, agreement_id)
    ids = [line["service_id"] for line in found["services"]]
    chosen = [one for one in ids if one in given] if "chosen" in asked else ids
    if found["state"] != "requested" or not visit.may("signatory"):
        return visit.see(f"/kommune/serviceaftaler/{agreement_id}")
    if not chosen:
        problem = {f"service_id-{ids[0]}": visit.text("Vælg mindst én service, eller afvis hele anmodningen.")}
        return await shown(visit, agreement_id, errors=problem, chosen=[], status=422)
    return visit.page(
        "municipality/approve.html",
        agreement=found,
        chosen=[line for line in found["services"] if line["service_id"] in chosen],
        others=[line for line in found["services"] if line["service_id"] not in chosen],
        cost=await asking.cost(visit, chosen, found["expected_calls_per_quarter"]),
    )


@router.post("")
async def approve(visit: MunicipalityVisit, agreement_id: UUID) -> Response:
    """Approve: access opens at once, and the municipality pays."""
    form = await visit.form()
    chosen = [one for one in (uuid_or_none(str(each)) for each in form.getlist("service_id")) if one]
    try:
        done = await visit.agreements.post(f"/agreements/{agreement_id}/approve", {"service_ids": chosen})
    except Refused as refused:
        done = await _done_already(visit, agreement_id, chosen) if refused.status == CONFLICT else None
        if done is None:
            return await _refused(visit, agreement_id, refused)
    return await visit.done(f"/kommune/serviceaftaler/{agreement_id}", _told(visit, done))


async def _done_already(visit: Visit, agreement_id: UUID, chosen: list[str]) -> dict[str, Any] | None:
    """The agreement, if it is approved in just this way: a form that was sent twice gets the first one's answer."""
    found = await asking.agreement(visit, agreement_id)
    approved = {line["service_id"] for line in found["services"] if line["decision"] == "approved"}
    return found if found["state"] == "approved" and approved == set(chosen) else None


async def _refused(visit: Visit, agreement_id: UUID, refused: Refused) -> Response:
    """The page as it stands now, with why it could not be done."""
    if refused.status not in {409, 422}:
        raise refused
    return await shown(visit, agreement_id, errors=problem_in(visit, refused), status=refused.status)


def _told(visit: Visit, done: dict[str, Any]) -> str:
    approved = sum(line["decision"] == "approved" for line in done["services"])
    if approved == len(done["services"]):
        return visit.text("Godkendt. %(system)s har adgang fra nu af.", system=done["system_name"])
    return visit.text(
        "%(some)s af %(all)s services er godkendt. %(system)s har adgang til dem fra nu af.",
        some=approved,
        all=len(done["services"]),
        system=done["system_name"],
    )
