"""RabbitMQ: the only module of the services that speaks AMQP.

Connections are plain ones, made anew by the loops that use them: a publisher that fails says so and its rows
stay in the outbox; a subscription that is cut off ends with BusAway and what was not acknowledged comes again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import (
    AMQPError,
    ChannelClosed,
    ChannelInvalidStateError,
    DeliveryError,
)

from shared import logs, metrics
from shared.contracts.envelope import CONTENT_TYPE

log = logs.get(__name__)

Answer = TypeVar("Answer")

EVENTS = "platform.events"
CALLS = "platform.calls"
CONFIRM_SECONDS = 10.0
"""How long the broker may take to confirm a batch; a blocked or frozen broker shows up as this."""
CONNECT_SECONDS = 10.0
"""How long connecting may take; where the broker has several hosts, they share it."""

_FAILURES = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)


class BusAway(Exception):
    """The broker can't be reached, or cut the connection off."""


@contextmanager
def _not_cancelled_by_the_driver() -> Iterator[None]:
    """With its connection the driver cancels what waits on it; to us that is a lost connection, not our end."""
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ConnectionError("the connection to the broker was lost") from None


@dataclass(frozen=True)
class Delivery:
    """A message as it came. `user` is the broker's word for who published it."""

    tag: int
    body: bytes
    routing_key: str
    message_id: str | None
    user: str | None
    headers: dict[str, Any]
    redelivered: bool
    raw: AbstractIncomingMessage
    settle: Callable[[int, bool], None] = lambda _tag, _through: None

    async def ack(self) -> None:
        """Done with it, after the commit. A lost connection is no harm: it comes again and is known."""
        self.settle(self.tag, False)
        with contextlib.suppress(*_FAILURES), _not_cancelled_by_the_driver():
            await self.raw.ack()

    async def ack_through(self) -> None:
        """Done with it and all before it on the same subscription."""
        self.settle(self.tag, True)
        with contextlib.suppress(*_FAILURES), _not_cancelled_by_the_driver():
            await self.raw.ack(multiple=True)


