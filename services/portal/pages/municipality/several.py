"""Approving several requests at once: exactly which, what they come to, and what became of each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import FormData, QueryParams

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none, with_query
from services.portal.domain.decision import NOT_APPROVED, OTHERWISE
from services.portal.pages.municipality import asking
from services.portal.pages.visit import MunicipalityVisit, Visit, together

router = APIRouter(prefix="/kommune/serviceaftaler", include_in_schema=False)

MOST = 50
LIST = "/kommune/serviceaftaler"


@router.get("/godkend-flere")
async def confirm(visit: MunicipalityVisit) -> Response:
    """What exactly is approved, and the sum."""
    chosen = _chosen(visit.request.query_params)
    if not visit.may("signatory"):
        return visit.see(LIST)
    if not chosen:
        return await visit.done(
            f"{LIST}?state=requested", visit.text("Sæt kryds ved de anmodninger, du vil godkende.")
        )
    found = await _found(visit, chosen)
    waiting = [one for one in found if one["state"] == "requested"]
    costs = await together(*(_cost(visit, one) for one in waiting))
    return visit.page(
        "municipality/several.html",
        waiting=list(zip(waiting, costs, strict=True)),
        decided=[one for one in found if one["state"] != "requested"],
        net=sum((cost.net for cost in costs if cost.calls), Decimal()),
        unknown=sum(1 for cost in costs if not cost.calls or not cost.complete),
    )


@router.post("/godkend-flere")
async def approve(visit: MunicipalityVisit) -> Response:
    """Approve them one by one; one that can't be approved holds up no other."""
    outcomes = []
    for agreement_id in _chosen(await visit.form()):
        try:
            await visit.agreements.post(f"/agreements/{agreement_id}/approve")
            outcomes.append(agreement_id)
        except Refused as refused:
            if refused.status not in {404, 409, 422}:
                raise
            outcomes.append(f"{agreement_id}:{refused.code}")
    return visit.see(with_query(f"{LIST}/godkendt-flere", {"agreement_id": outcomes}))


@router.get("/godkendt-flere")
async def outcome(visit: MunicipalityVisit) -> Response:
    """What became of each."""
    why: dict[str, str] = {}
    for told in visit.request.query_params.getlist("agreement_id")[:MOST]:
        agreement_id, _, code = told.partition(":")
        if (known := uuid_or_none(agreement_id)) is not None:
            why[known] = visit.text(NOT_APPROVED.get(code, OTHERWISE)) if code else ""
    found = await _found(visit, list(why))
    return visit.page(
        "municipality/several_done.html",
        approved=[one for one in found if not why[one["id"]]],
        refused=[(one, why[one["id"]]) for one in found if why[one["id"]]],
    )


def _chosen(told: QueryParams | FormData) -> list[str]:
    ids = dict.fromkeys(uuid_or_none(str(one)) for one in told.getlist("agreement_id"))
    return [one for one in ids if one][:MOST]


async def _found(visit: Visit, ids: list[str]) -> list[dict[str, Any]]:
    found = await together(*(visit.agreements.get_or_none(f"/agreements/{one}") for one in ids))
    own = str(visit.signed_in.organisation_id)
    return [one for one in found if one and one["municipality_id"] == own]


async def _cost(visit: Visit, agreement: dict[str, Any]) -> asking.Cost:
    ids = [line["service_id"] for line in agreement["services"]]
    return await asking.cost(visit, ids, agreement["expected_calls_per_quarter"])
