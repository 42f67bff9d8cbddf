"""Ending a running agreement: what it stops, why, and then it is over at once."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.decision import TERMINATION, Reason
from services.portal.pages.municipality.agreements import shown
from services.portal.pages.municipality.asking import agreement, calls_a_day
from services.portal.pages.visit import MunicipalityVisit, Visit, problem_in, said, unless_away

router = APIRouter(prefix="/kommune/serviceaftaler/{agreement_id}/opsig", include_in_schema=False)


@router.get("")
async def why(visit: MunicipalityVisit, agreement_id: UUID) -> Response:
    """The page that says what stops, and asks for the reason."""
    return await _page(visit, agreement_id, Reason("", ""), {})


@router.post("")
async def terminate(visit: MunicipalityVisit, agreement_id: UUID) -> Response:
    """End it."""
    form = await visit.form()
    reason = Reason(said(form, "chosen"), said(form, "words"))
    problems = {field: visit.text(told) for field, told in reason.problems(TERMINATION).items()}
    if not problems and said(form, "sure") != "yes":
        problems = {"sure-yes": visit.text("Sæt kryds, hvis aftalen skal stoppe nu.")}
    if problems:
        return await _page(visit, agreement_id, reason, problems)
    try:
        done = await visit.agreements.post(
            f"/agreements/{agreement_id}/terminate", {"reason": reason.told(TERMINATION)}
        )
    except Refused as refused:
        if refused.status == 422:  # noqa: PLR2004
            return await _page(visit, agreement_id, reason, problem_in(visit, refused))
        if refused.status != 409:  # noqa: PLR2004
            raise
        return await shown(visit, agreement_id, errors=problem_in(visit, refused), status=refused.status)
    told = visit.text("Aftalen er opsagt. %(system)s har ikke adgang længere.", system=done["system_name"])
    return await visit.done(f"/kommune/serviceaftaler/{agreement_id}", told)


async def _page(visit: Visit, agreement_id: UUID, reason: Reason, errors: dict[str, str]) -> Response:
    found = await agreement(visit, agreement_id)
    if found["state"] != "approved" or not visit.may("signatory"):
        return visit.see(f"/kommune/serviceaftaler/{agreement_id}")
    return visit.page(
        "municipality/terminate.html",
        status=422 if errors else 200,
        agreement=found,
        a_day=await unless_away(calls_a_day(visit, agreement_id)),
        reason=reason,
        reasons=TERMINATION,
        errors=errors,
    )
