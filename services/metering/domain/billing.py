"""Which quarter a call is billed in, and when a quarter may be sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from shared.quarters import Quarter

_SEALED = UUID("6f0a4c57-5d2e-4b62-9a0c-4f7a9b6f5d11")


def billing_quarter(made_at: datetime, last_sealed: Quarter | None) -> Quarter:
    """The quarter of the call, or the first open one where that is sealed already."""
    own = Quarter.of(made_at)
    if last_sealed is None or own > last_sealed:
        return own
    return last_sealed.next


def due_at(quarter: Quarter, grace: timedelta) -> datetime:
    """From when a quarter may be sealed (UTC): its end and the grace in which late calls still count into it."""
    return quarter.ends + grace


def to_seal(
    first_used: Quarter | None, last_sealed: Quarter | None, now: datetime, grace: timedelta
) -> Quarter | None:
    """The next quarter to seal, or None: quarters are sealed in order, from the first with billed calls."""
    if last_sealed is not None:
        candidate = last_sealed.next
    elif first_used is not None:
        candidate = first_used
    else:
        return None
    return candidate if now >= due_at(candidate, grace) else None


def sealed_id(quarter: Quarter, municipality_id: UUID) -> UUID:
    """The id of a municipality's sealed quarter: the same however often it is said."""
    return uuid5(_SEALED, f"{quarter}/{municipality_id}")


@dataclass(frozen=True)
class Drift:
    """Where raw calls and counts differ, which must never be: a key of the counts with both numbers."""

    access_id: UUID
    hour: datetime
    recorded: int
    counted: int
