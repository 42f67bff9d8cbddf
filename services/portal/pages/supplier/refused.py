"""Calls that were refused, each with its reason in words, and what became of one call."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.portal.domain.address import uuid_or_none
from services.portal.domain.call_reason import REASONS, reason_of
from services.portal.domain.problem import explained
from services.portal.pages.supplier import names
from services.portal.pages.visit import SupplierVisit, Visit, together
from shared.quarters import Quarter

router = APIRouter(include_in_schema=False)

PAGE = 50
LONGEST_ID = 64
STATES = ("refused", "counted", "duplicate")


@router.get("/leverandoer/afviste-kald")
async def refused_calls(  # noqa: PLR0917 - what the list is narrowed to stands in the address
    visit: SupplierVisit, kvartal: str = "", system: str = "", grund: str = "", tilstand: str = "", after: str = ""
) -> Response:
    """Refused calls, newest first, and how many of each reason."""
    quarter, system_id, now = _quarter(kvartal), uuid_or_none(system), names.this_quarter(visit)
    shown_quarter = str(quarter or now) if kvartal != "alle" else None
    found, summary, systems, known, called = await together(
        visit.metering.get(
            "/refused",
            quarter=shown_quarter,
            system_id=system_id,
            reason=grund if grund in REASONS else None,
            state=None if tilstand == "alle" else tilstand if tilstand in STATES else "refused",
            after=uuid_or_none(after),
            limit=PAGE,
        ),
        visit.metering.get("/refused/summary", quarter=shown_quarter, system_id=system_id),
        names.systems(visit),
        visit.metering.get("/quarters"),
        _called(visit),
    )
    reasons = sorted(summary["by_reason"].items(), key=lambda one: -one[1])
    return visit.page(
        "supplier/refused.html",
        calls=found["refused"],
        next=found["next"],
        total=summary["calls"],
        by_reason=[(reason_of(code), count) for code, count in reasons],
        reasons=[(reason.code, reason.name) for reason in REASONS.values()],
        reason_of=reason_of,
        systems=[(one["id"], one["name"]) for one in systems],
        system_names={one["id"]: one["name"] for one in systems},
        quarters=sorted({*(one["quarter"] for one in known["quarters"]), str(now)}, reverse=True),
        quarter=shown_quarter,
        called=called,
        known=grund if grund in REASONS else "",
    )


@router.get("/leverandoer/kald")
async def call(visit: SupplierVisit, id: str = "") -> Response:  # noqa: A002 - named so in the address
    """What became of one call: counted, refused, or both in turn."""
    sought = id.strip()
    fate = None
    systems, called = await together(names.systems(visit), _called(visit))
    if sought and len(sought) <= LONGEST_ID and sought.isprintable():
        fate = await visit.metering.get_or_none(f"/calls/{quote(sought, safe='')}")
    detail = "No call of yours has that id; it may not have arrived yet."
    error = "" if fate or not sought else explained("call.unknown", 404, detail, visit.language).detail
    own = {one["id"] for one in systems}
    return visit.page(
        "supplier/call.html",
        sought=sought,
        # A municipality that is a supplier too is told of calls made for it: those are not its own.
        counted=[one for one in fate["counted"] if one["system_id"] in own] if fate else [],
        refused=fate["refused"] if fate else [],
        errors={"id": error} if error else {},
        reason_of=reason_of,
        system_names={one["id"]: one["name"] for one in systems},
        environments={one["id"]: one["environment"] for one in systems},
        called=called,
    )


async def _called(visit: Visit) -> dict[str, Any]:
    catalogue, municipalities = await together(names.services(visit), names.municipalities(visit))
    return {**names.by_id(catalogue), **names.named_by(municipalities)}


def _quarter(text: str) -> Quarter | None:
    try:
        return Quarter.parse(text)
    except ValueError:
        return None
