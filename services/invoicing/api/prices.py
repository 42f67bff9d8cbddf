"""List prices, and what calls would cost at them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.invoicing.actions import pricing
from services.invoicing.api.asking import Running
from services.invoicing.store.copies import KnownService
from shared.asking import Body
from shared.contracts.invoicing import PriceStep
from shared.identity import SignedIn
from shared.page import After, Limit, Page, page
from shared.problem import Invalid

router = APIRouter(tags=["prices"])

PerCall = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]


class Step(Body):
    """DKK per call, excl. VAT, from the start of a civil day in Copenhagen; up to 6 decimals."""

    starts: date = Field(description="The first day of this price", ge=date(2000, 1, 1), le=date(2199, 12, 31))
    per_call: PerCall = Field(description='DKK per call as a text, such as "0.0485"')

    @classmethod
    def of(cls, step: PriceStep) -> Step:
        return cls(starts=step.starts, per_call=step.per_call)


class ServiceName(BaseModel):
    """A service of the catalogue; its id names service and version."""

    service_id: UUID
    service_name: str
    service_version: str


class ServicePrice(ServiceName):
    """A service's current list price (null: none yet) and those to come, earliest first."""

    current: Step | None
    coming: list[Step]


class PriceHistory(ServiceName):
    """All a service's list prices, past and coming, earliest first."""

    steps: list[Step]


class EstimateRequest(Body):
    """What to estimate: so many calls a quarter of each of these services."""

    service_ids: Annotated[list[UUID], Field(min_length=1, max_length=20)]
    calls_per_quarter: Annotated[int, Field(ge=1, le=10**11, description="Calls a quarter of each service")]


class EstimateLine(ServiceName):
    """One service at today's list price; `amount` is calls x unit price, rounded to the øre, excl. VAT."""

    unit_price: Decimal
    calls: int
    amount: Decimal


class EstimateAnswer(BaseModel):
    """What the calls would cost in a quarter, in DKK."""

    lines: list[EstimateLine]
    net: Decimal
    vat: Decimal
    gross: Decimal


def _named(service: KnownService) -> dict[str, object]:
    return {"service_id": service.id, "service_name": service.name, "service_version": service.version}


@router.get("/prices")
async def list_prices(
    running: Running,
    limit: Limit = 100,
    after: After = None,
) -> Page[ServicePrice]:
    """Current and coming list prices by service id; public, without sign-in."""
    async with running.database.reading() as connection:
        found = await pricing.current(connection, after=after, limit=limit + 1, now=running.clock.now())
    return page(found, limit, _current, key=lambda item: item.service_id)


@router.get("/prices/{service_id}")
async def price_history(running: Running, service_id: UUID) -> PriceHistory:
    """A service's whole price history; public, without sign-in."""
    async with running.database.reading() as connection:
        found = await pricing.listed(connection, service_id)
    return _history(found)


@router.put("/prices/{service_id}")
async def set_price(running: Running, caller: SignedIn, service_id: UUID, step: Step) -> PriceHistory:
    """Set a service's price from a day on (helpdesk).

    A coming step may be replaced. A day that is past, or today, may only be given to a service that has no
    price on it yet, and lies in no sealed quarter unless an invoice of it waits for this very price: what calls
    cost is never changed afterwards (`price.in_the_past`). Setting what is set already changes nothing.
    """
    caller.require_helpdesk()
    await pricing.await_service(running.database, service_id)
    async with running.database.transaction() as tx:
        found = await pricing.set_price(
            tx, caller.actor, service_id, PriceStep(starts=step.starts, per_call=step.per_call)
        )
    return _history(found)


@router.post("/estimate")
async def estimate(running: Running, caller: SignedIn, wanted: EstimateRequest) -> EstimateAnswer:  # noqa: ARG001
    """What so many calls a quarter of each service would cost at today's list prices; for any signed-in."""
    if len(set(wanted.service_ids)) != len(wanted.service_ids):
        raise Invalid("estimate.service_twice", "A service stands twice in service_ids; name each once.")
    async with running.database.reading() as connection:
        found = await pricing.estimate(
            connection, wanted.service_ids, wanted.calls_per_quarter, now=running.clock.now()
        )
    return EstimateAnswer(
        lines=[
            EstimateLine.model_validate(
                {
                    **_named(line.service),
                    "unit_price": line.unit_price,
                    "calls": line.calls,
                    "amount": line.amount,
                }
            )
            for line in found.lines
        ],
        net=found.net,
        vat=found.vat,
        gross=found.gross,
    )


def _current(price: pricing.CurrentPrice) -> ServicePrice:
    return ServicePrice.model_validate(
        {
            **_named(price.service),
            "current": Step.of(price.current) if price.current else None,
            "coming": [Step.of(step) for step in price.coming],
        }
    )


def _history(found: pricing.ListedPrice) -> PriceHistory:
    return PriceHistory.model_validate({**_named(found.service), "steps": [Step.of(step) for step in found.steps]})
