"""The supplier's agreements: the list, one agreement with its timeline and technical details, and ending it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.snippet import UNKNOWN, snippets
from services.portal.pages.supplier import names
from services.portal.pages.visit import SupplierVisit, Visit, problem_in, said, together

router = APIRouter(include_in_schema=False)

LIST = "/leverandoer/serviceaftaler"
PAGE = 50
STATES = ("requested", "approved", "rejected", "terminated", "withdrawn")
SORTS = frozenset({"requested", "municipality", "system", "state"})
SHORTEST_REASON, LONGEST_REASON = 3, 2000


@router.get(LIST)
async def agreements(  # noqa: PLR0917 - what the list is narrowed to stands in the address
    visit: SupplierVisit,
    q: str = "",
    tilstand: str = "",
    system: str = "",
    kommune: str = "",
    sort: str = "",
    after: str = "",
) -> Response:
    """Agreements, searched, narrowed, sorted, page by page."""
    narrowed = {
        "supplier_id": str(visit.signed_in.organisation_id),
        "q": q.strip()[:255],
        "system_id": uuid_or_none(system),
        "municipality_id": uuid_or_none(kommune),
    }
    found, counts, systems, municipalities = await together(
        visit.agreements.get(
            "/agreements",
            **narrowed,
            state=tilstand if tilstand in STATES else None,
            sort=sort if sort.removeprefix("-") in SORTS else None,
            after=uuid_or_none(after),
            limit=PAGE,
        ),
        visit.agreements.get("/agreements/counts", **narrowed),
        names.systems(visit),
        names.municipalities(visit),
    )
    return visit.page(
        "supplier/agreements.html",
        agreements=found["items"],
        next=found["next"],
        counts=counts,
        states=STATES,
        systems=[(one["id"], one["name"]) for one in systems if one["environment"] == "production"],
        municipalities=[(one["id"], one["name"]) for one in municipalities if not one["test"]],
    )


@router.get(LIST + "/{agreement_id:uuid}")
async def agreement(visit: SupplierVisit, agreement_id: UUID) -> Response:
    """All about one agreement."""
    return await _shown(visit, agreement_id)


async def _shown(visit: Visit, agreement_id: UUID, *, error: str = "", status: int = 200) -> Response:
    found = await _own(visit, agreement_id)
    quarter = str(names.this_quarter(visit))
    people, usage = await together(
        names.people(visit),
        visit.metering.get(
            "/usage",
            quarter=quarter,
            system_id=found["system_id"],
            municipality_id=found["municipality_id"],
            group_by="service",
        ),
    )
    technical = found["technical"]
    return visit.page(
        "supplier/agreement.html",
        status=status,
        agreement=found,
        people=people,
        quarter=quarter,
        usage=usage,
        by_service={line["service_id"]: line["calls"] for line in usage["lines"]},
        snippets=_snippets(visit, technical) if technical and found["state"] == "approved" else None,
        error=error,
    )


def _snippets(visit: Visit, technical: dict[str, Any]) -> Any:
    return snippets(
        visit.settings.origin,
        technical["system_id"],
        service=next(iter(technical["service_ids"]), UNKNOWN),
        municipality=technical["municipality_id"],
        agreement=technical["agreement_id"],
        demonstration=visit.settings.mode == "demonstration",
    )


async def _own(visit: Visit, agreement_id: UUID) -> dict[str, Any]:
    """An agreement of the supplier's own: a municipality that is a supplier too sees others' under its other hat."""
    found: dict[str, Any] = await visit.agreements.get(f"/agreements/{agreement_id}")
    if found["supplier_id"] != str(visit.signed_in.organisation_id):
        raise Refused(404, {"code": "agreement.unknown", "detail": "You have no agreement with that id."})
    return found


@router.post(LIST + "/{agreement_id:uuid}/gensend")
async def remind(visit: SupplierVisit, agreement_id: UUID) -> Response:
    """Have the municipality told once more."""
    try:
        found = await visit.agreements.post(f"/agreements/{agreement_id}/resend-notice")
    except Refused as refused:
        if refused.status not in {409, 429}:
            raise
        return await _shown(visit, agreement_id, error=problem_in(visit, refused)["form"], status=refused.status)
    sentence = visit.text("Advis er gensendt til %(municipality)s.", municipality=found["municipality_name"])
    return await visit.done(f"{LIST}/{agreement_id}", sentence)


@router.get(LIST + "/{agreement_id:uuid}/traek-tilbage")
async def confirm_withdrawal(visit: SupplierVisit, agreement_id: UUID) -> Response:
    """What taking the request back from this municipality would mean."""
    return visit.page("supplier/agreement_withdraw.html", agreement=await _own(visit, agreement_id), error="")


@router.post(LIST + "/{agreement_id:uuid}/traek-tilbage")
async def withdraw(visit: SupplierVisit, agreement_id: UUID) -> Response:
    """Take the request back from this municipality."""
    try:
        found = await visit.agreements.post(f"/agreements/{agreement_id}/withdraw")
    except Refused as refused:
        if refused.status != 409:  # noqa: PLR2004
            raise
        return await _shown(visit, agreement_id, error=problem_in(visit, refused)["form"], status=409)
    sentence = visit.text(
        "Anmodningen til %(municipality)s er trukket tilbage.", municipality=found["municipality_name"]
    )
    return await visit.done(f"{LIST}/{agreement_id}", sentence)


@router.get(LIST + "/{agreement_id:uuid}/opsig")
async def confirm_termination(visit: SupplierVisit, agreement_id: UUID) -> Response:
    """What ending the agreement would stop, and the question why."""
    return await _termination(visit, agreement_id, "", {})


@router.post(LIST + "/{agreement_id:uuid}/opsig")
async def terminate(visit: SupplierVisit, agreement_id: UUID) -> Response:
    """End the agreement at once."""
    reason = said(await visit.form(), "reason")
    errors: dict[str, str] = {}
    if len(reason) < SHORTEST_REASON:
        errors["reason"] = visit.text("Skriv hvorfor, med mindst 3 tegn. Kommunen læser det.")
    elif len(reason) > LONGEST_REASON:
        errors["reason"] = visit.text("Begrundelsen er for lang. Brug højst 2.000 tegn.")
    status = 422
    if not errors:
        try:
            found = await visit.agreements.post(f"/agreements/{agreement_id}/terminate", {"reason": reason})
        except Refused as refused:
            if refused.status not in {409, 422}:
                raise
            errors, status = problem_in(visit, refused), refused.status
        else:
            sentence = visit.text(
                "Serviceaftalen med %(municipality)s er opsagt.", municipality=found["municipality_name"]
            )
            return await visit.done(f"{LIST}/{agreement_id}", sentence)
    return await _termination(visit, agreement_id, reason, errors, status=status)


async def _termination(
    visit: Visit, agreement_id: UUID, reason: str, errors: dict[str, str], *, status: int = 200
) -> Response:
    found = await _own(visit, agreement_id)
    quarter = str(names.this_quarter(visit))
    usage = await visit.metering.get(
        "/usage",
        quarter=quarter,
        system_id=found["system_id"],
        municipality_id=found["municipality_id"],
        group_by="",
    )
    return visit.page(
        "supplier/agreement_terminate.html",
        status=status,
        agreement=found,
        quarter=quarter,
        calls=usage["calls"],
        reason=reason,
        errors=errors,
    )
