"""The supplier's usage as counts, never money: chart, table and file of exactly what the address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Response

from services.portal.domain import chart, sheet
from services.portal.domain.address import uuid_or_none
from services.portal.pages.supplier import names
from services.portal.pages.visit import SupplierVisit, Visit, together
from shared.days import civil_day
from shared.problem import Invalid
from shared.quarters import Quarter

router = APIRouter(include_in_schema=False)

PATH = "/leverandoer/forbrug"
GROUPS = {"service": "service", "system": "system", "kommune": "municipality", "dag": "day"}
"""What the table can be by, and metering's word for it."""
MOST_ROWS = 200_000


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what makes no sense in it is left out."""

    quarter: Quarter
    environment: str
    system: str | None
    service: str | None
    municipality: str | None
    first: date | None
    last: date | None
    by: str

    @classmethod
    def of(cls, query: Mapping[str, str], this_quarter: Quarter) -> Asked:
        """From the address."""

        def day(name: str) -> date | None:
            try:
                return date.fromisoformat(query.get(name, ""))
            except ValueError:
                return None

        try:
            quarter = Quarter.parse(query.get("kvartal", ""))
        except ValueError:
            quarter = this_quarter
        environment = query.get("miljoe", "")
        return cls(
            quarter=quarter,
            environment=environment if environment == "test" else "production",
            system=uuid_or_none(query.get("system")),
            service=uuid_or_none(query.get("service")),
            municipality=uuid_or_none(query.get("kommune")),
            first=day("fra"),
            last=day("til"),
            by=query.get("vis", "") if query.get("vis", "") in GROUPS else "service",
        )

    @property
    def told(self) -> dict[str, Any]:
        """As metering takes it."""
        return {
            "quarter": str(self.quarter),
            "environment": self.environment,
            "system_id": self.system,
            "service_id": self.service,
            "municipality_id": self.municipality,
            "first_day": self.first.isoformat() if self.first else None,
            "last_day": self.last.isoformat() if self.last else None,
        }


async def _lines(visit: Visit, asked: Asked, group_by: str) -> tuple[int, list[dict[str, Any]]]:
    """All lines by these groups, and the sum."""
    lines: list[dict[str, Any]] = []
    after = None
    while True:
        answer = await visit.metering.get(
            "/usage",
            **asked.told,
            # A municipality that is a supplier too is told of calls made for it: those are not its own.
            supplier_id=visit.signed_in.organisation_id,
            group_by=group_by,
            after=after,
            limit=5000,
        )
        lines += answer["lines"]
        after = answer["next"]
        if after is None:
            return answer["calls"], lines
        if len(lines) >= MOST_ROWS:
            raise Invalid("overview.too_many_lines", f"This comes to more than {MOST_ROWS} lines; ask for a part.")


def _days(asked: Asked, today: date) -> list[date]:
    """The days of the period, none that is still to come."""
    first = max(asked.first or asked.quarter.first_day, asked.quarter.first_day)
    last = min(asked.last or asked.quarter.last_day, asked.quarter.last_day, today)
    return [first + timedelta(days=one) for one in range((last - first).days + 1)] if first <= last else []


@router.get(PATH)
async def usage(visit: SupplierVisit) -> Response:
    """Counted calls, as a chart by day and a table by what is asked for."""
    now = names.this_quarter(visit)
    asked = Asked.of(visit.request.query_params, now)
    (total, lines), (_, by_day), systems, catalogue, municipalities, known, refused = await together(
        _lines(visit, asked, GROUPS[asked.by]),
        _lines(visit, asked, "day"),
        names.systems(visit),
        names.services(visit),
        names.municipalities(visit),
        visit.metering.get("/quarters"),
        visit.metering.get("/refused/summary", quarter=str(asked.quarter), system_id=asked.system),
    )
    today = civil_day(visit.running.clock.now())
    days = _days(asked, today)
    counted = {line["day"]: line["calls"] for line in by_day}
    called = {**names.by_id(catalogue), **names.named_by(municipalities)}
    quarters = sorted({*(one["quarter"] for one in known["quarters"]), str(now), str(asked.quarter)}, reverse=True)
    values = [counted.get(day.isoformat(), 0) for day in days]
    return visit.page(
        "supplier/usage.html",
        wanted=asked,
        quarter=str(asked.quarter),
        quarters=quarters,
        total=total,
        lines=_named(lines, asked.by, called, visit),
        days=list(zip(days, values, strict=True)),
        chart=chart.bars(
            [f"{day.day}/{day.month}" for day in days],
            values,
            names=[visit.written.day(day) for day in days],
        )
        if days
        else None,
        systems=[(one["id"], one["name"]) for one in systems if one["environment"] == asked.environment],
        services=[(one["id"], names.full_name(one)) for one in catalogue],
        municipalities=[
            (one["id"], one["name"]) for one in municipalities if one["test"] == (asked.environment == "test")
        ],
        refused=refused["calls"],
        as_file=f"{PATH}/csv" + (f"?{visit.request.url.query}" if visit.request.url.query else ""),
        test=asked.environment == "test",
    )


def _named(
    lines: list[dict[str, Any]], by: str, called: Mapping[str, str], visit: Visit
) -> list[tuple[str, str, int]]:
    """What each line is called, the id it narrows to, its calls; the most first, days in their order."""
    key = "day" if by == "dag" else f"{GROUPS[by]}_id"
    told = [
        (
            visit.written.day(line["day"])
            if by == "dag"
            else line["system_name"] or line[key]
            if by == "system"
            else called.get(line[key], line[key]),
            line[key],
            line["calls"],
        )
        for line in lines
    ]
    return told if by == "dag" else sorted(told, key=lambda one: -one[2])


@router.get(PATH + "/csv")
async def as_file(visit: SupplierVisit) -> Response:
    """The same as a file: a line for each system, service and municipality, and each day where days are shown."""
    asked = Asked.of(visit.request.query_params, names.this_quarter(visit))
    daily = asked.by == "dag"
    (_, lines), catalogue, municipalities = await together(
        _lines(visit, asked, "system,service,municipality" + (",day" if daily else "")),
        names.services(visit),
        names.municipalities(visit),
    )
    called = {**names.by_id(catalogue), **names.named_by(municipalities)}
    heading = [
        visit.text("Kvartal"),
        visit.text("Miljø"),
        *([visit.text("Dag")] if daily else []),
        visit.text("It-system"),
        visit.text("It-systemets id"),
        visit.text("Service"),
        visit.text("Servicens id"),
        visit.text("Kommune"),
        visit.text("Kommunens id"),
        visit.text("Kald"),
    ]
    environment = visit.text("Eksternt testmiljø") if asked.environment == "test" else visit.text("Produktion")
    rows: list[list[sheet.Cell]] = [
        [
            visit.written.quarter(asked.quarter),
            environment,
            *([date.fromisoformat(line["day"])] if daily else []),
            line["system_name"] or "",
            line["system_id"],
            called.get(line["service_id"], ""),
            line["service_id"],
            called.get(line["municipality_id"], ""),
            line["municipality_id"],
            line["calls"],
        ]
        for line in lines
    ]
    return visit.file(sheet.csv(heading, rows), sheet.MEDIA_TYPE, f"forbrug-{asked.quarter}.csv")
