"""What a quarter comes to if its remaining days go as those that are gone: arithmetic, and no more than that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.money import to_ore
from shared.quarters import Quarter

FEWEST_DAYS = 7
"""After fewer days nothing is foretold: a weekend would weigh too much."""


@dataclass(frozen=True)
class Forecast:
    """Calls and net price of a whole quarter, foretold from `gone` of its `days`."""

    calls: int
    net: Decimal
    gone: int
    days: int


def forecast(calls: int, net: Decimal, quarter: Quarter, today: date) -> Forecast | None:
    """From what was used until yesterday inclusive: so much a day, for all the quarter's days.

    None for a quarter that is over or has not run for a week.
    """
    gone = (today - quarter.first_day).days
    if gone < FEWEST_DAYS or today > quarter.last_day:
        return None
    days = (quarter.last_day - quarter.first_day).days + 1
    return Forecast(round(calls * days / gone), to_ore(net * days / gone), gone, days)
