"""Bars that show what they stand for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.domain import chart


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=92))
def test_bars_lie_within_their_box_and_are_as_tall_as_their_values(values: list[int]) -> None:
    drawn = chart.bars([str(place) for place in range(len(values))], values)

    room = drawn.floor - chart.TOP
    top = drawn.lines[-1].value
    for bar, value in zip(drawn.bars, values, strict=True):
        assert bar.x >= chart.LEFT
        assert bar.x + bar.width <= chart.WIDTH
        assert bar.height == pytest.approx(float(value / top) * room, abs=0.1)
        assert bar.y + bar.height == pytest.approx(drawn.floor, abs=0.2)
    assert sum(1 for bar in drawn.bars if bar.label) <= chart.MOST_LABELS


def test_bars_side_by_side_do_not_hide_each_other() -> None:
    drawn = chart.bars(["jan", "feb"], [3, 4], compared=[5, 0], still_open=1)

    for first, second in zip(drawn.bars, drawn.second, strict=True):
        assert second.x + second.width <= first.x + 0.1
    assert [bar.is_open for bar in drawn.bars] == [False, True]
    assert drawn.lines[-1].value == 8


@pytest.mark.parametrize(("largest", "top"), [(0, 4), (4, 4), (5, 8), (13, 20), (21, 40), (41_000, 80_000)])
def test_the_scale_ends_at_a_round_number(largest: int, top: int) -> None:
    assert chart.ceiling(Decimal(largest)) == top


def test_what_cannot_be_drawn_is_told() -> None:
    with pytest.raises(ValueError, match="a value for each label"):
        chart.bars(["a"], [1, 2])
    with pytest.raises(ValueError, match="less than nothing"):
        chart.bars(["a"], [-1])
