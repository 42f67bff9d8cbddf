"""Moving the demonstration clock: ahead only, and not without end."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from shared.problem import Conflict, Invalid

CLOCK_ID = UUID("5b0c3a52-6f0e-4a57-9a5d-c10c00000001")
"""There is one clock; its events need an id."""

FARTHEST = timedelta(days=3653)


def offset_to(to: datetime, *, real: datetime, present: int) -> int:
    """How many whole seconds ahead of real time makes it `to` at least; `present` is what it is now.

    Raises Conflict `clock.backwards`, Invalid `clock.too_far`.
    """
    ahead = to - real
    if ahead > FARTHEST:
        raise Invalid("clock.too_far", f"The clock can be at most {FARTHEST.days} days ahead of real time.")
    seconds = -(-ahead // timedelta(seconds=1))
    if seconds <= present:
        raise Conflict("clock.backwards", "The clock can only be moved ahead of the time it shows now.")
    return seconds
