"""A municipality's overview: what it must do now, what the quarter costs so far, what is no longer used."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Response

from services.portal.domain.forecast import forecast
from services.portal.pages.municipality.asking import INVOICE_READERS, latest_use, today
from services.portal.pages.visit import MunicipalityVisit, Visit, together, unless_away
from shared.days import civil_day
from shared.quarters import Quarter

router = APIRouter(include_in_schema=False)

WAITING = 5
INVOICES = 4
DORMANT_DAYS = 90


@router.get("/kommune")
async def overview(visit: MunicipalityVisit) -> Response:
    """The overview; a service that is away leaves its part out."""
    current, own = Quarter.of_day(today(visit)), visit.signed_in.organisation_id
    organisation, waiting, usage, before, year_before, invoices, dormant = await together(
        visit.registry.get(f"/organisations/{own}"),
        visit.agreements.get("/agreements", municipality_id=own, state="requested", sort="requested", limit=WAITING),
        unless_away(visit.invoicing.get("/overview", quarter=str(current), group_by="day")),
        unless_away(_totals(visit, current.previous)),
        unless_away(_totals(visit, Quarter(current.year - 1, current.number))),
        unless_away(_invoices(visit)),
        unless_away(_dormant(visit)),
    )
    return visit.page(
        "municipality/overview.html",
        organisation=organisation,
        waiting=waiting["items"],
        quarter=current,
        usage=usage,
        foretold=_foretold(usage, current, today(visit)) if usage else None,
        before=before,
        year_before=year_before,
        invoices=invoices,
        dormant=dormant,
        dormant_days=DORMANT_DAYS,
    )


async def _totals(visit: Visit, quarter: Quarter) -> Any:
    found = await visit.invoicing.get("/overview", quarter=str(quarter), group_by="")
    return found if found["calls"] else None


async def _invoices(visit: Visit) -> list[Any] | None:
    if not visit.may(*INVOICE_READERS):
        return None
    found = await visit.invoicing.get("/invoices", limit=INVOICES)
    return list(found["items"])


def _foretold(usage: Any, quarter: Quarter, now: date) -> Any:
    """The quarter's own calls until yesterday make the forecast; late ones of earlier quarters come once, on top."""
    own, late_calls, late_net = [], 0, Decimal()
    for line in usage["lines"]:
        day = date.fromisoformat(line["day"])
        if day < quarter.first_day:
            late_calls += line["calls"]
            late_net += Decimal(line["amount"])
        elif day < now:
            own.append(line)
    found = forecast(
        sum(line["calls"] for line in own), sum((Decimal(line["amount"]) for line in own), Decimal()), quarter, now
    )
    if found is None:
        return None
    return {
        "calls": found.calls + late_calls,
        "net": found.net + late_net,
        "gone": found.gone,
        "days": found.days,
    }


async def _dormant(visit: Visit) -> list[Any]:
    """Running agreements without a call for so long, the oldest first; those that are newer than that are spared."""
    running, used = await together(
        visit.agreements.all("/agreements", municipality_id=visit.signed_in.organisation_id, state="approved"),
        latest_use(visit),
    )
    since = today(visit) - timedelta(days=DORMANT_DAYS)
    return [one for one in reversed(running) if _begun(one) < since and used.get(one["id"], date.min) < since]


def _begun(agreement: dict[str, Any]) -> date:
    return civil_day(datetime.fromisoformat(agreement["valid"][-1]["starts"]))
