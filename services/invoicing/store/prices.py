"""List prices and their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from uuid import UUID

import asyncpg

from shared.audit import Actor
from shared.contracts.invoicing import Price, PriceStep
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def lock(connection: asyncpg.Connection, service_id: UUID) -> None:
    """Have this service's price to oneself until the transaction ends, also where it has none yet."""
    await connection.execute(QUERIES["make_price"], service_id)
    await connection.execute(QUERIES["lock_price"], service_id)


async def put_step(
    connection: asyncpg.Connection,
    service_id: UUID,
    step: PriceStep,
    *,
    replaced: Decimal | None,
    actor: Actor,
    now: datetime,
) -> int:
    """Write one step and remember it; returns the price's new sequence."""
    await connection.execute(QUERIES["put_step"], service_id, step.starts, step.per_call)
    await connection.execute(
        QUERIES["remember_step"], service_id, step.starts, step.per_call, replaced, now, actor.kind, actor.id
    )
    sequence: int = await connection.fetchval(QUERIES["bump_price"], service_id)
    return sequence


async def steps(connection: asyncpg.Connection, service_ids: Iterable[UUID]) -> dict[UUID, list[PriceStep]]:
    """All steps of these services, earliest first; a service without a price is left out."""
    found: dict[UUID, list[PriceStep]] = defaultdict(list)
    for row in await connection.fetch(QUERIES["steps"], list(set(service_ids))):
        found[row["service_id"]].append(PriceStep(starts=row["starts"], per_call=row["per_call"]))
    return dict(found)


async def every(connection: asyncpg.Connection) -> list[Price]:
    """Every service's price history."""
    rows = await connection.fetch(QUERIES["all_prices"])
    return [
        Price(
            id=service_id,
            sequence=sequence,
            steps=tuple(PriceStep(starts=row["starts"], per_call=row["per_call"]) for row in group),
        )
        for (service_id, sequence), group in groupby(rows, key=lambda row: (row["service_id"], row["sequence"]))
    ]


async def priced_services(connection: asyncpg.Connection, *, after: UUID | None, limit: int) -> list[UUID]:
    """Services that have a price, by id."""
    return [row["service_id"] for row in await connection.fetch(QUERIES["priced_services"], after, limit)]
