"""Calls as they are priced and compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.contracts.metering import SealedTotal


@dataclass(frozen=True)
class Called:
    """Calls by one system to one service of one civil day, or of days at one price beginning with it.

    Only what is `billable` costs anything.
    """

    source_id: UUID
    supplier_id: UUID
    system_id: UUID
    service_id: UUID
    accounting_info: str
    day: date
    calls: int
    billable: bool


@dataclass(frozen=True)
class DayCalls:
    """Calls of one civil day."""

    day: date
    calls: int


@dataclass(frozen=True)
class AccountCalls:
    """Calls with one accounting_info ("": none)."""

    accounting_info: str
    calls: int


@dataclass(frozen=True)
class DayAccountCalls:
    """Calls of one civil day with one accounting_info ("": none)."""

    day: date
    accounting_info: str
    calls: int


@dataclass(frozen=True)
class Difference:
    """Where the own total of one agreement's service is not the sealed one."""

    source_id: UUID
    service_id: UUID
    made_in_quarter: str
    sealed: int
    own: int


def differences(sealed: Iterable[SealedTotal], own: Iterable[SealedTotal]) -> list[Difference]:
    """Every total that is not the same on both sides, in a stable order; one that is absent counts as zero."""
    there = {_key(total): total.calls for total in sealed}
    here = {_key(total): total.calls for total in own}
    return [
        Difference(*key, sealed=there.get(key, 0), own=here.get(key, 0))
        for key in sorted(there.keys() | here.keys())
        if there.get(key, 0) != here.get(key, 0)
    ]


def _key(total: SealedTotal) -> tuple[UUID, UUID, str]:
    return total.source_id, total.service_id, total.made_in_quarter
