"""Rejecting a request: always with a reason, which the supplier reads."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.decision import REJECTION, Reason
from services.portal.pages.municipality.agreements import shown
from services.portal.pages.municipality.asking import agreement
from services.portal.pages.visit import MunicipalityVisit, Visit, problem_in, said

router = APIRouter(prefix="/kommune/serviceaftaler/{agreement_id}/afvis", include_in_schema=False)


@router.get("")
async def why(visit: MunicipalityVisit, agreement_id: UUID) -> Response:
    """The page that asks for the reason."""
    return await _page(visit, agreement_id, Reason("", ""), {})


@router.post("")
async def reject(visit: MunicipalityVisit, agreement_id: UUID) -> Response:
    """Reject the whole request."""
    form = await visit.form()
    reason = Reason(said(form, "chosen"), said(form, "words"))
    problems = {field: visit.text(told) for field, told in reason.problems(REJECTION).items()}
    if problems:
        return await _page(visit, agreement_id, reason, problems)
    try:
        done = await visit.agreements.post(f"/agreements/{agreement_id}/reject", {"reason": reason.told(REJECTION)})
    except Refused as refused:
        if refused.status == 422:  # noqa: PLR2004
            return await _page(visit, agreement_id, reason, problem_in(visit, refused))
        if refused.status != 409:  # noqa: PLR2004
            raise
        return await shown(visit, agreement_id, errors=problem_in(visit, refused), status=refused.status)
    told = visit.text("Anmodningen fra %(supplier)s er afvist.", supplier=done["supplier_name"])
    return await visit.done(f"/kommune/serviceaftaler/{agreement_id}", told)


async def _page(visit: Visit, agreement_id: UUID, reason: Reason, errors: dict[str, str]) -> Response:
    found = await agreement(visit, agreement_id)
    if found["state"] != "requested" or not visit.may("signatory"):
        return visit.see(f"/kommune/serviceaftaler/{agreement_id}")
    return visit.page(
        "municipality/reject.html",
        status=422 if errors else 200,
        agreement=found,
        reason=reason,
        reasons=REJECTION,
        errors=errors,
    )
