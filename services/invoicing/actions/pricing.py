"""Setting list prices, showing them, and what calls would cost at them."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from services.invoicing.domain.price import current_and_coming, plain, with_step
from services.invoicing.store import billing, copies, prices
from services.invoicing.store.copies import KnownService
from shared.audit import Actor
from shared.contracts.invoicing import Price, PriceRestated, PriceSet, PriceStep
from shared.database import Database, Transaction
from shared.days import civil_day
from shared.money import MoneyError, vat
from shared.problem import Invalid, NotFound
from shared.tariff import PriceMissing, Used, charge


@dataclass(frozen=True)
class ListedPrice:
    """A service with its price history, earliest step first."""

    service: KnownService
    steps: tuple[PriceStep, ...]


@dataclass(frozen=True)
class CurrentPrice:
    """A service with the step in force on a day, if any, and those to come, earliest first."""

    service: KnownService
    current: PriceStep | None
    coming: tuple[PriceStep, ...]


@dataclass(frozen=True)
class EstimateLine:
    """What a service's calls in a quarter would cost; `amount` excl. VAT."""

    service: KnownService
    unit_price: Decimal
    calls: int
    amount: Decimal


@dataclass(frozen=True)
class Estimate:
    """Lines and their sums, in DKK."""

    lines: tuple[EstimateLine, ...]
    net: Decimal
    vat: Decimal
    gross: Decimal


PATIENCE_SECONDS = 2.0
"""How long setting a price waits for the news of a service that was published a moment ago."""
_GLANCE_SECONDS = 0.1


async def await_service(database: Database, service_id: UUID) -> None:
    """Return when the service is known here, or patience ends: the catalogue is another service's."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                async with database.reading() as connection:
                    if await copies.services(connection, [service_id]):
                        return
                await asyncio.sleep(_GLANCE_SECONDS)


async def set_price(tx: Transaction, actor: Actor, service_id: UUID, step: PriceStep) -> ListedPrice:
    """Set what a call costs from a day on; setting again what is set already changes nothing.

    Raises NotFound `service.unknown`, Conflict `price.in_the_past`.
    """
    service = await _service(tx.connection, service_id)
    step = PriceStep(starts=step.starts, per_call=plain(step.per_call))
    await prices.lock(tx.connection, service_id)
    before = (await prices.steps(tx.connection, [service_id])).get(service_id, [])
    after = with_step(
        before,
        step,
        today=civil_day(tx.now),
        last_sealed=await billing.last_sealed(tx.connection),
        waited_for=await billing.waits_for_price(tx.connection, service_id),
    )
    if after == tuple(before):
        return ListedPrice(service, after)
    replaced = next((old.per_call for old in before if old.starts == step.starts), None)
    sequence = await prices.put_step(tx.connection, service_id, step, replaced=replaced, actor=actor, now=tx.now)
    await billing.wake_waiting_for_price(tx.connection, service_id, now=tx.now)
    await tx.say(PriceSet(price=Price(id=service_id, sequence=sequence, steps=after)))
    await tx.record(
        actor,
        "price.set",
        service_id,
        {
            "starts": step.starts.isoformat(),
            "per_call": str(step.per_call),
            "replaced": None if replaced is None else str(replaced),
        },
    )
    return ListedPrice(service, after)


async def listed(connection: asyncpg.Connection, service_id: UUID) -> ListedPrice:
    """A service's whole price history. Raises NotFound `service.unknown` or `price.none`."""
    service = await _service(connection, service_id)
    steps = (await prices.steps(connection, [service_id])).get(service_id)
    if steps is None:
        raise NotFound("price.none", f"Service {service.label} has no price yet.")
    return ListedPrice(service, tuple(steps))


async def current(
    connection: asyncpg.Connection, *, after: UUID | None, limit: int, now: datetime
) -> list[CurrentPrice]:
    """Current and coming list prices, by service id."""
    ids = await prices.priced_services(connection, after=after, limit=limit)
    known = await copies.services(connection, ids)
    steps = await prices.steps(connection, ids)
    found = []
    for service_id in ids:
        in_force, coming = current_and_coming(steps[service_id], civil_day(now))
        found.append(CurrentPrice(known[service_id], in_force, tuple(coming)))
    return found


async def estimate(connection: asyncpg.Connection, service_ids: list[UUID], calls: int, *, now: datetime) -> Estimate:
    """What so many calls of each service would cost at today's list prices.

    Raises NotFound `service.unknown`, Invalid `price.missing` or `estimate.too_large`.
    """
    today = civil_day(now)
    known = [await _service(connection, service_id) for service_id in service_ids]
    steps = await prices.steps(connection, service_ids)
    try:
        charges = {
            charged.service_id: charged
            for charged in charge((Used("", service.id, today, calls) for service in known), steps)
        }
        net = sum((charged.amount for charged in charges.values()), Decimal("0.00"))
        tax = vat(net)
    except PriceMissing as missing:
        raise Invalid("price.missing", f"{missing}") from None
    except MoneyError as error:
        raise Invalid("estimate.too_large", f"This comes to more than can be billed: {error}.") from None
    lines = tuple(
        EstimateLine(
            service,
            charges[service.id].unit_price,
            charges[service.id].calls,
            charges[service.id].amount,
        )
        for service in known
    )
    return Estimate(lines, net, tax, net + tax)


async def restate_prices(tx: Transaction) -> int:
    """Say every service's price history again."""
    every = await prices.every(tx.connection)
    for price in every:
        await tx.say(PriceRestated(price=price))
    return len(every)


async def _service(connection: asyncpg.Connection, service_id: UUID) -> KnownService:
    found = (await copies.services(connection, [service_id])).get(service_id)
    if found is None:
        raise NotFound(
            "service.unknown",
            f"No service {service_id} is known here; if it was published just now, try again in a moment.",
        )
    return found
