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
    organisation, waiting, usage, (invoices, before, year_before), dormant = await together(
        visit.registry.get(f"/organisations/{own}"),
        visit.agreements.get("/agreements", municipality_id=own, state="requested", sort="requested", limit=WAITING),
        unless_away(_so_far(visit, current)),
        _earlier(visit, current),
        unless_away(_dormant(visit)),
    )
    return visit.page(
        "municipality/overview.html",
        organisation=organisation,
        waiting=waiting["items"],
        quarter=current,
        usage=usage[0] if usage else None,
        foretold=_foretold(usage[1], current, today(visit)) if usage else None,
        before=before,
        year_before=year_before,
        invoices=invoices,
        dormant=dormant,
        dormant_days=DORMANT_DAYS,
    )


async def _so_far(visit: Visit, quarter: Quarter) -> tuple[Any, ...]:
    """The quarter's sums now, and its lines until yesterday inclusive."""
    return await together(
        visit.invoicing.get("/overview", quarter=str(quarter), group_by=""),
        visit.invoicing.get("/overview", quarter=str(quarter), group_by="service", before=today(visit).isoformat()),
    )


async def _earlier(visit: Visit, current: Quarter) -> tuple[Any, Any, Any]:
    """The latest invoices, and what the quarter before and the same a year before came to: an invoice says it."""
    invoices = await unless_away(_invoices(visit))
    billed = {one["quarter"]: one for one in invoices or []}
    before, year_before = await together(
        *(
            unless_away(_totals(visit, quarter, billed.get(str(quarter))))
            for quarter in (current.previous, Quarter(current.year - 1, current.number))
        )
    )
    return invoices, before, year_before


async def _totals(visit: Visit, quarter: Quarter, invoice: Any) -> Any:
    if invoice is not None:
        return invoice
    found = await visit.invoicing.get("/overview", quarter=str(quarter), group_by="")
    return found if found["calls"] else None


async def _invoices(visit: Visit) -> list[Any] | None:
    if not visit.may(*INVOICE_READERS):
        return None
    found = await visit.invoicing.get("/invoices", limit=INVOICES)
    return list(found["items"])


def _foretold(until_yesterday: Any, quarter: Quarter, now: date) -> Any:
    """The quarter's own calls until yesterday make the forecast; late ones of earlier quarters come once, on top."""
    lines = [line for line in until_yesterday["lines"] if not line["trial_calls"]]
    own = [line for line in lines if line["made_in_quarter"] == str(quarter)]
    late = [line for line in lines if line["made_in_quarter"] != str(quarter)]
    found = forecast(_calls(own), _net(own), quarter, now)
    if found is None:
        return None
    return {
        "calls": found.calls + _calls(late),
        "net": found.net + _net(late),
        "gone": found.gone,
        "days": found.days,
    }


def _calls(lines: list[Any]) -> int:
    return sum(line["calls"] for line in lines)


def _net(lines: list[Any]) -> Decimal:
    return sum((Decimal(line["amount"]) for line in lines), Decimal())


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
