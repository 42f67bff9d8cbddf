"""Reading suppliers' calls from the broker: many messages a transaction, acknowledged after the commit."""

from __future__ import annotations

import asyncio
import random
import time

from services.metering.actions.door import Door
from services.metering.settings import MeteringSettings
from shared import logs
from shared.bus import BusAway, Delivery, Subscription
from shared.contracts.calls import Arrival, signature_of
from shared.database import AWAY
from shared.run import Runtime
from shared.topology import CALLS_QUEUE

log = logs.get(__name__)

PREFETCH = 200
BATCH_MESSAGES = 100
BATCH_CALLS = 5000
BATCH_SECONDS = 0.05
"""How long a batch waits for more messages: the least delay a call has on its way to the overview."""
AWAY_SECONDS = (0.5, 2.0)


async def run(running: Runtime[MeteringSettings]) -> None:
    """Until stopping: read the queue of calls, and read again when the broker or the database was away."""
    door = running.get(Door)
    while not running.stopping.is_set():
        try:
            async with running.database.pool.acquire() as connection:
                await connection.execute("SELECT 1")
            async with running.bus.subscription(CALLS_QUEUE, prefetch=PREFETCH) as subscription:
                log.info("reading", queue=CALLS_QUEUE)
                while not running.stopping.is_set():
                    await take_next(door, subscription)
        except (BusAway, *AWAY, TimeoutError) as error:
            log.warning("intake_stopped", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(random.uniform(*AWAY_SECONDS))  # noqa: S311


async def take_next(door: Door, subscription: Subscription, wait: float = 0.5) -> int:
    """Take what comes next, many at once; returns how many messages."""
    deliveries = await gather(subscription, wait)
    if deliveries:
        await door.batch([arrival_of(delivery) for delivery in deliveries])
        await deliveries[-1].ack_through()
    return len(deliveries)


async def gather(subscription: Subscription, wait: float) -> list[Delivery]:
    """A batch of deliveries in the order they came: what arrives within a moment of the first, up to the bounds."""
    first = await subscription.get(wait)
    if first is None:
        return []
    deliveries, calls = [first], _about(first)
    until = time.monotonic() + BATCH_SECONDS
    while len(deliveries) < BATCH_MESSAGES and calls < BATCH_CALLS:
        following = subscription.get_nowait() or await subscription.get(max(0.0, until - time.monotonic()))
        if following is None:
            break
        deliveries.append(following)
        calls += _about(following)
    return deliveries


def _about(delivery: Delivery) -> int:
    """About how many calls a message holds, without reading it."""
    return max(1, delivery.body.count(b'"call.made.v1"'))


def arrival_of(delivery: Delivery) -> Arrival:
    """The message as it is handed on, or parked."""
    return Arrival(
        routing_key=delivery.routing_key,
        user=delivery.user,
        message_id=delivery.message_id,
        signature=signature_of(delivery.headers),
        body=delivery.body,
    )
