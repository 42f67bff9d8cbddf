"""How the platform is: each service's readiness, what waits, and where to look further."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.portal.apis import Apis
from services.portal.domain.health import Health, all_well
from services.portal.pages.visit import HelpdeskVisit, Visit, together

router = APIRouter(prefix="/helpdesk/drift", include_in_schema=False)

SERVICES = ("registry", "agreements", "metering", "invoicing", "notifier")


async def health_of_all(visit: Visit) -> list[Health]:
    """What every service, and the portal itself, says of itself; one that does not answer is away."""
    apis = visit.running.get(Apis)
    _, said = await visit.running.readiness()
    return [*await together(*(apis.health(service) for service in SERVICES)), Health("portal", said)]


@router.get("")
async def health(visit: HelpdeskVisit) -> Response:
    """All services."""
    found = await health_of_all(visit)
    return visit.page("helpdesk/health.html", services=found, well=all_well(found))
