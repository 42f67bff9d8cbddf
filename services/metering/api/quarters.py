"""Quarters and their reconciliation."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from services.metering.api.asking import InAnyQuarter, Running
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
    """What became of the calls that named one municipality: sent = counted + duplicates + refused.

    `municipality` is its id; for one that no grant was ever for it is what the calls named it by, and None for
    calls that named none. `of_counted_test` is the part of `counted` that was made in the test environment.
    """

    municipality: str | None
    sent: int
    counted: int
    of_counted_test: int
    duplicates: int
    refused: dict[str, int]


class Totals(BaseModel):
    """The sums over all municipalities."""

    sent: int
    counted: int
    of_counted_test: int
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
    """The calls of a quarter (or all) per municipality, their totals, and the check over everything ever sent."""

    quarter: str | None
    municipalities: list[MunicipalityBalance]
    total: Totals
    everything: Everything


@router.get("/quarters")
async def list_quarters(
    running: Running,
    caller: SignedIn,
    calls: Annotated[
        bool, Query(description="For helpdesk: add up the calls of open quarters, which takes long")
    ] = True,
) -> Quarters:
    """Which quarters are sealed, and which still count; the present one is always there."""
    grace = running.settings.grace
    async with running.database.reading() as connection:
        last = await quarters.last_sealed(connection)
        sealed = await quarters.sealed(connection)
        still_open = {item.quarter: item for item in await quarters.still_open(connection, last)}
        counted = await quarters.open_calls(connection, last) if calls and caller.helpdesk else None
    for quarter in (Quarter.of(running.clock.now()), last.next if last else None):
        if quarter is not None and (last is None or quarter > last):
            still_open.setdefault(str(quarter), quarters.Open(str(quarter), None))
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
            calls=None if counted is None else counted.get(label, 0),
            municipalities=None,
            blocked=item.blocked if caller.helpdesk else None,
        )
        for label, item in sorted(still_open.items())
    ]
    return Quarters(quarters=shown)


@router.get("/reconciliation")
async def reconcile(running: Running, caller: SignedIn, quarter: InAnyQuarter) -> Reconciliation:
    """For helpdesk: what became of every call of a quarter, or of all, per municipality."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        counted = await overview.counted(connection, quarter)
        duplicates = await overview.duplicates(connection, quarter)
        refused = await refusals.summary(
            connection, Sight(all=True), system_id=None, quarter=str(quarter) if quarter else None
        )
        balance = await overview.balance(connection)
    reasons: dict[str | None, dict[str, int]] = {}
    for item in refused:
        # Named by its CVR number or by its UUID, a municipality is the same one.
        named = reasons.setdefault(str(item.municipality_id) if item.municipality_id else item.municipality, {})
        named[item.reason] = named.get(item.reason, 0) + item.calls
    of_counted = {str(municipality_id): calls for municipality_id, calls in counted.items()}
    of_repeated = {str(municipality_id): calls for municipality_id, calls in duplicates.items()}
    lines = [
        _line(name, of_counted.get(name or "", (0, 0)), of_repeated.get(name or "", 0), reasons.get(name, {}))
        for name in sorted({*of_counted, *of_repeated, *reasons}, key=lambda name: name or "")
    ]
    by_reason = Counter[str]()
    for line in lines:
        by_reason.update(line.refused)
    return Reconciliation(
        quarter=str(quarter) if quarter else None,
        municipalities=lines,
        total=Totals(
            sent=sum(line.sent for line in lines),
            counted=sum(line.counted for line in lines),
            of_counted_test=sum(line.of_counted_test for line in lines),
            duplicates=sum(line.duplicates for line in lines),
            refused=by_reason.total(),
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
    name: str | None, counted: tuple[int, int], duplicates: int, refused: dict[str, int]
) -> MunicipalityBalance:
    production, test = counted
    return MunicipalityBalance(
        municipality=name,
        sent=production + test + duplicates + sum(refused.values()),
        counted=production + test,
        of_counted_test=test,
        duplicates=duplicates,
        refused=dict(sorted(refused.items())),
    )
