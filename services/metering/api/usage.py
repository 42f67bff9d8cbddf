"""Counted calls: counts only, never money."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from services.metering.api.asking import InQuarter, Running, sight_of
from services.metering.store import overview
from services.metering.store.overview import Asked
from shared.contracts.event import Environment
from shared.days import day_starts
from shared.identity import SignedIn
from shared.problem import Invalid
from shared.quarters import Quarter

router = APIRouter(tags=["usage"])

GROUPS = ("system", "service", "municipality", "agreement", "day")


class Line(BaseModel):
    """Calls of one group; what was not grouped by is None. Days are civil days in Copenhagen.

    `agreement_id` is the trial connection's where calls were made under one. `latest_day` is that of the last call.
    """

    system_id: UUID | None
    system_name: str | None
    service_id: UUID | None
    municipality_id: UUID | None
    agreement_id: UUID | None
    day: date | None
    latest_day: date
    calls: int


class UsageOverview(BaseModel):
    """Calls made in a quarter that were counted; `calls` is the sum of all pages. `next` goes into `after`."""

    quarter: str
    as_of: AwareDatetime
    environment: Environment | None
    calls: int
    lines: list[Line]
    next: str | None


@router.get("/usage")
async def get_usage(  # noqa: PLR0917 - a route's parameters are named in the query
    running: Running,
    caller: SignedIn,
    quarter: InQuarter,
    group_by: Annotated[
        str,
        Query(max_length=60, description="Any of system, service, municipality, agreement, day; with commas between"),
    ] = "system,service",
    environment: Environment | None = None,
    system_id: UUID | None = None,
    municipality_id: UUID | None = None,
    service_id: UUID | None = None,
    agreement_id: UUID | None = None,
    supplier_id: UUID | None = None,
    first_day: Annotated[date | None, Query(description="Only from this day in Copenhagen on")] = None,
    last_day: Annotated[date | None, Query(description="Only until this day in Copenhagen, and on it")] = None,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> UsageOverview:
    """Counted calls: a supplier sees those of its systems, a municipality its own, helpdesk all."""
    groups = {part.strip() for part in group_by.split(",") if part.strip()}
    if unknown := sorted(groups - set(GROUPS)):
        raise Invalid("usage.group_unknown", f"Can't group by {', '.join(unknown)}; only by {', '.join(GROUPS)}.")
    starts, ends = _span(quarter, first_day, last_day)
    asked = Asked(
        starts,
        ends,
        sight_of(caller),
        environment,
        system_id,
        municipality_id,
        service_id,
        agreement_id,
        supplier_id,
    )
    async with running.database.reading() as connection:
        total = await overview.usage_total(connection, asked)
        found = await overview.usage(connection, asked, groups, after=after, limit=limit) if total else []
    return UsageOverview(
        quarter=str(quarter),
        as_of=running.clock.now(),
        environment=environment,
        calls=total,
        lines=[
            Line(
                system_id=item.system_id,
                system_name=item.system_name,
                service_id=item.service_id,
                municipality_id=item.municipality_id,
                agreement_id=item.agreement_id,
                day=item.day,
                latest_day=item.latest_day,
                calls=item.calls,
            )
            for item in found
        ],
        next=found[-1].key if len(found) == limit else None,
    )


def _span(quarter: Quarter, first_day: date | None, last_day: date | None) -> tuple[datetime, datetime]:
    """The quarter, or the part of it between two days."""
    first = max(first_day or quarter.first_day, quarter.first_day)
    last = min(last_day or quarter.last_day, quarter.last_day)
    starts = day_starts(min(first, quarter.last_day))
    return starts, max(starts, day_starts(last + timedelta(days=1)) if first <= quarter.last_day else starts)
