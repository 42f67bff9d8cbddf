"""What people are shown: the overview of a municipality's usage, and how the billing of a quarter stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from services.invoicing.domain.bill import BillLine, Names
from services.invoicing.domain.billing import Sealed
from services.invoicing.domain.overview import ALL, Grouping, Only, Overview, OverviewLine, overview
from services.invoicing.domain.reconciliation import Reconciled, reconcile
from services.invoicing.domain.usage import AccountCalls, DayAccountCalls, DayCalls, Difference, differences
from services.invoicing.store import billing, copies, invoices, prices, usage
from services.invoicing.store.copies import KnownService
from services.invoicing.store.invoices import Issued
from services.invoicing.store.usage import LineKey
from shared.problem import Invalid, NotFound
from shared.quarters import Quarter
from shared.tariff import price_on

MAX_LINES = 5000
"""The most lines an overview has; beyond it nobody reads, and a spreadsheet asks for a part."""


@dataclass(frozen=True)
class NamedLine:
    """A line of the overview with the names of what it is about; None where it is not told apart by that."""

    line: OverviewLine
    supplier_name: str | None
    system_name: str | None
    service: KnownService | None


@dataclass(frozen=True)
class NamedOverview:
    """An overview with names. `sealed`: nothing more will be billed in this quarter."""

    overview: Overview
    lines: tuple[NamedLine, ...]
    sealed: bool


@dataclass(frozen=True)
class Standing:
    """How far a municipality's billing has come. `sealed` None: its quarter is still open."""

    municipality_id: UUID
    municipality_name: str | None
    sealed: Sealed | None
    own_calls: int
    differences: tuple[Difference, ...]
    invoice: Issued | None


@dataclass(frozen=True)
class NamedReconciled:
    """A municipality's reconciliation and its name, if that is known."""

    reconciled: Reconciled
    municipality_name: str | None


async def usage_overview(
    connection: asyncpg.Connection,
    municipality_id: UUID,
    quarter: Quarter,
    by: AbstractSet[Grouping],
    only: Only = ALL,
) -> NamedOverview:
    """A municipality's usage billed in a quarter, priced. Raises NotFound, Invalid (too many lines)."""
    municipality = await copies.find_organisation(connection, municipality_id)
    if municipality is None or not municipality.municipality:
        raise NotFound("municipality.unknown", f"There is no municipality {municipality_id}.")
    listed = {price.id: price.steps for price in await prices.every(connection)}
    changes = {step.starts for steps in listed.values() for step in steps}
    called = await usage.called(
        connection,
        municipality_id,
        quarter,
        by_accounting_info="accounting_info" in by,
        by_week="week" in by,
        apart_from=None if "day" in by else changes | ({only.before} if only.before else set()),
    )
    found = overview(called, listed, by, only)
    if len(found.lines) > MAX_LINES:
        raise Invalid(
            "overview.too_many_lines",
            f"This comes to {len(found.lines)} lines and at most {MAX_LINES} are shown;"
            " leave accounting_info or day out of group_by.",
        )
    told = by & {"supplier", "system"}
    names = await copies.names(
        connection, systems=(item.system_id for item in called) if told else (), services_called=()
    )
    services = await copies.services(connection, {item.service_id for item in called}) if "service" in by else {}
    suppliers = {
        item.supplier_id: names.systems[item.system_id].supplier_name
        for item in called
        if item.system_id in names.systems
    }
    lines = [_named(line, suppliers, names, services) for line in found.lines]
    sealed = await billing.find(connection, municipality_id, quarter)
    return NamedOverview(found, tuple(sorted(lines, key=_order)), sealed is not None)


def _named(
    line: OverviewLine, suppliers: Mapping[UUID, str], names: Names, services: Mapping[UUID, KnownService]
) -> NamedLine:
    group = line.group
    system = names.systems.get(group.system_id) if group.system_id else None
    return NamedLine(
        line=line,
        supplier_name=suppliers.get(group.supplier_id) if group.supplier_id else None,
        system_name=system.system_name if system else None,
        service=services.get(group.service_id) if group.service_id else None,
    )


