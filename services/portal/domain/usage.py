"""A municipality's usage for people: by week, beside the year before, and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from services.portal.domain.language import later
from services.portal.domain.sheet import Cell
from shared.quarters import Quarter

GROUPS: Final[dict[str, tuple[str, str]]] = {
    "supplier": (later("Leverandør"), "supplier"),
    "system": (later("It-system"), "supplier,system"),
    "service": (later("Service"), "service"),
    "accounting": (later("Konteringsoplysning"), "accounting_info"),
    "all": (later("Leverandør, it-system og service"), "supplier,system,service"),
}
"""What the overview can be told apart by: its name, and what invoicing calls it."""
KEYS = ("supplier_id", "system_id", "service_id", "accounting_info")


@dataclass(frozen=True)
class Week:
    """A week's part of a quarter, named by its ISO number."""

    number: int
    first: date
    last: date
    calls: int
    net: Decimal


@dataclass
class Row:
    """One line of the overview, and what the same came to a year before."""

    line: dict[str, Any]
    calls_before: int = 0
    net_before: Decimal = Decimal()


def weeks(quarter: Quarter, lines: Iterable[dict[str, Any]], until: date) -> list[Week]:
    """The quarter week by week, until a day; calls of other quarters are not in any, nor are those on trial."""
    billed = {date.fromisoformat(line["week"]): line for line in lines if not line["trial_calls"]}
    found = []
    for first, last in _weeks_of(quarter):
        if first > until:
            break
        line = billed.get(first)
        calls, net = (line["calls"], Decimal(line["amount"])) if line else (0, Decimal())
        found.append(Week(first.isocalendar().week, first, last, calls, net))
    return found


def week_calls(quarter: Quarter, days: Iterable[dict[str, Any]]) -> list[int]:
    """The calls of all the quarter's weeks, from those of its days."""
    calls = {date.fromisoformat(one["day"]): one["calls"] for one in days}
    return [sum(calls.get(day, 0) for day in _days(first, last)) for first, last in _weeks_of(quarter)]


def _weeks_of(quarter: Quarter) -> Iterable[tuple[date, date]]:
    """Their first and last days; the quarter's ends cut the first and last of them."""
    first = quarter.first_day
    while first <= quarter.last_day:
        last = min(first + timedelta(days=6 - first.weekday()), quarter.last_day)
        yield first, last
        first = last + timedelta(days=1)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def beside(lines: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]) -> list[Row]:
    """Each line with the year before; what there was only then comes last, with nothing now.

    A service at two prices, or late calls, make several lines: the year before stands on the first of them.
    """
    rows: dict[tuple[Any, ...], Row] = {}
    found = []
    for line in lines:
        row = Row(line)
        rows.setdefault(_key(line), row)
        found.append(row)
    for line in before:
        key = _key(line)
        if key not in rows:
            gone = {**line, "calls": 0, "unpriced_calls": 0, "amount": "0.00", "unit_price": None}
            rows[key] = Row(gone)
            found.append(rows[key])
        rows[key].calls_before += line["calls"]
        rows[key].net_before += Decimal(line["amount"])
    return found


def largest(rows: Sequence[Row], most: int) -> list[Row]:
    """Those with the most to pay, now or the year before, in the order they came in; all where they are few."""
    places = sorted(
        range(len(rows)), key=lambda place: -max(Decimal(rows[place].line["amount"]), rows[place].net_before)
    )
    return [rows[place] for place in sorted(places[:most])]


def heading(group: str) -> list[str]:
    """The columns of the file."""
    names = {
        "supplier": [later("Leverandør")],
        "system": [later("Leverandør"), later("It-system")],
        "service": [later("Service"), later("Version")],
        "accounting": [later("Konteringsoplysning")],
        "all": [later("Leverandør"), later("It-system"), later("Service"), later("Version")],
    }[group]
    return [
        later("Kvartal"),
        *names,
        later("Foretaget i kvartal"),
        later("Pris pr. opslag ekskl. moms"),
        later("Opslag"),
        later("Heraf uden pris"),
        later("Prøveopslag"),
        later("Pris ekskl. moms"),
    ]


def cells(group: str, quarter: Quarter, line: dict[str, Any]) -> list[Cell]:
    """One line of the file."""
    fields = {
        "supplier": ["supplier_name"],
        "system": ["supplier_name", "system_name"],
        "service": ["service_name", "service_version"],
        "accounting": ["accounting_info"],
        "all": ["supplier_name", "system_name", "service_name", "service_version"],
    }[group]
    return [
        str(quarter),
        *(line[name] for name in fields),
        line["made_in_quarter"],
        Decimal(line["unit_price"]) if line["unit_price"] is not None else None,
        line["calls"],
        line["unpriced_calls"],
        line["trial_calls"],
        Decimal(line["amount"]),
    ]


def _key(line: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in KEYS)
