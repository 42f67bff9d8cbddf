"""How far the billing of a sealed quarter has come, and when it is looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.contracts.metering import SealedQuarter, SealedTotal
from shared.quarters import Quarter, digest

State = Literal[
    "sealed",
    "waiting_for_usage",
    "waiting_for_facts",
    "price_missing",
    "documents_refused",
    "invoiced",
    "no_usage",
]
OPEN: tuple[State, ...] = ("sealed", "waiting_for_usage", "waiting_for_facts", "price_missing", "documents_refused")
"""What is looked at again; the others are final."""

LONGEST = timedelta(seconds=30)
"""The longest time between two looks: something a person did shows within it."""


@dataclass(frozen=True)
class Sealed:
    """A municipality's sealed quarter and the billing of it."""

    municipality_id: UUID
    quarter: Quarter
    sequence: int
    sealed_at: datetime
    calls: int
    totals: tuple[SealedTotal, ...]
    digest: str
    correlation_id: str
    state: State
    sentence: str
    since: datetime
    looks: int
    invoice_id: UUID | None


def pause(looks: int) -> timedelta:
    """How long until the next look, after this many without an invoice: 1, 2, 4, … 30 seconds."""
    return min(timedelta(seconds=2 ** min(looks, 10)), LONGEST)


def seal_faults(sealed: SealedQuarter) -> list[str]:
    """What is wrong with a seal in itself: its own sums and digest. Empty for a sound one."""
    found = []
    try:
        Quarter.parse(sealed.quarter)
    except ValueError as error:
        found.append(str(error))
    if sum(total.calls for total in sealed.totals) != sealed.calls:
        found.append("its totals do not add up to its calls")
    if digest(sealed.totals) != sealed.digest:
        found.append("its digest is not that of its totals")
    return found
