"""What needs somebody at the helpdesk, first thing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from services.portal.pages.helpdesk.billing import FINAL
from services.portal.pages.helpdesk.health import health_of_all
from services.portal.pages.visit import HelpdeskVisit, together, unless_away

router = APIRouter(prefix="/helpdesk", include_in_schema=False)

COUNTED = 50
"""Up to so many are counted; beyond it is more than one looks through anyway."""


@router.get("")
async def overview(visit: HelpdeskVisit) -> Response:
    """What needs somebody, and the field that finds anything."""
    health, failed, quarters, leaderless, unreachable, requested, billed = await together(
        health_of_all(visit),
        unless_away(visit.notifier.get("/notices", state="failed", limit=COUNTED)),
        unless_away(visit.metering.get("/quarters", calls=False)),
        unless_away(visit.registry.get("/organisations", lacking="administrator", active=True, limit=COUNTED)),
        unless_away(visit.registry.get("/organisations", lacking="mailbox", active=True, limit=COUNTED)),
        unless_away(visit.agreements.get("/agreements/counts")),
        unless_away(visit.invoicing.get("/billing/states")),
    )
    return visit.page(
        "helpdesk/overview.html",
        health=[one for one in health if one.needs],
        failed=_count(failed),
        more=COUNTED,
        leaderless=_count(leaderless),
        unreachable=_count(unreachable),
        counts=requested,
        blocked=[one for one in quarters["quarters"] if one["blocked"]] if quarters else [],
        due=[one for one in quarters["quarters"] if one["state"] == "open" and one["due_at"] <= _now(visit)]
        if quarters
        else [],
        waiting=_waiting(billed),
    )


def _waiting(billed: Any) -> dict[str, Any] | None:
    """The newest sealed quarter of which invoices wait, and how many."""
    for quarter, states in sorted((billed["quarters"] if billed else {}).items(), reverse=True):
        if count := sum(number for state, number in states.items() if state not in FINAL):
            return {"quarter": quarter, "count": count}
    return None


def _count(found: Any) -> int | None:
    if found is None:
        return None
    return len(found["items"]) + (1 if found["next"] else 0)


def _now(visit: HelpdeskVisit) -> str:
    return visit.running.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