class Subscription:
    """A queue being read; messages wait here for the service's own workers."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Delivery | None] = asyncio.Queue()
        self._cut = False
        self._arrived: dict[int, float] = {}

    async def get(self, wait: float | None = None) -> Delivery | None:
        """The next message; None when `wait` seconds passed without one. Raises BusAway when cut off."""
        if self._cut:
            raise BusAway("the broker cut off the subscription")
        try:
            async with asyncio.timeout(wait):
                found = await self._waiting.get()
        except TimeoutError:
            return None
        if found is None:
            raise BusAway("the broker cut off the subscription")
        return found

    def get_nowait(self) -> Delivery | None:
        """A message that is already here, or None."""
        if self._cut or self._waiting.empty():
            return None
        return self._waiting.get_nowait()

    def oldest_unacknowledged(self) -> float:
        """How many seconds ago the oldest message that is not yet acknowledged came; 0.0 when there is none."""
        came = next(iter(self._arrived.values()), None)
        return 0.0 if came is None else time.monotonic() - came

    def put(self, message: AbstractIncomingMessage) -> None:
        assert message.delivery_tag is not None
        self._arrived[message.delivery_tag] = time.monotonic()
        self._waiting.put_nowait(
            Delivery(
                tag=message.delivery_tag,
                body=message.body,
                routing_key=message.routing_key or "",
                message_id=message.message_id,
                user=message.user_id,
                headers=dict(message.headers),
                redelivered=bool(message.redelivered),
                raw=message,
                settle=self._settle,
            )
        )

    def _settle(self, tag: int, through: bool) -> None:
        # Tags rise in the order of arrival, which is the order the dictionary keeps.
        for known in [one for one in self._arrived if one <= tag] if through else [tag]:
            self._arrived.pop(known, None)

    def cut(self, *_: object) -> None:
        """The connection or the consumer is gone: wake whoever waits, all of them."""
        self._cut = True
        self._arrived.clear()
        for _waiter in range(256):
            self._waiting.put_nowait(None)


def hosts(url: str) -> list[str]:
    """The URLs in a list of them with commas between; a comma within a URL is no end of one."""
    return re.split(r",\s*(?=amqps?://)", url.strip())


class Connection(aio_pika.Connection):
    """A connection to the broker that only who opened it closes."""

    def __del__(self) -> None:
        """Nothing: whoever opened it closes it. The driver would begin to here, in whatever thread collects it."""


class Bus:
    """A service's link to the broker: one connection for publishing, one a subscription.

    `url` may name several hosts of one broker, as URLs with commas between them: the first that answers is used,
    and as long as it does.
    """

    def __init__(self, url: str, service: str) -> None:
        self._urls = hosts(url)
        self._turn = 0
        self._service = service
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchange: aio_pika.abc.AbstractExchange | None = None
        self._opening = asyncio.Lock()

    async def publish(self, messages: Sequence[tuple[str, UUID, str, bytes]]) -> list[bool]:
        """Publish (type, event id, correlation id, body) in order; says of each whether it was confirmed.

        Unroutable is not confirmed: it means the topology is not as the contracts say, and is logged so.
        """
        try:
            async with asyncio.timeout(CONFIRM_SECONDS + CONNECT_SECONDS):
                with _not_cancelled_by_the_driver():
                    exchange = await self._publisher()
                async with asyncio.timeout(CONFIRM_SECONDS):
                    answers = await asyncio.gather(
                        *(self._publish_one(exchange, *message) for message in messages),
                        return_exceptions=True,
                    )
        except _FAILURES as error:
            log.warning("publish_failed", error=type(error).__name__)
            await self._drop_publisher()
            return [False] * len(messages)
        well = [not isinstance(answer, BaseException) for answer in answers]
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        for failure in failures:
            # A CancelledError here is the driver's, giving up a confirm with its channel: nobody cancelled us.
            if not isinstance(failure, (*_FAILURES, asyncio.CancelledError)):
                raise failure
        for (event_type, event_id, _, _), answer in zip(messages, answers, strict=True):
            if isinstance(answer, DeliveryError):
                log.error("unroutable_or_refused", type=event_type, event_id=str(event_id))
        if any(not isinstance(failure, DeliveryError) for failure in failures):
            await self._drop_publisher()
        return well

    async def _publish_one(
        self,
        exchange: aio_pika.abc.AbstractExchange,
        event_type: str,
        event_id: UUID,
        correlation_id: str,
        body: bytes,
    ) -> None:
        await exchange.publish(
            aio_pika.Message(
                body,
                content_type=CONTENT_TYPE,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=str(event_id),
                correlation_id=correlation_id,
                type=event_type,
                user_id=self._service,
            ),
            routing_key=event_type,
            mandatory=True,
        )

    async def _publisher(self) -> aio_pika.abc.AbstractExchange:
        async with self._opening:
            if self._exchange is None or self._channel is None or self._channel.is_closed:
                await self._drop_publisher()
                self._connection = await self._connect("publish")
                self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                self._exchange = await self._channel.get_exchange(EVENTS, ensure=False)
            return self._exchange

    async def _drop_publisher(self) -> None:
        connection, self._connection, self._channel, self._exchange = self._connection, None, None, None
        if connection is not None:
            await _close(connection)

    async def _connect(self, purpose: str) -> AbstractConnection:
        for last in reversed(range(len(self._urls))):
            try:
                return await aio_pika.connect(
                    self._urls[self._turn % len(self._urls)],
                    timeout=CONNECT_SECONDS / len(self._urls),
                    client_properties={"connection_name": f"{self._service} {purpose}"},
                    connection_class=Connection,
                )
            except _FAILURES as error:
                self._turn += 1
                if last == 0:
                    raise
                log.warning("broker_host_away", error=type(error).__name__)
        raise AssertionError("unreachable: the last host raises")

    @asynccontextmanager
    async def subscription(self, queue: str, *, prefetch: int) -> AsyncIterator[Subscription]:
        """Read a queue until the body ends; on leaving, nothing is rejected: what was not acked comes again.

        Raises BusAway when the broker or the queue is not there.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS * 2):
                with _not_cancelled_by_the_driver():
                    connection = await self._connect(f"read {queue}")
        except _FAILURES as error:
            raise BusAway(f"can't reach the broker: {type(error).__name__}: {error}") from None
        try:
            found = Subscription()
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    with _not_cancelled_by_the_driver():
                        declared, tag = await _read(connection, queue, prefetch, found)
            except _FAILURES as error:
                raise BusAway(f"can't read queue {queue}: {type(error).__name__}: {error}") from None
            metrics.UNACKED_OLDEST.labels(queue).set_function(found.oldest_unacknowledged)
            yield found
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(2):
                    with _not_cancelled_by_the_driver():
                        await declared.cancel(tag)
        finally:
            await _close(connection)

    @asynccontextmanager
    async def probe(self) -> AsyncIterator[Probe]:
        """Ask what this user may do, changing nothing. Raises BusAway when the broker can't be reached."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS * 2):
                with _not_cancelled_by_the_driver():
                    connection = await self._connect("check")
        except _FAILURES as error:
            raise BusAway(f"can't reach the broker: {type(error).__name__}: {error}") from None
        try:
            yield Probe(connection, self._service)
        finally:
            await _close(connection)

    async def close(self) -> None:
        await self._drop_publisher()


class Probe:
    """What the broker lets a user do, found out by trying on channels of its own and leaving no trace."""

    def __init__(self, connection: AbstractConnection, user: str) -> None:
        self._connection = connection
        self._user = user

    async def waiting(self, queue: str) -> int | None:
        """How many messages wait in a queue; None when there is no such queue."""

        async def ask(channel: AbstractChannel) -> int | None:
            declared = await channel.declare_queue(queue, passive=True)
            return declared.declaration_result.message_count

        return await self._try(ask)

    async def may_publish(self, exchange: str, key: str) -> bool:
        """Whether it takes a message with this key: it is sent in a transaction that is taken back."""

        async def ask(channel: AbstractChannel) -> bool:
            transaction = channel.transaction()
            await transaction.select()
            to = await channel.get_exchange(exchange, ensure=False)
            await to.publish(aio_pika.Message(b"", user_id=self._user), routing_key=key)
            await transaction.rollback()
            return True

        return await self._try(ask) or False

    async def may_read(self, queue: str) -> bool:
        """Whether it hands out a queue's messages; what comes goes back to its place."""

        async def ask(channel: AbstractChannel) -> bool:
            await (await channel.get_queue(queue, ensure=False)).get(fail=False)
            return True

        return await self._try(ask) or False

    async def _try(self, ask: Callable[[AbstractChannel], Awaitable[Answer | None]]) -> Answer | None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                with _not_cancelled_by_the_driver():
                    channel = await self._connection.channel(publisher_confirms=False)
                    try:
                        return await ask(channel)
                    finally:
                        await channel.close()
        except ChannelClosed:
            return None
        except _FAILURES as error:
            raise BusAway(f"the broker was lost: {type(error).__name__}: {error}") from None


async def _read(
    connection: AbstractConnection, queue: str, prefetch: int, into: Subscription
) -> tuple[AbstractQueue, str]:
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=prefetch)
    declared = await channel.declare_queue(queue, passive=True)
    connection.close_callbacks.add(into.cut)
    channel.close_callbacks.add(into.cut)
    (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(into.cut)

    async def take(message: AbstractIncomingMessage) -> None:
        into.put(message)

    return declared, await declared.consume(take)


async def _close(connection: AbstractConnection) -> None:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(3):
            with _not_cancelled_by_the_driver():
                await connection.close()
