"""Which prices may be set: never one that changes what a call already cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from shared.contracts.invoicing import PriceStep
from shared.problem import Conflict
from shared.quarters import Quarter
from shared.tariff import price_on


def with_step(
    steps: Sequence[PriceStep], new: PriceStep, *, today: date, last_sealed: Quarter | None, waited_for: bool
) -> tuple[PriceStep, ...]:
    """The price history with this step added, or put in the place of one of the same day; earliest first.

    `today` is the civil day in Copenhagen, `last_sealed` the latest quarter that is sealed for anyone.
    `waited_for`: a sealed quarter can't be invoiced for want of this service's price. Then a first price may
    reach into it: nothing was ever billed at another.

    Raises Conflict `price.in_the_past`.
    """
    if new in steps:
        return tuple(steps)
    if new.starts <= today:
        if price_on(steps, new.starts) is not None:
            raise Conflict(
                "price.in_the_past",
                f"The service has a price on {new.starts} already, and what calls cost is not changed afterwards;"
                f" choose a day after {today}.",
            )
        if last_sealed is not None and new.starts <= last_sealed.last_day and not waited_for:
            raise Conflict(
                "price.in_the_past",
                f"{last_sealed} is sealed and no invoice waits for this price; choose a day after"
                f" {last_sealed.last_day}.",
            )
    others = [step for step in steps if step.starts != new.starts]
    return tuple(sorted([*others, new], key=lambda step: step.starts))


def current_and_coming(steps: Sequence[PriceStep], today: date) -> tuple[PriceStep | None, list[PriceStep]]:
    """The step in force on a civil day, if any, and those that begin later, earliest first."""
    begun = [step for step in steps if step.starts <= today]
    coming = sorted((step for step in steps if step.starts > today), key=lambda step: step.starts)
    return max(begun, key=lambda step: step.starts, default=None), coming


def plain(price: Decimal) -> Decimal:
    """The same price without trailing zeros and without an exponent: 0.04850 becomes 0.0485, 1E+2 becomes 100."""
    return Decimal(f"{price.normalize():f}")
