"""What a tariff makes of counts: the sums of overview, estimate and invoice."""

from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.invoicing import PriceStep
from shared.quarters import Quarter
from shared.tariff import Charge, PriceMissing, Used, charge, price_on

ONE, TWO = UUID(int=1), UUID(int=2)
JANUARY = date(2027, 1, 1)


def step(starts: date, per_call: str) -> PriceStep:
    return PriceStep(starts=starts, per_call=Decimal(per_call))


STEPS = [step(JANUARY, "0.25"), step(date(2027, 2, 15), "0.333333"), step(date(2027, 5, 1), "0")]


@pytest.mark.parametrize(
    ("day", "price"),
    [
        (date(2026, 12, 31), None),
        (JANUARY, "0.25"),
        (date(2027, 2, 14), "0.25"),
        (date(2027, 2, 15), "0.333333"),
        (date(2027, 4, 30), "0.333333"),
        (date(2027, 5, 1), "0"),
        (date(2099, 1, 1), "0"),
    ],
)
def test_the_latest_step_begun_is_in_force(day: date, price: str | None) -> None:
    wanted = None if price is None else Decimal(price)

    assert price_on(STEPS, day) == wanted
    assert price_on(STEPS[::-1], day) == wanted


def test_a_price_that_changes_within_a_quarter_makes_two_lines() -> None:
    used = [
        Used("system", ONE, date(2027, 2, 14), 10),
        Used("system", ONE, date(2027, 2, 15), 7),
        Used("system", ONE, date(2027, 1, 3), 5),
        Used("system", ONE, date(2027, 3, 31), 1),
    ]

    assert charge(used, {ONE: STEPS}) == [
        Charge(
            "system", ONE, Quarter(2027, 1), Decimal("0.25"), date(2027, 1, 3), date(2027, 2, 14), 15, Decimal("3.75")
        ),
        Charge(
            "system",
            ONE,
            Quarter(2027, 1),
            Decimal("0.333333"),
            date(2027, 2, 15),
            date(2027, 3, 31),
            8,
            Decimal("2.67"),
        ),
    ]


def test_lines_are_told_apart_by_key_service_and_quarter_and_keep_their_order() -> None:
    prices = {ONE: STEPS, TWO: [step(JANUARY, "1.5")]}
    used = [
        Used("b", TWO, date(2027, 4, 1), 1),
        Used("a", ONE, date(2027, 1, 1), 2),
        Used("b", TWO, date(2027, 3, 31), 4),
        Used("a", TWO, date(2027, 4, 1), 8),
        Used("b", TWO, date(2027, 4, 2), 16),
    ]

    assert [(line.key, line.service_id, str(line.made_in), line.calls) for line in charge(used, prices)] == [
        ("b", TWO, "2027Q2", 17),
        ("a", ONE, "2027Q1", 2),
        ("b", TWO, "2027Q1", 4),
        ("a", TWO, "2027Q2", 8),
    ]


def test_a_line_is_rounded_once_and_half_up() -> None:
    third = {ONE: [step(JANUARY, "0.005")]}

    assert [line.amount for line in charge([Used(0, ONE, JANUARY, 1)], third)] == [Decimal("0.01")]
    # Three days of a call each are one line of three calls: 0.015, not three times 0.01.
    days = [Used(0, ONE, JANUARY + timedelta(days=n), 1) for n in range(3)]
    assert [line.amount for line in charge(days, third)] == [Decimal("0.02")]


def test_a_free_call_is_a_line_and_no_call_is_none() -> None:
    free = charge([Used(0, ONE, date(2027, 5, 1), 3)], {ONE: STEPS})

    assert [(line.calls, line.amount) for line in free] == [(3, Decimal("0.00"))]
    assert charge([Used(0, ONE, date(1999, 1, 1), 0)], {}) == []
    assert charge([], {}) == []


@pytest.mark.parametrize(
    ("used", "prices"),
    [
        (Used(0, ONE, date(2026, 12, 31), 1), {ONE: STEPS}),
        (Used(0, ONE, JANUARY, 1), {}),
        (Used(0, ONE, JANUARY, 1), {ONE: []}),
        (Used(0, ONE, JANUARY, 1), {TWO: STEPS}),
    ],
)
def test_a_day_without_a_price_is_named(used: Used[int], prices: dict[UUID, list[PriceStep]]) -> None:
    with pytest.raises(PriceMissing) as missing:
        charge([used], prices)

    assert (missing.value.service_id, missing.value.day) == (ONE, used.day)
    assert str(missing.value) == (
        f"Service {ONE} has no price in force on {used.day}; helpdesk must set one from that day."
    )


DAYS = st.dates(JANUARY, date(2028, 12, 31))
PRICES = st.decimals(0, 999999, places=6).map(abs)
USED = st.lists(
    st.builds(Used, st.sampled_from("ab"), st.sampled_from((ONE, TWO)), DAYS, st.integers(0, 10_000)), max_size=30
)
STEP_LISTS = st.lists(st.builds(step, DAYS, PRICES.map(str)), max_size=4, unique_by=lambda found: found.starts).map(
    lambda later: [step(JANUARY, "0.1"), *(found for found in later if found.starts != JANUARY)]
)


@given(USED, STEP_LISTS, STEP_LISTS, st.randoms(use_true_random=False))
def test_no_call_is_lost_and_every_line_is_calls_times_price(
    used: list[Used[str]], one: list[PriceStep], two: list[PriceStep], chance: object
) -> None:
    prices = {ONE: one, TWO: two}

    lines = charge(used, prices)

    counted = Counter[tuple[str, UUID]]()
    for item in used:
        counted[item.key, item.service_id] += item.calls
    charged = Counter[tuple[str, UUID]]()
    for line in lines:
        charged[line.key, line.service_id] += line.calls
        assert line.calls > 0
        assert line.amount == (line.calls * line.unit_price).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert line.made_in == Quarter.of_day(line.first_day) == Quarter.of_day(line.last_day)
        assert price_on(prices[line.service_id], line.first_day) == line.unit_price
    assert charged == +counted
    identities = [(line.key, line.service_id, line.made_in, line.unit_price) for line in lines]
    assert len(set(identities)) == len(identities)

    mixed = list(used)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert sorted(charge(mixed, prices), key=repr) == sorted(lines, key=repr)
