"""The usage overview: a municipality's lookups and what they cost, told apart as it likes, and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Response

from services.portal.domain import chart, sheet
from services.portal.domain.address import uuid_or_none
from services.portal.domain.usage import GROUPS, Week, beside, cells, heading, largest, week_calls, weeks
from services.portal.pages.municipality import asking
from services.portal.pages.visit import MunicipalityVisit, Visit, together, unless_away
from shared.quarters import Quarter

router = APIRouter(prefix="/kommune/forbrug", include_in_schema=False)

FIRST, LAST = 2001, 2098
"""Years there may be usage of; each is shown beside the one before."""
QUARTERS = 9
"""How many quarters can be chosen: two years back and the present one."""
MOST_ROWS = 100
"""How many lines the page shows: what costs can be told apart by, suppliers' systems make up."""
NARROWED = ("supplier_id", "system_id", "service_id", "agreement_id")


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what can't be read is as if it were not there."""

    quarter: Quarter
    current: Quarter
    group: str
    narrowed: dict[str, str]

    @classmethod
    def of(cls, visit: Visit) -> Asked:
        query = visit.request.query_params
        current = Quarter.of_day(asking.today(visit))
        try:
            quarter = Quarter.parse(query.get("quarter", "").upper())
        except ValueError:
            quarter = current
        if not FIRST <= quarter.year <= LAST:
            quarter = current
        group = query.get("group", "supplier")
        narrowed = {name: known for name in NARROWED if (known := uuid_or_none(query.get(name)))}
        return cls(quarter, current, group if group in GROUPS else "supplier", narrowed)

    @property
    def year_before(self) -> Quarter:
        return Quarter(self.quarter.year - 1, self.quarter.number)

    def overview(self, visit: Visit, quarter: Quarter, group_by: str) -> Any:
        return visit.invoicing.get("/overview", quarter=str(quarter), group_by=group_by, **self.narrowed)


@router.get("")
async def usage(visit: MunicipalityVisit) -> Response:
    """Lookups and price of a quarter, beside the same quarter a year before."""
    asked = Asked.of(visit)
    group_by = GROUPS[asked.group][1]
    found, by_week, before, before_by_day, names = await together(
        asked.overview(visit, asked.quarter, group_by),
        asked.overview(visit, asked.quarter, "week"),
        asked.overview(visit, asked.year_before, group_by),
        unless_away(_by_day(visit, asked, asked.year_before)),
        unless_away(_names(visit, asked)),
    )
    lines = [line for line in found["lines"] if not line["trial_calls"]]
    rows = beside(lines, [line for line in before["lines"] if not line["trial_calls"]])
    now = weeks(asked.quarter, by_week["lines"], asking.today(visit))
    then = week_calls(asked.year_before, before_by_day["lines"]) if before["calls"] and before_by_day else []
    return visit.page(
        "municipality/usage.html",
        quarter=asked.quarter,
        current=asked.current,
        year_before=asked.year_before,
        quarters=_quarters(asked),
        group=asked.group,
        groups={key: visit.text(name) for key, (name, _) in GROUPS.items()},
        narrowed=asked.narrowed,
        names=names or {},
        found=found,
        rows=largest(rows, MOST_ROWS),
        lines=len(rows),
        before=before if before["calls"] else None,
        trials=[line for line in found["lines"] if line["trial_calls"]],
        most=MOST_ROWS,
        weeks=now,
        weeks_before=then,
        late=found["calls"] - sum(week.calls for week in now),
        drawn=_drawn(visit, now, then, is_open=asked.quarter == asked.current),
    )


@router.get("/csv")
async def file(visit: MunicipalityVisit) -> Response:
    """Exactly what the page shows of the quarter, as a file."""
    asked = Asked.of(visit)
    found = await asked.overview(visit, asked.quarter, GROUPS[asked.group][1])
    names = [visit.text(name) for name in heading(asked.group)]
    content = sheet.csv(names, (cells(asked.group, asked.quarter, line) for line in found["lines"]))
    return visit.file(content, sheet.MEDIA_TYPE, f"forbrug-{asked.quarter}-{asked.group}.csv")


async def _by_day(visit: Visit, asked: Asked, quarter: Quarter) -> Any:
    """The calls that were made in the quarter: for whom only counts are asked, metering has them at hand."""
    return await visit.metering.get(
        "/usage",
        quarter=str(quarter),
        group_by="day",
        environment="production",
        municipality_id=visit.signed_in.organisation_id,
        **asked.narrowed,
    )


async def _names(visit: Visit, asked: Asked) -> dict[str, str]:
    """What the address narrows to, by name; an agreement by its system's."""
    if not asked.narrowed:
        return {}
    systems, service, agreement = await together(
        visit.agreements.get("/agreements/systems", municipality_id=visit.signed_in.organisation_id),
        _or_none(visit, "registry", "services", asked.narrowed.get("service_id")),
        _or_none(visit, "agreements", "agreements", asked.narrowed.get("agreement_id")),
    )
    suppliers = {one["supplier_id"]: one["supplier_name"] for one in systems["systems"]}
    by_id = {one["system_id"]: one["system_name"] for one in systems["systems"]}
    found = {
        "supplier_id": suppliers.get(asked.narrowed.get("supplier_id", "")),
        "system_id": by_id.get(asked.narrowed.get("system_id", "")),
        "service_id": f"{service['name']} {service['version']}" if service else None,
        "agreement_id": agreement["system_name"] if agreement else None,
    }
    return {name: told for name, told in found.items() if told}


async def _or_none(visit: Visit, service: str, noun: str, one: str | None) -> Any:
    return await getattr(visit, service).get_or_none(f"/{noun}/{one}") if one else None


def _quarters(asked: Asked) -> list[Quarter]:
    found = [asked.current]
    while len(found) < QUARTERS:
        found.append(found[-1].previous)
    return sorted({*found, asked.quarter}, reverse=True)


def _drawn(visit: Visit, now: list[Week], then: list[int], *, is_open: bool) -> chart.Chart | None:
    """The weeks as bars; a year before beside them, week by week in the order of the quarter."""
    if not now or not any([*(week.calls for week in now), *then]):
        return None
    compared: list[Decimal | int] = [then[place] if place < len(then) else 0 for place in range(len(now))]
    return chart.bars(
        [str(week.number) for week in now],
        [week.calls for week in now],
        compared=compared if then else None,
        names=[
            visit.text(
                "uge %(number)s (fra %(first)s)", number=week.number, first=visit.written.short_day(week.first)
            )
            for week in now
        ],
        still_open=1 if is_open else 0,
    )
