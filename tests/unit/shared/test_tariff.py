"""What a tariff makes of counts, compared with the same sums done call by call in whole numbers."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.invoicing import PriceStep
from shared.quarters import Quarter
from shared.tariff import PriceMissing, Used, charge, price_on

A, B = UUID(int=1), UUID(int=2)
FIRST = date(2026, 11, 1)


def step(starts: date, per_call: str) -> PriceStep:
    return PriceStep(starts=starts, per_call=Decimal(per_call))


days = st.integers(0, 300).map(lambda number: FIRST + timedelta(days=number))
fine_prices = st.decimals(min_value=0, max_value=20, places=6)
histories = st.dictionaries(days, fine_prices, max_size=4).map(
    lambda later: [
        PriceStep(starts=starts, per_call=price) for starts, price in {**later, FIRST: Decimal("0.0485")}.items()
    ]
)
uses = st.lists(
    st.builds(
        Used,
        key=st.sampled_from(["Borgerportal", "Omsorg"]),
        service_id=st.sampled_from([A, B]),
        day=days,
        calls=st.integers(0, 10_000_000),
    ),
    max_size=40,
)


def half_up(amount: Fraction) -> Decimal:
    return Decimal(int(amount * 100 + Fraction(1, 2))).scaleb(-2)


def naive_price(steps: list[PriceStep], day: date) -> Decimal:
    price = None
    for one in sorted(steps, key=lambda found: found.starts):
        if one.starts <= day:
            price = one.per_call
    assert price is not None
    return price


@given(uses, histories, histories)
@settings(derandomize=True, max_examples=200)
def test_every_call_is_charged_once_at_the_price_of_its_day(
    used: list[Used[str]], of_a: list[PriceStep], of_b: list[PriceStep]
) -> None:
    prices = {A: of_a, B: of_b}
    expected: Counter[tuple[str, UUID, Quarter, Decimal]] = Counter()
    for item in used:
        price = naive_price(prices[item.service_id], item.day)
        expected[item.key, item.service_id, Quarter.of_day(item.day), price] += item.calls

    charges = charge(used, prices)

    found = {(line.key, line.service_id, line.made_in, line.unit_price): line for line in charges}
    assert len(found) == len(charges), "two lines that are not told apart"
    assert {key: line.calls for key, line in found.items()} == {
        key: calls for key, calls in expected.items() if calls
    }
    for line in charges:
        assert line.amount == half_up(line.calls * Fraction(line.unit_price))
        assert line.made_in.first_day <= line.first_day <= line.last_day <= line.made_in.last_day
    exact = sum((Fraction(naive_price(prices[item.service_id], item.day)) * item.calls for item in used), Fraction(0))
    billed = sum((line.amount for line in charges), Decimal(0))
    assert abs(Fraction(billed) - exact) <= Fraction(len(charges), 200), "more than half an øre a line"


@given(uses, histories, st.randoms(use_true_random=False))
@settings(derandomize=True, max_examples=50)
def test_neither_order_nor_portions_change_what_it_costs(
    used: list[Used[str]], steps: list[PriceStep], random: object
) -> None:
    prices = {A: steps, B: steps}
    portions = [
        Used(item.key, item.service_id, item.day, part)
        for item in used
        for part in (item.calls // 3, item.calls - item.calls // 3)
    ]
    random.shuffle(portions)  # type: ignore[attr-defined]

    def sums(charges: list[object]) -> set[tuple[object, ...]]:
        return {(c.key, c.service_id, c.made_in, c.unit_price, c.calls, c.amount) for c in charges}  # type: ignore[attr-defined]

    assert sums(charge(portions, prices)) == sums(charge(used, prices))  # type: ignore[arg-type]


def test_a_price_change_within_the_quarter_makes_two_lines() -> None:
    prices = {A: [step(FIRST, "0.0485"), step(date(2027, 6, 1), "0.05")]}
    used = [Used("x", A, date(2027, 5, 31), 3), Used("x", A, date(2027, 6, 1), 5), Used("x", A, date(2027, 6, 30), 1)]

    lines = charge(used, prices)

    assert [(line.calls, line.unit_price, line.amount, line.first_day, line.last_day) for line in lines] == [
        (3, Decimal("0.0485"), Decimal("0.15"), date(2027, 5, 31), date(2027, 5, 31)),
        (6, Decimal("0.05"), Decimal("0.30"), date(2027, 6, 1), date(2027, 6, 30)),
    ]


def test_calls_of_two_quarters_are_two_lines() -> None:
    lines = charge([Used("x", A, date(2027, 3, 31), 2), Used("x", A, date(2027, 4, 1), 2)], {A: [step(FIRST, "1")]})

    assert [str(line.made_in) for line in lines] == ["2027Q1", "2027Q2"]


def test_a_line_is_rounded_once_and_not_call_by_call() -> None:
    (line,) = charge([Used("x", A, FIRST, 1)] * 1000, {A: [step(FIRST, "0.004")]})

    assert line.amount == Decimal("4.00")


def test_half_an_ore_goes_up() -> None:
    (line,) = charge([Used("x", A, FIRST, 1)], {A: [step(FIRST, "0.005")]})

    assert line.amount == Decimal("0.01")


def test_a_free_service_costs_nothing_and_is_still_a_line() -> None:
    (line,) = charge([Used("x", A, FIRST, 7)], {A: [step(FIRST, "0")]})

    assert (line.calls, line.amount) == (7, Decimal("0.00"))


def test_calls_before_the_first_price_are_refused_by_name_and_day() -> None:
    with pytest.raises(PriceMissing, match=r"00000001 has no price in force on 2026-10-31") as refused:
        charge([Used("x", A, FIRST - timedelta(days=1), 1)], {A: [step(FIRST, "1")]})
    assert (refused.value.service_id, refused.value.day) == (A, FIRST - timedelta(days=1))
    with pytest.raises(PriceMissing):
        charge([Used("x", B, FIRST, 1)], {A: [step(FIRST, "1")]})


def test_no_calls_need_no_price() -> None:
    assert charge([Used("x", B, FIRST, 0)], {}) == []


@given(histories, days)
@settings(derandomize=True, max_examples=100)
def test_the_price_in_force_is_that_of_the_latest_step_begun(steps: list[PriceStep], day: date) -> None:
    assert price_on(steps, day) == naive_price(steps, day)
    assert price_on(steps[::-1], day) == price_on(steps, day)
    assert price_on(steps, FIRST - timedelta(days=1)) is None
