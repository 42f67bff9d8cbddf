"""Find service: the catalogue for everybody, with what each service gives and costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.domain.address import uuid_or_none
from services.portal.pages.visit import Anyone, Visit, together
from shared.days import COPENHAGEN

router = APIRouter(prefix="/find-service", include_in_schema=False)

ON_A_PAGE = 50
STATES = frozenset({"open", "locked", "closed"})


@router.get("")
async def services(visit: Anyone, q: str = "", state: str = "", after: str = "") -> Response:
    """The catalogue: all of it, or what holds these words."""
    state = state if state in STATES else ""
    found, prices = await together(
        visit.registry.get("/services", q=q.strip()[:200], state=state, after=uuid_or_none(after), limit=ON_A_PAGE),
        visit.invoicing.all("/prices"),
    )
    return visit.page(
        "find_service/list.html",
        services=found["items"],
        next=found["next"],
        prices={one["service_id"]: one for one in prices},
        q=q.strip(),
        state=state,
    )


@router.get("/{service_id}")
async def service(service_id: UUID, visit: Anyone) -> Response:
    """One service: what it gives, what it costs and has cost, its other versions."""
    found = await visit.registry.get(f"/services/{service_id}")
    history, namesakes = await together(
        visit.invoicing.get_or_none(f"/prices/{service_id}"),
        visit.registry.all("/services", q=found["name"]),
    )
    return visit.page(
        "find_service/service.html",
        service=found,
        prices=_told(history["steps"] if history else [], _today(visit)),
        others=[one for one in namesakes if one["name"] == found["name"] and one["id"] != found["id"]],
        supplier=visit.session is not None and visit.signed_in.has("supplier", "administrator", "user"),
    )


def _today(visit: Visit) -> str:
    return visit.running.clock.now().astimezone(COPENHAGEN).date().isoformat()


def _told(steps: list[dict[str, Any]], today: str) -> list[dict[str, Any]]:
    """The prices, the newest first, each with the day the next one takes over and where it stands today."""
    told = []
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        ends = following["starts"] if following else None
        standing = "coming" if step["starts"] > today else "past" if ends and ends <= today else "current"
        told.append({**step, "per_call": Decimal(step["per_call"]), "ends": ends, "standing": standing})
    return told[::-1]
