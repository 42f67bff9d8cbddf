"""Quarters and their reconciliation."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from services.metering.api.asking import InQuarter, Running
from services.metering.domain.billing import due_at
from services.metering.store import overview, quarters, refusals
from services.metering.store.sight import Sight
from shared.identity import SignedIn
from shared.quarters import Quarter

router = APIRouter(tags=["quarters"])


class QuarterState(BaseModel):
    """A quarter with production calls billed in it. `due_at`: from when it can be sealed (UTC).

    `blocked` is told to helpdesk: why a quarter that is due is not sealed. `calls` too; None for others.
    """

    quarter: str
    state: Literal["open", "sealed"]
    due_at: AwareDatetime
    sealed_at: AwareDatetime | None
    calls: int | None
    municipalities: int | None
    blocked: str | None


class Quarters(BaseModel):
    """Sealed quarters, then those still open, oldest first."""

    quarters: list[QuarterState]


class MunicipalityBalance(BaseModel):
    """What became of the calls of a quarter that named one municipality: sent is the sum of the others.

    A municipality that no grant was ever for has no id, only the name the calls gave it; calls that named none
    have neither.
    """

    municipality_id: UUID | None
    municipality: str | None
    sent: int
    counted: int
    counted_test: int
    duplicates: int
    refused: int
    refused_by_reason: dict[str, int]


class Everything(BaseModel):
    """All that ever arrived, by the messages that brought it, against what became of it; `equal` must be true."""

    sent: int
    counted: int
    duplicates: int
    refused: int
    equal: bool


class Reconciliation(BaseModel):
    """A quarter's calls per municipality, their totals, and the check over everything."""

    quarter: str
    municipalities: list[MunicipalityBalance]
    total: MunicipalityBalance
    everything: Everything


@router.get("/quarters")
async def list_quarters(running: Running, caller: SignedIn) -> Quarters:
    """Which quarters are sealed, and which still count; the present one is always there."""
    grace = running.settings.grace
    async with running.database.reading() as connection:
        last = await quarters.last_sealed(connection)
        sealed = await quarters.sealed(connection)
        still_open = {item.quarter: item for item in await quarters.still_open(connection, last)}
    for quarter in (Quarter.of(running.clock.now()), last.next if last else None):
        if quarter is not None and (last is None or quarter > last):
            still_open.setdefault(str(quarter), quarters.Open(str(quarter), 0, None))
    shown = [
        QuarterState(
            quarter=item.quarter,
            state="sealed",
            due_at=due_at(Quarter.parse(item.quarter), grace),
            sealed_at=item.sealed_at,
            calls=item.calls if caller.helpdesk else None,
            municipalities=item.municipalities if caller.helpdesk else None,
            blocked=None,
        )
        for item in sealed
    ] + [
        QuarterState(
            quarter=label,
            state="open",
            due_at=due_at(Quarter.parse(label), grace),
            sealed_at=None,
            calls=item.calls if caller.helpdesk else None,
            municipalities=None,
            blocked=item.blocked if caller.helpdesk else None,
        )
        for label, item in sorted(still_open.items())
    ]
    return Quarters(quarters=shown)


@router.get("/reconciliation")
async def reconcile(running: Running, caller: SignedIn, quarter: InQuarter) -> Reconciliation:
    """For helpdesk: what became of every call of a quarter, per municipality, and of everything ever sent."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        counted = await overview.counted(connection, quarter)
        duplicates = await overview.duplicates(connection, quarter)
        refused = await refusals.summary(connection, Sight(all=True), system_id=None, quarter=str(quarter))
        balance = await overview.balance(connection)
    reasons: dict[tuple[UUID | None, str | None], dict[str, int]] = {}
    for item in refused:
        # Named by its CVR number or by its UUID, a municipality is the same one.
        key = (item.municipality_id, None if item.municipality_id else item.municipality)
        named = reasons.setdefault(key, {})
        named[item.reason] = named.get(item.reason, 0) + item.calls
    keys = {(municipality_id, None) for municipality_id in (*counted, *duplicates)} | set(reasons)
    lines = [
        _line(key, counted.get(key[0]) if key[0] else None, duplicates.get(key[0], 0) if key[0] else 0, reasons)
        for key in sorted(keys, key=str)
    ]
    by_reason: dict[str, int] = {}
    for line in lines:
        for reason, calls in line.refused_by_reason.items():
            by_reason[reason] = by_reason.get(reason, 0) + calls
    return Reconciliation(
        quarter=str(quarter),
        municipalities=lines,
        total=MunicipalityBalance(
            municipality_id=None,
            municipality=None,
            sent=sum(line.sent for line in lines),
            counted=sum(line.counted for line in lines),
            counted_test=sum(line.counted_test for line in lines),
            duplicates=sum(line.duplicates for line in lines),
            refused=sum(line.refused for line in lines),
            refused_by_reason=by_reason,
        ),
        everything=Everything(
            sent=balance.sent,
            counted=balance.counted,
            duplicates=balance.duplicates,
            refused=balance.refused,
            equal=balance.equal,
        ),
    )


def _line(
    key: tuple[UUID | None, str | None],
    counted: tuple[int, int] | None,
    duplicates: int,
    reasons: dict[tuple[UUID | None, str | None], dict[str, int]],
) -> MunicipalityBalance:
    production, test = counted or (0, 0)
    by_reason = reasons.get(key, {})
    refused = sum(by_reason.values())
    return MunicipalityBalance(
        municipality_id=key[0],
        municipality=key[1],
        sent=production + test + duplicates + refused,
        counted=production,
        counted_test=test,
        duplicates=duplicates,
        refused=refused,
        refused_by_reason=by_reason,
    )
