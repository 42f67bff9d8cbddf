"""Quarters are civil time in Copenhagen, whatever the hour in UTC."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.metering import SealedTotal
from shared.days import COPENHAGEN
from shared.quarters import Quarter, digest

QUARTERS = st.builds(Quarter, st.integers(1990, 2190), st.integers(1, 4))
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2190, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("instant", "quarter"),
    [
        # Summer time: midnight in Copenhagen is 22:00 UTC the day before.
        ("2026-03-31T21:59:59.999999Z", "2026Q1"),
        ("2026-03-31T22:00:00Z", "2026Q2"),
        ("2026-06-30T21:59:59.999999Z", "2026Q2"),
        ("2026-06-30T22:00:00Z", "2026Q3"),
        ("2026-09-30T21:59:59.999999Z", "2026Q3"),
        ("2026-09-30T22:00:00Z", "2026Q4"),
        # Winter time: 23:00 UTC.
        ("2026-12-31T22:59:59.999999Z", "2026Q4"),
        ("2026-12-31T23:00:00Z", "2027Q1"),
        # The same instants written in other zones.
        ("2026-04-01T00:00:00+02:00", "2026Q2"),
        ("2026-03-31T23:59:59.999+02:00", "2026Q1"),
        ("2026-03-31T12:00:00-10:00", "2026Q2"),
        ("2026-04-01T10:59:59+13:00", "2026Q1"),
        # The nights the clock changes lie within a quarter: no hour of them is lost or counted twice.
        ("2026-03-29T00:59:59Z", "2026Q1"),
        ("2026-03-29T01:00:00Z", "2026Q1"),
        ("2026-10-25T00:30:00Z", "2026Q4"),
        ("2026-10-25T01:30:00Z", "2026Q4"),
    ],
)
def test_an_instant_falls_in_the_quarter_of_its_civil_day(instant: str, quarter: str) -> None:
    assert str(Quarter.of(datetime.fromisoformat(instant))) == quarter


@pytest.mark.parametrize(
    ("quarter", "starts", "ends", "hours"),
    [
        # 90 days less the hour that the clock jumps over in March.
        ("2026Q1", "2025-12-31T23:00:00Z", "2026-03-31T22:00:00Z", 90 * 24 - 1),
        ("2026Q2", "2026-03-31T22:00:00Z", "2026-06-30T22:00:00Z", 91 * 24),
        ("2026Q3", "2026-06-30T22:00:00Z", "2026-09-30T22:00:00Z", 92 * 24),
        # 92 days and the hour that comes twice in October.
        ("2026Q4", "2026-09-30T22:00:00Z", "2026-12-31T23:00:00Z", 92 * 24 + 1),
        ("2028Q1", "2027-12-31T23:00:00Z", "2028-03-31T22:00:00Z", 91 * 24 - 1),
    ],
)
def test_a_quarter_begins_and_ends_at_midnight_in_copenhagen(
    quarter: str, starts: str, ends: str, hours: int
) -> None:
    found = Quarter.parse(quarter)

    assert found.starts == datetime.fromisoformat(starts)
    assert found.ends == datetime.fromisoformat(ends)
    assert found.ends - found.starts == timedelta(hours=hours)
    assert found.starts.tzinfo is UTC


@given(QUARTERS)
def test_quarters_follow_each_other_without_a_gap(quarter: Quarter) -> None:
    assert quarter.next.previous == quarter
    assert quarter.ends == quarter.next.starts
    assert quarter.last_day + timedelta(days=1) == quarter.next.first_day
    assert quarter < quarter.next
    assert Quarter.of(quarter.starts) == quarter
    assert Quarter.of(quarter.starts - timedelta(microseconds=1)) == quarter.previous
    assert Quarter.of(quarter.ends - timedelta(microseconds=1)) == quarter
    assert Quarter.of(quarter.ends) == quarter.next
    assert Quarter.of_day(quarter.first_day) == Quarter.of_day(quarter.last_day) == quarter


@given(INSTANTS, st.integers(-14 * 60, 14 * 60))
def test_every_instant_lies_in_its_quarter_in_whatever_zone_it_is_written(instant: datetime, minutes: int) -> None:
    quarter = Quarter.of(instant)

    assert quarter.starts <= instant < quarter.ends
    assert Quarter.of(instant.astimezone(timezone(timedelta(minutes=minutes)))) == quarter
    assert Quarter.of_day(instant.astimezone(COPENHAGEN).date()) == quarter


@given(QUARTERS)
def test_a_label_is_read_as_it_is_written(quarter: Quarter) -> None:
    assert Quarter.parse(str(quarter)) == quarter
    assert quarter.danish == f"{quarter.number}. kvartal {quarter.year}"


@pytest.mark.parametrize("label", ["", "2027", "2027Q0", "2027Q5", "2027q1", "27Q1", "2027Q1 ", "Q12027", "2027Q11"])
def test_other_labels_are_refused(label: str) -> None:
    with pytest.raises(ValueError, match="write it like 2027Q1"):
        Quarter.parse(label)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(AssertionError):
        Quarter.of(datetime(2026, 3, 31, 22))


def test_days() -> None:
    assert (Quarter(2027, 1).first_day, Quarter(2027, 1).last_day) == (date(2027, 1, 1), date(2027, 3, 31))
    assert Quarter(2028, 1).last_day == date(2028, 3, 31)
    assert Quarter.of_day(date(2028, 2, 29)) == Quarter(2028, 1)
    assert Quarter(2027, 4).next == Quarter(2028, 1)


def total(number: int, quarter: str = "2027Q1", calls: int = 5) -> SealedTotal:
    return SealedTotal(source_id=UUID(int=number), service_id=UUID(int=9), made_in_quarter=quarter, calls=calls)


def test_a_digest_is_the_same_for_the_same_totals_in_any_order_and_for_no_others() -> None:
    whole = [total(1), total(2), total(2, "2026Q4")]
    reference = digest(whole)

    assert digest(reversed(whole)) == reference
    assert len(reference) == 64
    others = [
        [],
        whole[:2],
        [*whole, total(3)],
        [total(1, calls=6), *whole[1:]],
        [total(1, "2026Q3"), *whole[1:]],
        [*whole, whole[0]],
    ]
    assert len({digest(other) for other in others} | {reference}) == len(others) + 1
