"""Reading a service's queue: each event once, failures parked, nothing blocks what comes behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from shared import failure, inbox, logs, metrics, parking, traces
from shared.bus import CALLS, Bus, BusAway, Delivery, Subscription
from shared.contracts import EVENTS
from shared.contracts.calls import PARKED_TYPE, Arrival, signature_of
from shared.contracts.envelope import Envelope, UnreadableEvent, decode
from shared.contracts.event import Event
from shared.correlation import correlated
from shared.database import AWAY, TRANSIENT, Database, Transaction

log = logs.get(__name__)

Handler = Callable[[Transaction, Any], Awaitable[None]]
Handlers = Mapping[type[Event], Handler]

IN_PLACE = 3
"""How often a transaction that lost a race is tried at once."""
DISTINCT_SECONDS = (0.5, 2.0)
"""How long to wait, at random in between, before reading again after the broker or database was away."""


GIVEN_UP = "the broker gave it up: delivered too often without an answer"


class IllegalEvent(Exception):
    """A handler's word that this event can never be handled: a person must look at it."""


class DatabaseAway(Exception):
    """The database can't serve: stop reading, nothing is lost."""


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


class Consumer:
    """Reads `<service>.events` and hands each event to its handler, with the claim, in one transaction."""

    def __init__(self, service: str, database: Database, bus: Bus, handlers: Handlers, *, concurrency: int) -> None:
        self._service = service
        self._database = database
        self._bus = bus
        self._handlers = handlers
        self._concurrency = concurrency
        self.reading = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Until stopping: read, and read again when the broker or the database was away."""
        while not stopping.is_set():
            try:
                await self._probe()
                async with self._bus.subscription(
                    f"{self._service}.events", prefetch=self._concurrency * 4
                ) as subscription:
                    self.reading = True
                    log.info("reading", queue=f"{self._service}.events")
                    await self._work(subscription, stopping)
            except (BusAway, DatabaseAway) as error:
                log.warning("reading_stopped", error=str(error))
                await asyncio.sleep(random.uniform(*DISTINCT_SECONDS))  # noqa: S311
            finally:
                self.reading = False

    async def _probe(self) -> None:
        try:
            async with asyncio.timeout(5), self._database.pool.acquire() as connection:
                await connection.execute("SELECT 1")
        except AWAY as error:
            raise DatabaseAway(f"the database can't serve: {type(error).__name__}") from error

    async def _work(self, subscription: Subscription, stopping: asyncio.Event) -> None:
        async def worker() -> None:
            while not stopping.is_set():
                delivery = await subscription.get(0.5)
                if delivery is not None:
                    await self.take(delivery)
                    await delivery.ack()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(worker())
        except BaseExceptionGroup as group:
            # Both may be gone at once; a group of the two would look like a bug and end the process.
            away, others = group.split((BusAway, DatabaseAway))
            if others is not None or away is None:
                raise
            raise _first(away) from None

    async def take(self, delivery: Delivery) -> None:
        """Handle a message or park it; when this returns, it may be acknowledged."""
        try:
            envelope = decode(delivery.body)
        except UnreadableEvent as error:
            await self._park_unreadable(delivery, str(error))
            return
        # The broker vouches for a user that is named, and only then: an unnamed one may be anybody's.
        if delivery.user != envelope.speaker:
            await self._park_unreadable(delivery, f"published by {delivery.user!r}, not by {envelope.speaker!r}")
            return
        await self.handle(envelope, delivery.body)

    async def handle(self, envelope: Envelope, body: bytes) -> bool:
        """Handle an event once; park it when that fails. Returns whether it was handled (now or before)."""
        event = envelope.event
        facts = {
            "messaging.system": "rabbitmq",
            "messaging.message.id": str(envelope.id),
            "correlation.id": envelope.correlation_id,
        }
        with (
            traces.traced(f"handle {event.type}", "event", envelope.traceparent, facts) as trace,
            correlated(envelope.correlation_id, causation=envelope.id, traceparent=trace.traceparent),
            logs.bound(event_type=event.type, event_id=str(envelope.id)),
            metrics.HANDLE_SECONDS.labels(event.type).time(),
        ):
            handler = self._handlers.get(type(event))
            if handler is None:
                await self._park(envelope, body, f"{self._service} has no handler for {event.type}", retry=False)
                return False
            for attempt in range(1, IN_PLACE + 1):
                try:
                    await self._once(handler, envelope)
                except TRANSIENT:
                    if attempt == IN_PLACE:
                        await self._park(envelope, body, "lost the race for a row three times", retry=True)
                        return False
                    await asyncio.sleep(random.uniform(0.05, 0.5))  # noqa: S311
                except AWAY as error:
                    raise DatabaseAway(f"the database can't serve: {type(error).__name__}") from error
                except IllegalEvent as error:
                    await self._park(envelope, body, str(error), retry=False)
                    return False
                except Exception as error:
                    log.exception("handler_failed")
                    trace.fail(type(error).__name__)
                    await self._park(envelope, body, failure.told(error), retry=True)
                    return False
                else:
                    metrics.HANDLED.labels(event.type, "handled").inc()
                    # With its correlation id: so an act is followed from its request through every service.
                    log.info("handled")
                    return True
            raise AssertionError("unreachable: the last attempt returns")

    async def _once(self, handler: Handler, envelope: Envelope) -> None:
        async with self._database.transaction() as tx:
            if await inbox.claim(tx.connection, envelope.id, envelope.event.type, now=tx.clock.real_now()):
                await handler(tx, envelope.event)
            await parking.handled(tx.connection, envelope.id, now=tx.now)

    async def _park(self, envelope: Envelope, body: bytes, reason: str, *, retry: bool) -> None:
        await self._write_parked(envelope.id, envelope.event.type, body, reason, retry=retry)

    async def _park_unreadable(self, delivery: Delivery, reason: str) -> None:
        await self._write_parked(None, delivery.routing_key[:255], delivery.body, reason, retry=False)

    async def _write_parked(self, event_id: Any, event_type: str, body: bytes, reason: str, *, retry: bool) -> None:
        metrics.HANDLED.labels(event_type if event_type in EVENTS else "unknown", "parked").inc()
        log.error("parked", type=event_type, event_id=str(event_id), reason=reason)
        try:
            async with self._database.transaction() as tx:
                await parking.park(
                    tx.connection,
                    event_id=event_id,
                    event_type=event_type,
                    body=body,
                    reason=reason,
                    retry=retry,
                    now=tx.now,
                )
        except AWAY as error:
            raise DatabaseAway(f"the database can't serve: {type(error).__name__}") from error

    async def retry_parked(self) -> int:
        """Try every parked message that is due once more; returns how many came through."""
        through = 0
        while True:
            async with self._database.transaction() as tx:
                found = await parking.due(tx.connection, now=tx.now)
                if not found:
                    return through
                parked = found[0]
                # Out of reach of other copies, and of ourselves, while it is tried.
                await parking.postpone(tx.connection, parked.id, now=tx.now)
            assert parked.body is not None
            try:
                envelope = decode(parked.body)
            except UnreadableEvent as error:
                async with self._database.transaction() as tx:
                    await parking.leave_to_person(tx.connection, parked.id, reason=str(error))
                continue
            if parked.event_id is None:
                # It could not be read when it came; from now on it is known by its event, as the others are.
                async with self._database.transaction() as tx:
                    if not await parking.recognise(tx.connection, parked.id, envelope.id, now=tx.now):
                        continue
            through += await self.handle(envelope, parked.body)


class DeadLetters:
    """Reads `<service>.dead`: what the broker gave up delivering is parked for a person."""

    def __init__(self, service: str, database: Database, bus: Bus) -> None:
        self._service = service
        self._database = database
        self._bus = bus

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                async with self._bus.subscription(f"{self._service}.dead", prefetch=10) as subscription:
                    while not stopping.is_set():
                        delivery = await subscription.get(0.5)
                        if delivery is not None:
                            await self._keep(delivery)
                            await delivery.ack()
            except (BusAway, *AWAY) as error:
                log.warning("dead_letters_stopped", error=type(error).__name__)
                await asyncio.sleep(random.uniform(*DISTINCT_SECONDS))  # noqa: S311

    async def _keep(self, delivery: Delivery) -> None:
        event_id, event_type, body = _identified(delivery)
        log.error("parked", type=event_type, event_id=str(event_id), reason=GIVEN_UP)
        async with self._database.transaction() as tx:
            await parking.park(
                tx.connection,
                event_id=event_id,
                event_type=event_type,
                body=body,
                reason=GIVEN_UP,
                retry=False,
                now=tx.now,
            )


def _identified(delivery: Delivery) -> tuple[UUID | None, str, bytes]:
    """Event id, type and the body to park of a dead message, whose routing key is no longer its own."""
    died = delivery.headers.get("x-death") or [{}]
    if died[0].get("exchange") == CALLS:
        arrival = Arrival(
            routing_key=_first_key(died[0]),
            user=delivery.user,
            message_id=delivery.message_id,
            signature=signature_of(delivery.headers),
            body=delivery.body,
        )
        return arrival.identity, PARKED_TYPE, arrival.pack()
    try:
        envelope = decode(delivery.body)
    except UnreadableEvent:
        return None, _first_key(died[0]) or delivery.routing_key, delivery.body
    return envelope.id, envelope.event.type, delivery.body


def _first_key(death: Mapping[str, Any]) -> str:
    keys = death.get("routing-keys") or [""]
    return keys[0].decode("utf-8", "replace") if isinstance(keys[0], bytes) else str(keys[0])
