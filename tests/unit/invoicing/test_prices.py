"""A price may come, never change what a call already cost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.invoicing.domain.price import current_and_coming, plain, with_step
from shared.contracts.invoicing import PriceStep
from shared.problem import Conflict
from shared.quarters import Quarter
from shared.tariff import price_on

TODAY = date(2027, 5, 10)
LAST_SEALED = Quarter(2027, 1)


def step(starts: date, per_call: str = "0.05") -> PriceStep:
    return PriceStep(starts=starts, per_call=Decimal(per_call))


def added(
    steps: list[PriceStep], new: PriceStep, *, sealed: Quarter | None = LAST_SEALED, waited_for: bool = False
) -> tuple[PriceStep, ...]:
    return with_step(steps, new, today=TODAY, last_sealed=sealed, waited_for=waited_for)


def test_a_coming_step_is_added_and_replaced() -> None:
    begun = step(date(2027, 4, 1), "0.04")
    coming = added([begun], step(date(2027, 7, 1), "0.05"))

    assert added(list(coming), step(date(2027, 7, 1), "0.06")) == (begun, step(date(2027, 7, 1), "0.06"))


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1), date(2027, 4, 1)])
def test_a_day_with_a_price_keeps_it(day: date) -> None:
    with pytest.raises(Conflict) as refused:
        added([step(date(2027, 4, 1), "0.04")], step(day))
    assert refused.value.code == "price.in_the_past"


@pytest.mark.parametrize("day", [TODAY, date(2027, 4, 1)])
def test_a_first_price_may_reach_back_into_the_open_quarter(day: date) -> None:
    assert added([], step(day)) == (step(day),)
    later = step(date(2027, 5, 1))
    if day < later.starts:
        assert added([later], step(day, "0.01")) == (step(day, "0.01"), later)


@pytest.mark.parametrize("day", [date(2027, 3, 31), date(2027, 1, 1), date(2026, 1, 1)])
def test_a_first_price_reaches_into_a_sealed_quarter_only_where_an_invoice_waits_for_it(day: date) -> None:
    with pytest.raises(Conflict) as refused:
        added([], step(day))
    assert refused.value.code == "price.in_the_past"
    assert added([], step(day), waited_for=True) == (step(day),)
    assert added([], step(day), sealed=None) == (step(day),)


def test_waiting_never_lets_a_price_be_changed() -> None:
    with pytest.raises(Conflict):
        added([step(date(2027, 1, 1), "0.04")], step(date(2027, 2, 1)), waited_for=True)


def test_setting_what_is_set_already_is_no_change() -> None:
    begun = step(date(2026, 1, 1))

    assert added([begun], begun) == (begun,)


days = st.integers(-200, 200).map(lambda number: TODAY + timedelta(days=number))
steps_strategy = st.lists(
    st.builds(PriceStep, starts=days, per_call=st.decimals(min_value=0, max_value=9, places=6)),
    max_size=5,
    unique_by=lambda found: found.starts,
)


@given(steps_strategy, days, st.booleans(), st.one_of(st.none(), st.just(LAST_SEALED)))
@settings(derandomize=True, max_examples=300)
def test_no_day_up_to_today_ever_gets_another_price(
    steps: list[PriceStep], starts: date, waited_for: bool, sealed: Quarter | None
) -> None:
    try:
        after = added(steps, step(starts, "7"), sealed=sealed, waited_for=waited_for)
    except Conflict:
        return
    for number in range(-210, 1):
        day = TODAY + timedelta(days=number)
        before = price_on(steps, day)
        assert before is None or price_on(after, day) == before
    assert [found.starts for found in after] == sorted({found.starts for found in after})


def test_the_list_shows_what_is_in_force_and_what_comes() -> None:
    steps = [step(date(2027, 7, 1), "3"), step(date(2027, 1, 1), "1"), step(TODAY, "2"), step(date(2027, 6, 1), "4")]

    current, coming = current_and_coming(steps, TODAY)

    assert current == step(TODAY, "2")
    assert [found.starts for found in coming] == [date(2027, 6, 1), date(2027, 7, 1)]
    assert current_and_coming([], TODAY) == (None, [])


@pytest.mark.parametrize(
    ("written", "kept"), [("0.048500", "0.0485"), ("1E+2", "100"), ("100", "100"), ("0", "0"), ("1.350", "1.35")]
)
def test_prices_are_kept_plain(written: str, kept: str) -> None:
    assert str(plain(Decimal(written))) == kept
