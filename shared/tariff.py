"""What a tariff makes of counts: for estimates, overviews and invoices alike, so that they can't differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from shared.contracts.invoicing import PriceStep
from shared.money import line_amount
from shared.quarters import Quarter

Key = TypeVar("Key", bound=Hashable)


class PriceMissing(Exception):
    """No price is in force for a service on a day it was called."""

    def __init__(self, service_id: UUID, day: date) -> None:
        super().__init__(
            f"Service {service_id} has no price in force on {day.isoformat()}; helpdesk must set one from that day."
        )
        self.service_id = service_id
        self.day = day


@dataclass(frozen=True)
class Used(Generic[Key]):
    """Calls of one civil day in Copenhagen; `key` is what the lines are told apart by, such as a system."""

    key: Key
    service_id: UUID
    day: date
    calls: int


@dataclass(frozen=True)
class Charge(Generic[Key]):
    """One line: calls at one price in one quarter. `amount` is calls x unit price, rounded half-up to the øre."""

    key: Key
    service_id: UUID
    made_in: Quarter
    unit_price: Decimal
    first_day: date
    last_day: date
    calls: int
    amount: Decimal


def price_on(steps: Sequence[PriceStep], day: date) -> Decimal | None:
    """The DKK per call in force on a civil day: that of the latest step begun by then, or None."""
    begun = [step for step in steps if step.starts <= day]
    return max(begun, key=lambda step: step.starts).per_call if begun else None


def charge(used: Iterable[Used[Key]], prices: Mapping[UUID, Sequence[PriceStep]]) -> list[Charge[Key]]:
    """The lines that come of these calls, one for each key, service, quarter and price; zero calls give none.

    Lines keep the order in which their key and service first came. Raises PriceMissing.
    """
    calls: dict[tuple[Key, UUID, Quarter, Decimal], int] = defaultdict(int)
    days: dict[tuple[Key, UUID, Quarter, Decimal], list[date]] = defaultdict(list)
    for item in used:
        if item.calls == 0:
            continue
        price = price_on(prices.get(item.service_id, ()), item.day)
        if price is None:
            raise PriceMissing(item.service_id, item.day)
        line = (item.key, item.service_id, Quarter.of_day(item.day), price)
        calls[line] += item.calls
        days[line].append(item.day)
    return [
        Charge(
            key=key,
            service_id=service_id,
            made_in=quarter,
            unit_price=price,
            first_day=min(days[key, service_id, quarter, price]),
            last_day=max(days[key, service_id, quarter, price]),
            calls=count,
            amount=line_amount(count, price),
        )
        for (key, service_id, quarter, price), count in calls.items()
    ]
