"""The link to the platform's broker: publish messages of calls, confirmed, and nothing else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

EXCHANGE = "platform.calls"
SIGNATURE_HEADER = "signature"
CONTENT_TYPE = "application/cloudevents+json"
CONNECT_SECONDS = 15.0
CONFIRM_SECONDS = 15.0

FAILURES = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError)
"""What goes wrong with a link; connect anew and send the same message again."""


class _Connection(aio_pika.Connection):
    def __del__(self) -> None:
        """Nothing: whoever opened it closes it. The driver would begin to, wherever it is collected."""


class Link:
    """An open link. It is for one task's use of `renew`, and any number's of `publish`."""

    def __init__(self, connection: AbstractConnection, channel: AbstractChannel, exchange: AbstractExchange) -> None:
        self._connection = connection
        self._channel = channel
        self._exchange = exchange

    @property
    def closed(self) -> bool:
        """Whether the broker or the network ended it."""
        return self._connection.is_closed or self._channel.is_closed

    async def publish(
        self, body: bytes, *, system_id: str, signature: str | None, message_id: str, environment: str | None = None
    ) -> None:
        """Publish a message and wait until the broker has it safe. Raises one of FAILURES.

        After a failure send the same bytes under the same `message_id` again: the platform takes them once.
        """
        message = aio_pika.Message(
            body,
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=message_id,
            user_id=system_id,
            headers={} if signature is None else {SIGNATURE_HEADER: signature},
        )
        async with asyncio.timeout(CONFIRM_SECONDS):
            try:
                await self._exchange.publish(message, f"{system_id}.{environment or 'calls'}", mandatory=True)
            except asyncio.CancelledError:
                # The driver cancels what waits on a connection that breaks; that is not our own end.
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                raise ConnectionError("the connection to the broker was lost") from None

    async def renew(self, access_token: str) -> None:
        """Go on with a new token before the old one runs out. Raises one of FAILURES."""
        async with asyncio.timeout(CONFIRM_SECONDS):
            await self._connection.update_secret(access_token, reason="renewed")

    async def close(self) -> None:
        """End it; what was confirmed is safe."""
        try:
            async with asyncio.timeout(5):
                await self._connection.close()
        except FAILURES:
            pass  # it was gone already


async def open_link(
    host: str, port: int, access_token: str, *, vhost: str = "/", tls: ssl.SSLContext | None = None
) -> Link:
    """Connect with a token. Raises one of FAILURES."""
    scheme = "amqps" if tls is not None else "amqp"
    url = f"{scheme}://:{quote(access_token, safe='')}@{host}:{port}/{quote(vhost, safe='')}?heartbeat=10"
    async with asyncio.timeout(CONNECT_SECONDS):
        connection = await aio_pika.connect(url, ssl_context=tls, connection_class=_Connection)
        try:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        except BaseException:
            await connection.close()
            raise
    return Link(connection, channel, exchange)


@asynccontextmanager
async def connect(
    host: str, port: int, access_token: str, *, vhost: str = "/", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Link]:
    """A link for the length of the body. Raises one of FAILURES."""
    link = await open_link(host, port, access_token, vhost=vhost, tls=tls)
    try:
        yield link
    finally:
        await link.close()
