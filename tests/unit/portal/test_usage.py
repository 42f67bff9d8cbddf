"""A municipality's usage by week, beside the year before, and as a file."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.portal.domain import sheet, usage
from shared.quarters import Quarter

QUARTER = Quarter(2027, 1)


def week(first: str, calls: int, amount: str = "1.00", trial_calls: int = 0) -> dict[str, Any]:
    return {"week": first, "calls": calls, "amount": amount, "trial_calls": trial_calls}


def line(**told: Any) -> dict[str, Any]:
    names = ("supplier", "system", "service")
    return {
        **{f"{name}_id": None for name in names},
        **{f"{name}_name": None for name in names},
        "service_version": None,
        "accounting_info": None,
        "made_in_quarter": "2027Q1",
        "unit_price": None,
        "calls": 1,
        "unpriced_calls": 0,
        "trial_calls": 0,
        "amount": "0.10",
        **told,
    }


def test_weeks_begin_and_end_with_the_quarter() -> None:
    found = usage.weeks(QUARTER, [], QUARTER.last_day)

    # 1 January 2027 is a Friday of the old year's last week.
    assert [week.number for week in found] == [53, *range(1, 14)]
    assert (found[0].first, found[0].last) == (date(2027, 1, 1), date(2027, 1, 3))
    assert (found[-1].first, found[-1].last) == (date(2027, 3, 29), date(2027, 3, 31))


def test_calls_are_told_in_their_week_and_late_ones_and_trials_are_in_none() -> None:
    lines = [
        week("2026-12-28", 100),
        week("2027-01-01", 1),
        week("2027-01-04", 5, "0.50"),
        week("2027-01-04", 0, "0.00", trial_calls=9),
    ]

    found = usage.weeks(QUARTER, lines, date(2027, 1, 12))

    assert [(week.number, week.calls, week.net) for week in found] == [
        (53, 1, Decimal("1.00")),
        (1, 5, Decimal("0.50")),
        (2, 0, Decimal(0)),
    ]


def test_calls_of_days_come_together_in_the_weeks_they_lie_in() -> None:
    days = [{"day": day, "calls": calls} for day, calls in (("2027-01-03", 1), ("2027-01-04", 2), ("2027-01-10", 3))]

    assert usage.week_calls(QUARTER, days) == [1, 5, *[0] * 12]


def test_there_are_no_weeks_before_a_quarter_begins() -> None:
    assert usage.weeks(QUARTER, [], date(2026, 12, 30)) == []


def test_the_year_before_stands_beside_the_first_line_of_the_same() -> None:
    two_prices = [line(service_id="a", unit_price="0.05", calls=3), line(service_id="a", unit_price="0.06", calls=4)]
    before = [line(service_id="a", calls=5, amount="0.25"), line(service_id="b", calls=7, amount="0.70")]

    found = usage.beside(two_prices, before)

    assert [(row.line["service_id"], row.line["calls"], row.calls_before, row.net_before) for row in found] == [
        ("a", 3, 5, Decimal("0.25")),
        ("a", 4, 0, Decimal(0)),
        # Only the year before knows it.
        ("b", 0, 7, Decimal("0.70")),
    ]


@pytest.mark.parametrize("group", usage.GROUPS)
def test_a_file_has_a_heading_for_each_cell(group: str) -> None:
    assert len(usage.heading(group)) == len(usage.cells(group, QUARTER, line()))


def test_a_file_writes_amounts_as_danes_do_and_no_formula() -> None:
    told = usage.cells("accounting", QUARTER, line(accounting_info="=1+1", calls=1234, amount="61.70"))

    row = sheet.csv(usage.heading("accounting"), [told]).decode("utf-8-sig").splitlines()[1]

    assert row == "2027Q1;'=1+1;2027Q1;;1234;0;0;61,70"


def test_of_many_lines_those_with_the_most_to_pay_are_shown_in_their_order() -> None:
    amounts = ("0.10", "3.00", "0.20", "2.00")
    rows = [usage.Row(line(amount=amount)) for amount in amounts]
    rows[0].net_before = Decimal("10.00")

    assert [row.line["amount"] for row in usage.largest(rows, 2)] == ["0.10", "3.00"]
    assert usage.largest(rows, 4) == rows
    assert usage.largest([], 4) == []
