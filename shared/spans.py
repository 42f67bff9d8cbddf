"""Spans of time as PostgreSQL keeps them (tstzmultirange) and as events carry them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Range

from shared.contracts.event import Interval


def intervals(ranges: Sequence[Range[datetime]]) -> tuple[Interval, ...]:
    """The spans of a multirange, earliest first."""
    found = []
    for span in ranges:
        assert isinstance(span.lower, datetime), "every span begins somewhere"
        found.append(Interval(starts=span.lower, ends=span.upper))
    return tuple(found)


def ranges(spans: Sequence[Interval]) -> list[Range[datetime]]:
    """A multirange of these spans; PostgreSQL joins those that touch and drops those without any length."""
    return [Range(span.starts, span.ends, lower_inc=True, upper_inc=False) for span in spans]
