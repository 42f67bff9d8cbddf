"""The audit log: who did what to which thing, over all services."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response

from services.portal.domain.log import newest, read_cursors, write_cursors
from services.portal.pages.helpdesk.health import SERVICES
from services.portal.pages.helpdesk.naming import people_named
from services.portal.pages.visit import HelpdeskVisit, Visit, together, unless_away
from shared import audit
from shared.days import day_starts

router = APIRouter(prefix="/helpdesk/log", include_in_schema=False)

LISTED = 50
FIRST_YEAR, LAST_YEAR = 2000, 2099
ALL = (*SERVICES, "portal")


@router.get("")
async def log(visit: HelpdeskVisit) -> Response:
    """Lines of all logs, or one, by subject, actor, what was done, and time."""
    asked = visit.request.query_params
    one = asked.get("service", "")
    services = (one,) if one in ALL else ALL
    before = read_cursors(asked.get("after", ""))
    since, until = _day(asked.get("from", "")), _day(asked.get("to", ""))
    wanted = {
        "subject": asked.get("subject", "").strip()[:255] or None,
        "actor_id": asked.get("actor", "").strip()[:255] or None,
        "action": asked.get("action", "").strip()[:64] or None,
        "since": day_starts(since) if since else None,
        "until": day_starts(until + timedelta(days=1)) if until else None,
    }
    answers = await together(*(_lines(visit, service, wanted, before.get(service)) for service in services))
    found = {service: lines for service, lines in zip(services, answers, strict=True) if lines is not None}
    shown, more = newest(found, before, LISTED)
    names = await people_named(visit, [line["actor_id"] for line in shown if line["actor_kind"] == "person"])
    return visit.page(
        "helpdesk/log.html",
        lines=shown,
        next=write_cursors(more) if more else None,
        names=names,
        services=ALL,
        away=[service for service in services if service not in found],
    )


async def _lines(visit: Visit, service: str, wanted: dict[str, Any], before: int | None) -> Any:
    if service == "portal":
        async with visit.running.database.reading() as connection:
            found = await audit.listed(connection, **wanted, before=before, limit=LISTED + 1)
        return [{**line, "at": line["at"].isoformat()} for line in found]
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in wanted.items()}
    answer = await unless_away(getattr(visit, service).get("/audit", **told, after=before, limit=LISTED + 1))
    return None if answer is None else answer["items"]


def _day(text: str) -> date | None:
    """A day in the address; None for what is none, or one that no log can know."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None