def _order(named: NamedLine) -> tuple[str, ...]:
    group = named.line.group
    return (
        "trial" if named.line.trial_calls else "",
        (named.supplier_name or "").casefold(),
        (named.system_name or "").casefold(),
        (named.service.label if named.service else "").casefold(),
        group.accounting_info or "",
        str(group.day or group.week or ""),
        str(group.made_in or ""),
        f"{group.unit_price or 0:020.6f}",
        f"{group.supplier_id}{group.system_id}{group.service_id}{group.agreement_id}",
    )


async def days_behind(connection: asyncpg.Connection, issued: Issued, line: BillLine) -> list[DayCalls]:
    """The calls that an invoice's line rests on, day by day; they add up to the line's."""
    days = await usage.line_days(connection, _key(issued, line), made_in=line.made_in)
    steps = (await prices.steps(connection, [line.service_id])).get(line.service_id, [])
    return [one for one in days if price_on(steps, one.day) == line.unit_price]


async def accounts_behind(
    connection: asyncpg.Connection, issued: Issued, line: BillLine, days: Iterable[DayCalls], *, limit: int
) -> tuple[list[AccountCalls], int]:
    """The same calls by accounting_info, the most first, and how many of them there are."""
    return await usage.line_accounts(connection, _key(issued, line), [one.day for one in days], limit=limit)


async def calls_behind(
    connection: asyncpg.Connection, issued: Issued, line: BillLine, *, after: tuple[date, str] | None, limit: int
) -> list[DayAccountCalls]:
    """The same calls by day and accounting_info, from after one of these pairs on."""
    days = await days_behind(connection, issued, line)
    return await usage.line_calls(connection, _key(issued, line), [one.day for one in days], after=after, limit=limit)


def _key(issued: Issued, line: BillLine) -> LineKey:
    return LineKey(issued.municipality_id, issued.quarter, line.system_id, line.service_id)


async def standings(connection: asyncpg.Connection, quarter: Quarter) -> list[Standing]:
    """Every municipality that has calls or a seal in this quarter, by name."""
    sealed = await billing.of_quarter(connection, quarter)
    own = await usage.own_calls(connection, quarter)
    issued = await invoices.heads_of_quarter(connection, quarter)
    names = await copies.organisation_names(connection, sealed.keys() | own.keys())
    found = []
    for municipality_id in sealed.keys() | own.keys():
        seal = sealed.get(municipality_id)
        differing: list[Difference] = []
        if seal is not None and (seal.state == "waiting_for_usage" or own.get(municipality_id, 0) != seal.calls):
            own_totals = await usage.own_totals(connection, municipality_id, quarter)
            whole = await billing.find(connection, municipality_id, quarter)
            differing = differences(whole.totals if whole else (), own_totals)
        found.append(
            Standing(
                municipality_id=municipality_id,
                municipality_name=names.get(municipality_id),
                sealed=seal,
                own_calls=own.get(municipality_id, 0),
                differences=tuple(differing),
                invoice=issued.get(municipality_id),
            )
        )
    return sorted(found, key=lambda standing: (standing.municipality_name or "", str(standing.municipality_id)))


async def reconciliation(connection: asyncpg.Connection, quarter: Quarter) -> list[NamedReconciled]:
    """Every municipality's seal, counts and invoice held against one another, by name."""
    sealed = await billing.of_quarter(connection, quarter)
    own = await usage.own_calls(connection, quarter)
    issued = await invoices.of_quarter(connection, quarter)
    names = await copies.organisation_names(connection, sealed.keys() | own.keys() | issued.keys())
    found = []
    for municipality_id in sealed.keys() | own.keys() | issued.keys():
        head, bill = issued.get(municipality_id, (None, None))
        held = reconcile(
            municipality_id,
            sealed=sealed.get(municipality_id),
            own_calls=own.get(municipality_id, 0),
            number=head.number if head else None,
            bill=bill,
        )
        found.append(NamedReconciled(held, names.get(municipality_id)))
    return sorted(found, key=lambda item: (item.municipality_name or "", str(item.reconciled.municipality_id)))
