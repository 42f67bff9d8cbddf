"""Bar charts as shapes: pure geometry, drawn by the macro `parts.chart` as SVG without style or script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 880, 260
LEFT, RIGHT, TOP, BOTTOM = 72, 8, 16, 34
MOST_LABELS = 16
STEPS = 4


@dataclass(frozen=True)
class Bar:
    """One bar: its place and size, the label below it (empty where there is no room), its value."""

    x: float
    y: float
    width: float
    height: float
    label: str
    name: str
    value: Decimal
    is_open: bool

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Line:
    """A line across with the value it stands for."""

    y: float
    value: Decimal


@dataclass(frozen=True)
class Chart:
    """What is drawn in a box of `width` by `height`. `second`: bars of what is compared with, behind the first."""

    width: int
    height: int
    left: int
    floor: float
    bars: tuple[Bar, ...]
    second: tuple[Bar, ...]
    lines: tuple[Line, ...]

    @property
    def right(self) -> int:
        return self.width - RIGHT


def bars(
    labels: Sequence[str],
    values: Sequence[Decimal | int],
    *,
    compared: Sequence[Decimal | int] | None = None,
    names: Sequence[str] | None = None,
    still_open: int = 0,
) -> Chart:
    """A bar for each label; `compared` gives each a second one beside it (same length).

    `names` are the labels in full, for who points at a bar; `still_open` of the last are not yet complete and drawn
    as an outline. Values are zero or more.
    """
    if len(labels) != len(values) or (compared is not None and len(compared) != len(values)):
        raise ValueError("a chart needs a value for each label")
    first = [Decimal(value) for value in values]
    other = [Decimal(value) for value in compared] if compared is not None else []
    if any(value < 0 for value in (*first, *other)):
        raise ValueError("a bar can't be less than nothing")
    top = ceiling(max([*first, *other], default=Decimal(0)))
    room, floor = HEIGHT - TOP - BOTTOM, float(HEIGHT - BOTTOM)
    slot = (WIDTH - LEFT - RIGHT) / max(len(first), 1)
    gap = min(slot * 0.25, 16)
    each = (slot - gap) / (2 if other else 1)
    every = -(-len(labels) // MOST_LABELS)

    def bar(place: int, value: Decimal, shift: float) -> Bar:
        tall = round(float(value / top) * room, 1)
        return Bar(
            x=round(LEFT + place * slot + gap / 2 + shift, 1),
            y=round(floor - tall, 1),
            width=round(min(each, 64) if not other else each, 1),
            height=tall,
            label=labels[place] if place % every == 0 else "",
            name=(names or labels)[place],
            value=value,
            is_open=place >= len(first) - still_open,
        )

    centred = max(each - 64, 0) / 2 if not other else 0
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        floor=floor,
        bars=tuple(bar(place, value, each if other else centred) for place, value in enumerate(first)),
        second=tuple(bar(place, value, 0) for place, value in enumerate(other)),
        lines=tuple(Line(round(floor - room * step / STEPS, 1), top * step / STEPS) for step in range(STEPS + 1)),
    )


def ceiling(largest: Decimal) -> Decimal:
    """The top of the scale: the least of 4, 8, 12, 20, 40, 60 … that holds the largest value, so steps are whole."""
    scale = Decimal(1)
    while True:
        for times in (4, 8, 12, 20):
            if largest <= times * scale:
                return times * scale
        scale *= 10
