"""Quarters are civil time in Copenhagen, summer time and all; a digest is the same whatever the order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.metering import SealedTotal
from shared.quarters import COPENHAGEN, Quarter, digest

quarters = st.builds(Quarter, st.integers(1980, 2150), st.integers(1, 4))
instants = st.datetimes(datetime(1980, 1, 1), datetime(2150, 12, 30), timezones=st.just(UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("instant", "quarter"),
    [
        ("2026-12-31T22:59:59.999999Z", "2026Q4"),
        ("2026-12-31T23:00:00Z", "2027Q1"),
        ("2027-03-31T21:59:59.999999Z", "2027Q1"),  # summer time began on 28 March
        ("2027-03-31T22:00:00Z", "2027Q2"),
        ("2027-06-30T22:00:00Z", "2027Q3"),
        ("2027-09-30T21:59:59Z", "2027Q3"),
        ("2027-09-30T22:00:00Z", "2027Q4"),
    ],
)
def test_borders_are_midnights_in_copenhagen(instant: str, quarter: str) -> None:
    assert str(Quarter.of(at(instant))) == quarter


def test_the_nights_the_clocks_change_belong_whole_to_their_quarter() -> None:
    spring = [at("2027-03-27T23:00Z") + timedelta(hours=hour) for hour in range(23)]
    autumn = [at("2027-10-30T22:00Z") + timedelta(hours=hour) for hour in range(25)]

    assert {instant.astimezone(COPENHAGEN).date() for instant in spring} == {date(2027, 3, 28)}
    assert {str(Quarter.of(instant)) for instant in spring} == {"2027Q1"}
    assert {instant.astimezone(COPENHAGEN).date() for instant in autumn} == {date(2027, 10, 31)}
    assert {str(Quarter.of(instant)) for instant in autumn} == {"2027Q4"}


@given(instants)
@settings(derandomize=True, max_examples=200)
def test_every_instant_lies_in_its_quarter_and_in_no_other(instant: datetime) -> None:
    quarter = Quarter.of(instant)
    assert quarter.starts <= instant < quarter.ends
    assert quarter == Quarter.of_day(instant.astimezone(COPENHAGEN).date())


@given(quarters)
@settings(derandomize=True, max_examples=200)
def test_quarters_follow_one_another_without_gap_or_overlap(quarter: Quarter) -> None:
    assert quarter.next.previous == quarter
    assert quarter < quarter.next
    assert quarter.ends == quarter.next.starts
    assert quarter.last_day + timedelta(days=1) == quarter.next.first_day
    assert Quarter.of(quarter.ends - timedelta(microseconds=1)) == quarter
    assert Quarter.of(quarter.ends) == quarter.next


@given(quarters)
@settings(derandomize=True, max_examples=100)
def test_a_label_is_read_as_it_is_written_and_sorts_as_time_does(quarter: Quarter) -> None:
    assert Quarter.parse(str(quarter)) == quarter
    assert str(quarter) < str(quarter.next)


@pytest.mark.parametrize("label", ["2027q1", "2027Q5", "2027Q0", "27Q1", "2027-Q1", "2027Q1 ", "", "2027Q11"])
def test_another_label_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="write it like 2027Q1"):
        Quarter.parse(label)


def test_people_read_it_in_danish() -> None:
    assert Quarter(2027, 1).danish == "1. kvartal 2027"


def total(number: int, calls: int, *, service: int = 1, made_in: str = "2027Q1") -> SealedTotal:
    return SealedTotal(source_id=UUID(int=number), service_id=UUID(int=service), made_in_quarter=made_in, calls=calls)


def test_a_digest_does_not_depend_on_the_order() -> None:
    totals = [total(1, 5), total(2, 7), total(1, 5, service=2), total(1, 1, made_in="2026Q4")]

    assert digest(totals) == digest(totals[::-1])
    assert digest([]) != digest([total(1, 0)])


@pytest.mark.parametrize("other", [total(1, 6), total(2, 5), total(1, 5, service=2), total(1, 5, made_in="2026Q4")])
def test_a_digest_tells_every_difference(other: SealedTotal) -> None:
    assert digest([total(1, 5)]) != digest([other])
    assert digest([total(1, 5)]) != digest([total(1, 5), other])
