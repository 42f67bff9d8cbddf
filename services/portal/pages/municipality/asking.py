"""What several of a municipality's pages ask the services for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.portal.apis import Refused
from services.portal.pages.visit import Visit, together
from shared.days import civil_day
from shared.problem import NotFound
from shared.quarters import Quarter

INVOICE_READERS = ("administrator", "signatory", "economy")
"""Who of a municipality sees its invoices."""
UNPRICED = frozenset({404, 422})
"""How an estimate is refused for a service that invoicing does not know, or has no price for."""
RECENT_DAYS = 28
"""How many days back an average a day is taken over: whole weeks."""


@dataclass(frozen=True)
class Cost:
    """What services cost: unit prices by service id (None: no price yet), and amounts for the calls foreseen.

    `calls` None: nobody said how many; then there are no amounts.
    """

    prices: dict[str, str | None]
    calls: int | None
    amounts: dict[str, str]
    net: Decimal
    vat: Decimal
    gross: Decimal

    @property
    def complete(self) -> bool:
        return all(price is not None for price in self.prices.values())


def today(visit: Visit) -> date:
    """The civil day on the platform's clock."""
    return civil_day(visit.running.clock.now())


async def agreement(visit: Visit, agreement_id: UUID) -> dict[str, Any]:
    """One of the municipality's own agreements; those it has as a supplier belong to its other hat."""
    found: dict[str, Any] = await visit.agreements.get(f"/agreements/{agreement_id}")
    if found["municipality_id"] != str(visit.signed_in.organisation_id):
        raise NotFound("agreement.unknown", f"The municipality has no agreement with the id {agreement_id}.")
    return found


async def colleagues(visit: Visit) -> dict[str, dict[str, Any]]:
    """The organisation's people by id."""
    found = await visit.registry.all(f"/organisations/{visit.signed_in.organisation_id}/colleagues")
    return {one["id"]: one for one in found}


def signatories(people: dict[str, dict[str, Any]]) -> list[str]:
    """The names of those who may decide."""
    return [one["name"] for one in people.values() if one["active"] and "signatory" in one["roles"]]


async def cost(visit: Visit, service_ids: list[str], calls: int | None) -> Cost:
    """What these services cost at today's list prices, each called so often a quarter."""
    counted = max(calls or 0, 1)
    try:
        estimates = [
            await visit.invoicing.post("/estimate", {"service_ids": service_ids, "calls_per_quarter": counted})
        ]
    except Refused as refused:
        if refused.status not in UNPRICED:
            raise
        # One of them has no price: the others are told all the same.
        estimates = list(await together(*(_estimate(visit, one, counted) for one in service_ids)))
    lines = {line["service_id"]: line for answer in estimates if answer for line in answer["lines"]}
    sums = {
        name: sum((Decimal(one[name]) for one in estimates if one), Decimal()) for name in ("net", "vat", "gross")
    }
    return Cost(
        prices={one: lines[one]["unit_price"] if one in lines else None for one in service_ids},
        calls=calls or None,
        amounts={one: line["amount"] for one, line in lines.items()} if calls else {},
        **sums,
    )


async def _estimate(visit: Visit, service_id: str, calls: int) -> Any:
    try:
        return await visit.invoicing.post("/estimate", {"service_ids": [service_id], "calls_per_quarter": calls})
    except Refused as refused:
        if refused.status not in UNPRICED:
            raise
        return None


async def services(visit: Visit, ids: list[str]) -> dict[str, dict[str, Any]]:
    """What the catalogue says of these services, by id; those it does not know are left out."""
    found = await together(*(visit.registry.get_or_none(f"/services/{one}") for one in ids))
    return {one["id"]: one for one in found if one}


async def latest_use(visit: Visit) -> dict[str, date]:
    """The day of the latest call under each agreement, of this quarter and the one before."""
    current = Quarter.of_day(today(visit))
    answers = await together(*(_by_agreement(visit, quarter) for quarter in (current.previous, current)))
    return {line["agreement_id"]: date.fromisoformat(line["latest_day"]) for lines in answers for line in lines}


async def _by_agreement(visit: Visit, quarter: Quarter) -> list[Any]:
    return await visit.metering.all(
        "/usage",
        items="lines",
        limit=5000,
        quarter=str(quarter),
        group_by="agreement",
        municipality_id=visit.signed_in.organisation_id,
    )


async def calls_a_day(visit: Visit, agreement_id: UUID) -> int:
    """Under an agreement, on average over the last whole weeks; today is not over and not in it."""
    last = today(visit) - timedelta(days=1)
    first = last - timedelta(days=RECENT_DAYS - 1)
    quarters = {Quarter.of_day(first), Quarter.of_day(last)}
    answers = await together(
        *(
            visit.metering.get(
                "/usage",
                quarter=str(quarter),
                group_by="agreement",
                agreement_id=agreement_id,
                first_day=first.isoformat(),
                last_day=last.isoformat(),
            )
            for quarter in quarters
        )
    )
    total: int = sum(answer["calls"] for answer in answers)
    return round(total / RECENT_DAYS)
