"""Messages whose handling failed: seen, tried again, or given up with a reason."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.problem import explained
from services.portal.pages.helpdesk.health import SERVICES
from services.portal.pages.visit import HelpdeskVisit, Visit, said, together, unless_away
from shared.problem import NotFound

router = APIRouter(prefix="/helpdesk/parkerede", include_in_schema=False)

LISTED = 50
STATES = ("waiting", "handled", "dropped")
LONGEST = 255


@router.get("")
async def parked(visit: HelpdeskVisit) -> Response:
    """What is parked in all services, or one; each list goes on by itself."""
    asked = visit.request.query_params
    state = asked.get("state", "")
    one = asked.get("service", "")
    services = (one,) if one in SERVICES else SERVICES
    answers = await together(
        *(
            unless_away(
                getattr(visit, service).get(
                    "/parked",
                    state=state if state in STATES else "waiting",
                    limit=LISTED,
                    after=uuid_or_none(asked.get("after")) if len(services) == 1 else None,
                )
            )
            for service in services
        )
    )
    return visit.page(
        "helpdesk/parked.html",
        found=dict(zip(services, answers, strict=True)),
        services=SERVICES,
        states=STATES,
        one=one if one in SERVICES else "",
    )


@router.get("/{service}/{parked_id}")
async def message(visit: HelpdeskVisit, service: str, parked_id: UUID) -> Response:
    """One parked message with its content, as far as that may be shown."""
    return await _message(visit, service, parked_id, {})


@router.post("/{service}/{parked_id}/proev-igen")
async def replay(visit: HelpdeskVisit, service: str, parked_id: UUID) -> Response:
    """Have it tried again at once."""
    try:
        await _api(visit, service).post(f"/parked/{parked_id}/replay")
    except Refused as refused:
        return await _message(visit, service, parked_id, {"form": _told(visit, refused)}, status=refused.status)
    told = visit.text("Beskeden prøves igen inden for få sekunder.")
    return await visit.done(f"/helpdesk/parkerede/{service}/{parked_id}", told)


@router.post("/{service}/{parked_id}/opgiv")
async def drop(visit: HelpdeskVisit, service: str, parked_id: UUID) -> Response:
    """Give it up for good, with a reason that is kept."""
    form = await visit.form()
    reason = said(form, "reason")
    problems = {}
    if not reason or len(reason) > LONGEST:
        problems["reason"] = visit.text("Skriv på én linje, hvorfor beskeden kan undværes.")
    elif not said(form, "sure"):
        problems["sure"] = visit.text("Sæt kryds for at bekræfte: en opgivet besked kommer ikke igen.")
    else:
        try:
            await _api(visit, service).post(f"/parked/{parked_id}/drop", {"reason": reason})
        except Refused as refused:
            problems["form"] = _told(visit, refused)
    if problems:
        return await _message(visit, service, parked_id, problems, reason=reason, status=422)
    told = visit.text("Beskeden er opgivet. Begrundelsen står i loggen.")
    return await visit.done(f"/helpdesk/parkerede/{service}/{parked_id}", told)


async def _message(
    visit: Visit, service: str, parked_id: UUID, errors: dict[str, str], *, reason: str = "", status: int = 200
) -> Response:
    found = await _api(visit, service).get(f"/parked/{parked_id}")
    return visit.page(
        "helpdesk/parked_message.html", status=status, service=service, message=found, errors=errors, reason=reason
    )


def _api(visit: Visit, service: str) -> Any:
    if service not in SERVICES:
        raise NotFound("parked.unknown", f"There is no service {service}.")
    return getattr(visit, service)


def _told(visit: Visit, refused: Refused) -> str:
    return explained(refused.code, refused.status, refused.detail, visit.language).detail
