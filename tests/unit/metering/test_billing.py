"""Which quarter a call is billed in, and when a quarter is sealed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metering.domain.billing import billing_quarter, due_at, sealed_id, to_seal
from shared.quarters import Quarter

GRACE = timedelta(hours=120)
Q1, Q2, Q3 = Quarter(2027, 1), Quarter(2027, 2), Quarter(2027, 3)


@pytest.mark.parametrize(
    ("made_at", "sealed", "billed"),
    [
        ("2027-03-31T21:59:59+00:00", None, Q1),
        ("2027-03-31T22:00:00+00:00", None, Q2),
        ("2027-03-31T21:59:59+00:00", Q1, Q2),
        ("2027-03-31T21:59:59+00:00", Q2, Q3),
        ("2027-04-01T00:00:00+00:00", Q1, Q2),
        ("2026-01-01T00:00:00+00:00", Q1, Q2),
    ],
)
def test_a_call_is_billed_in_its_own_quarter_or_the_first_open_one(
    made_at: str, sealed: Quarter | None, billed: Quarter
) -> None:
    assert billing_quarter(datetime.fromisoformat(made_at), sealed) == billed


@settings(derandomize=True)
@given(
    made_at=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    year=st.integers(2020, 2040),
    number=st.integers(1, 4),
)
def test_no_call_is_billed_in_a_sealed_quarter_nor_before_its_own(made_at: datetime, year: int, number: int) -> None:
    sealed = Quarter(year, number)
    billed = billing_quarter(made_at, sealed)

    assert billed > sealed
    assert billed >= Quarter.of(made_at)
    assert billed in (Quarter.of(made_at), sealed.next)


def test_quarters_are_sealed_in_order_when_their_grace_is_over() -> None:
    due = due_at(Q1, GRACE)
    assert due == datetime(2027, 4, 5, 22, tzinfo=UTC)
    assert to_seal(None, None, due, GRACE) is None
    assert to_seal(Q1, None, due - timedelta(microseconds=1), GRACE) is None
    assert to_seal(Q1, None, due, GRACE) == Q1
    assert to_seal(Q1, Q1, due, GRACE) is None
    assert to_seal(Q1, Q1, due_at(Q3, GRACE), GRACE) == Q2


def test_a_sealed_quarters_id_is_always_the_same_and_its_own() -> None:
    one, other = UUID(int=1), UUID(int=2)
    assert sealed_id(Q1, one) == sealed_id(Q1, one)
    assert len({sealed_id(Q1, one), sealed_id(Q2, one), sealed_id(Q1, other)}) == 3
