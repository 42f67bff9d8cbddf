"""A system as the helpdesk sees it, and what became of a call."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.pages.helpdesk.naming import people_named
from services.portal.pages.visit import HelpdeskVisit, together, unless_away

router = APIRouter(prefix="/helpdesk", include_in_schema=False)

BESIDES = 10


@router.get("/it-systemer/{system_id}")
async def system(visit: HelpdeskVisit, system_id: UUID) -> Response:
    """A system with its certificates, history and newest agreements."""
    found, agreements, refused = await together(
        visit.registry.get(f"/systems/{system_id}"),
        unless_away(visit.agreements.get("/agreements", system_id=system_id, limit=BESIDES)),
        unless_away(visit.metering.get("/refused", system_id=system_id, state="refused", limit=BESIDES)),
    )
    names = await people_named(
        visit, [line["actor_id"] for line in found["history"] if line["actor_kind"] == "person"]
    )
    return visit.page(
        "helpdesk/system.html",
        test=found["environment"] == "test",
        system=found,
        agreements=agreements,
        refused=refused,
        names=names,
    )


@router.get("/kald")
async def call(visit: HelpdeskVisit, id: str = "") -> Response:  # noqa: A002 - named so in the address
    """What became of a call, by its supplier's id or the id of a refusal."""
    found = await visit.metering.get(f"/calls/{quote(id[:64] or '-', safe='')}")
    systems = {one["system_id"] for one in (*found["counted"], *found["refused"])}
    shown = await together(*(visit.registry.get_or_none(f"/systems/{system_id}") for system_id in systems))
    return visit.page(
        "helpdesk/call.html",
        call_id=id,
        found=found,
        systems={one["id"]: one for one in shown if one is not None},
        test=any(one["environment"] == "test" for one in found["counted"]),
    )
