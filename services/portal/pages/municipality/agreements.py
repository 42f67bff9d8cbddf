"""A municipality's service agreements: the list, and one of them with what it is, costs and went through."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.domain.address import uuid_or_none
from services.portal.pages.municipality import asking
from services.portal.pages.visit import MunicipalityVisit, Visit, together, unless_away
from shared.quarters import Quarter

router = APIRouter(prefix="/kommune/serviceaftaler", include_in_schema=False)

LISTED = 50
STATES = ("requested", "approved", "rejected", "withdrawn", "terminated")
SORTS = ("requested", "supplier", "system", "state")


@router.get("")
async def agreements(visit: MunicipalityVisit) -> Response:
    """All of them, the waiting first; searched, narrowed and sorted by the service."""
    asked = visit.request.query_params
    state, sort = asked.get("state", ""), asked.get("sort", "state")
    narrowed = {
        "q": sought(asked.get("q")),
        "supplier_id": uuid_or_none(asked.get("supplier_id")),
        "system_id": uuid_or_none(asked.get("system_id")),
        "service_id": uuid_or_none(asked.get("service_id")),
        "municipality_id": visit.signed_in.organisation_id,
    }
    quarter = Quarter.of_day(asking.today(visit))
    found, counts, systems, usage = await together(
        visit.agreements.get(
            "/agreements",
            **narrowed,
            state=state if state in STATES else None,
            sort=sort if sort.removeprefix("-") in SORTS else "state",
            after=uuid_or_none(asked.get("after")),
            limit=LISTED,
        ),
        visit.agreements.get("/agreements/counts", **narrowed),
        visit.agreements.get("/agreements/systems", municipality_id=visit.signed_in.organisation_id),
        unless_away(visit.invoicing.get("/overview", quarter=str(quarter), group_by="agreement")),
    )
    waiting = [one for one in found["items"] if one["state"] == "requested"]
    return visit.page(
        "municipality/agreements.html",
        found=found,
        counts=counts,
        states=STATES,
        suppliers={one["supplier_id"]: one["supplier_name"] for one in systems["systems"]},
        systems=systems["systems"],
        narrowed={name: value for name, value in narrowed.items() if value and name != "municipality_id"},
        quarter=quarter,
        usage=_by_agreement(usage),
        choosable=visit.may("signatory") and len(waiting) > 1,
    )


def _by_agreement(usage: Any) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {line["agreement_id"]: line for line in usage["lines"] if not line["trial_calls"]}


@router.get("/{agreement_id}")
async def agreement(visit: MunicipalityVisit, agreement_id: UUID) -> Response:
    """One agreement: a question while it waits, else what became of it."""
    return await shown(visit, agreement_id)


async def shown(
    visit: Visit,
    agreement_id: UUID,
    *,
    errors: dict[str, str] | None = None,
    chosen: list[str] | None = None,
    status: int = 200,
) -> Response:
    """The agreement's page; `errors` are told above it, `chosen` are the services ticked (None: all)."""
    quarter = Quarter.of_day(asking.today(visit))
    found, people, usage, before = await together(
        asking.agreement(visit, agreement_id),
        unless_away(asking.colleagues(visit)),
        _usage(visit, agreement_id, quarter),
        _usage(visit, agreement_id, quarter.previous),
    )
    ids = [line["service_id"] for line in found["services"]]
    catalogue, cost = await together(
        asking.services(visit, ids),
        unless_away(asking.cost(visit, ids, found["expected_calls_per_quarter"])),
    )
    told: dict[str, Any] = {
        "agreement": found,
        "people": people or {},
        "deciders": asking.signatories(people or {}),
        "catalogue": catalogue,
        "cost": cost,
        "errors": errors or {},
    }
    if found["state"] == "requested":
        return visit.page("municipality/decide.html", status=status, chosen=ids if chosen is None else chosen, **told)
    return visit.page(
        "municipality/agreement.html",
        status=status,
        quarter=quarter,
        usage=usage,
        before=before,
        **told,
    )


async def _usage(visit: Visit, agreement_id: UUID, quarter: Quarter) -> Any:
    return await unless_away(
        visit.invoicing.get("/overview", quarter=str(quarter), group_by="service", agreement_id=agreement_id)
    )


def sought(text: str | None) -> str | None:
    """What is searched for, without what no name holds; None for nothing."""
    told = "".join(character for character in text or "" if character.isprintable()).strip()
    return told[:255] or None
