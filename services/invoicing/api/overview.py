"""A municipality's usage with what it costs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, get_args
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.invoicing.actions.accounts import NamedLine, usage_overview
from services.invoicing.api.asking import InAnyQuarter, Running, whose
from services.invoicing.domain.overview import Grouping, Only
from shared.identity import SignedIn
from shared.problem import Invalid
from shared.quarters import Quarter

router = APIRouter(tags=["overview"])

_GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)


class Line(BaseModel):
    """Calls that belong together, and what they cost in DKK excl. VAT.

    Ids, names, accounting_info, week and day are null where lines are not told apart by that; `agreement_id` is the
    trial connection's where `trial_calls` are. `week` is the first day of a week (from Monday) that lies in the
    quarter the calls were made in. Where lines are told apart by service, they are by `unit_price` and
    `made_in_quarter` too, as on the invoice; elsewhere these two are null when several came together. `amount` is
    that of `calls` without the `unpriced_calls` among them, whose service has no price. `trial_calls` (external test)
    are shown and cost nothing.
    """

    supplier_id: UUID | None
    supplier_name: str | None
    system_id: UUID | None
    system_name: str | None
    service_id: UUID | None
    service_name: str | None
    service_version: str | None
    agreement_id: UUID | None
    accounting_info: str | None
    week: date | None
    day: date | None
    made_in_quarter: str | None
    unit_price: Decimal | None
    calls: int
    unpriced_calls: int
    trial_calls: int
    amount: Decimal


class OverviewAnswer(BaseModel):
    """What is billed in a quarter so far, by the same rules as the invoice and equal to it in the øre.

    `as_of` is when it was read (UTC). Narrowed, the sums are those of what is shown, each call at the amount it has
    in the whole. `sealed`: nothing more comes. Calls that came in too late for the quarter
    they were made in are billed in a later one and say so in `made_in_quarter`. Where `unpriced_calls` is not
    zero, the amounts are without those.
    """

    municipality_id: UUID
    quarter: str
    as_of: datetime
    sealed: bool
    lines: list[Line]
    calls: int
    unpriced_calls: int
    trial_calls: int
    net: Decimal
    vat: Decimal
    gross: Decimal


@router.get("/overview")
async def overview(  # noqa: PLR0917 - a route is called by name only
    running: Running,
    caller: SignedIn,
    quarter: InAnyQuarter,
    group_by: Annotated[
        str,
        Query(
            max_length=100,
            description="What tells lines apart, with commas:"
            " supplier, system, service, agreement, accounting_info, week, day",
        ),
    ] = "supplier,system,service",
    municipality_id: Annotated[UUID | None, Query(description="For helpdesk: whose overview")] = None,
    supplier_id: Annotated[UUID | None, Query()] = None,
    system_id: Annotated[UUID | None, Query()] = None,
    service_id: Annotated[UUID | None, Query()] = None,
    agreement_id: Annotated[UUID | None, Query()] = None,
    before: Annotated[date | None, Query(description="Only calls made before this day in Copenhagen")] = None,
) -> OverviewAnswer:
    """A municipality's usage with prices, for its people (any role) and for helpdesk; this quarter if none is named.

    Suppliers see counts at the metering service, never amounts.
    """
    municipality = whose(caller, municipality_id)
    if municipality is None:
        raise Invalid("overview.whose", "Say whose overview: municipality_id=….")
    by = _groupings(group_by)
    now = running.clock.now()
    meant = quarter or Quarter.of(now)
    only = Only(supplier_id, system_id, service_id, agreement_id, before)
    async with running.database.reading() as connection:
        found = await usage_overview(connection, municipality, meant, by, only)
    return OverviewAnswer(
        municipality_id=municipality,
        quarter=str(meant),
        as_of=now,
        sealed=found.sealed,
        lines=[_line(line) for line in found.lines],
        calls=found.overview.calls,
        unpriced_calls=found.overview.unpriced_calls,
        trial_calls=found.overview.trial_calls,
        net=found.overview.net,
        vat=found.overview.vat,
        gross=found.overview.gross,
    )


def _groupings(text: str) -> set[Grouping]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    known = [grouping for grouping in _GROUPINGS if grouping in asked]
    if unknown := set(asked) - set(known):
        raise Invalid(
            "overview.group_by",
            f"group_by: {', '.join(sorted(unknown))} is none of {', '.join(_GROUPINGS)}.",
        )
    return set(known)


def _line(named: NamedLine) -> Line:
    line, group = named.line, named.line.group
    return Line(
        supplier_id=group.supplier_id,
        supplier_name=named.supplier_name,
        system_id=group.system_id,
        system_name=named.system_name,
        service_id=group.service_id,
        service_name=named.service.name if named.service else None,
        service_version=named.service.version if named.service else None,
        agreement_id=group.agreement_id,
        accounting_info=group.accounting_info,
        week=group.week,
        day=group.day,
        made_in_quarter=str(group.made_in) if group.made_in else None,
        unit_price=group.unit_price,
        calls=line.calls,
        unpriced_calls=line.unpriced_calls,
        trial_calls=line.trial_calls,
        amount=line.amount,
    )
