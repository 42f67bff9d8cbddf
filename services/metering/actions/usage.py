"""Telling the others how many calls were counted: absolute totals, a handful an event."""

from __future__ import annotations

from uuid import uuid4

from services.metering.store import counts
from shared.contracts.metering import MAX_COUNTS, Count, Usage, UsageCounted, UsageRestated
from shared.database import Transaction


async def tell(tx: Transaction) -> int:
    """Say the counts that changed, an event's worth; returns how many."""
    found = await counts.news(tx.connection, MAX_COUNTS)
    if found:
        await tx.say(UsageCounted(usage=Usage(id=uuid4(), sequence=1, counts=tuple(found))))
    return len(found)


async def tell_all(tx: Transaction) -> None:
    """Say all that changed in this transaction."""
    while await tell(tx):
        pass


async def restate(tx: Transaction) -> int:
    """Say all counts there are; returns how many events that took."""
    said = 0
    gathered: list[Count] = []

    async def say() -> int:
        await tx.say(UsageRestated(usage=Usage(id=uuid4(), sequence=1, counts=tuple(gathered))))
        gathered.clear()
        return 1

    async for count in counts.every(tx.connection):
        gathered.append(count)
        if len(gathered) == MAX_COUNTS:
            said += await say()
    return said + (await say() if gathered else 0)
