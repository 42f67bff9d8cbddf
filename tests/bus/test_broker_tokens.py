"""What a supplier's system may do on the broker with a token from the registry: publish its own calls only."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import aio_pika
import pytest
from aiormq.exceptions import (
    AMQPConnectionError,
    ChannelAccessRefused,
    ChannelPreconditionFailed,
    ConnectionClosed,
    ConnectionNotAllowed,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.servers import Broker, broker_connection

SYSTEM = str(uuid.UUID(int=0x1234_5678))
OTHER_SYSTEM = str(uuid.UUID(int=0x8765_4321))
CALLS = "platform.calls"
EVENTS = "platform.events"


def token(
    broker: Broker, system: str = SYSTEM, *, lifetime: float = 300, key: ECKey | None = None, **changes: Any
) -> str:
    """A token as the registry gives it to a supplier's system; ``changes`` replace or (None) drop claims."""
    signing_key = key or ECKey.import_key(broker.signing_key.read_bytes())
    now = int(time.time())
    claims = {
        "iss": "registry",
        "sub": system,
        "aud": ["platform"],
        "iat": now,
        "exp": now + lifetime,
        "scope": f"platform.write:{quote(broker.vhost, safe='')}/{CALLS}/{system}.*",
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": signing_key.thumbprint()}, claims, signing_key)


Connect = Callable[..., Any]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    opened: list[aio_pika.abc.AbstractConnection] = []

    async def connect_with(broker: Broker, given: str, user: str = "") -> aio_pika.abc.AbstractConnection:
        connection = await broker_connection(broker.token_url(given, user))
        opened.append(connection)
        return connection

    yield connect_with
    for connection in opened:
        await connection.close()


async def publish(
    connection: aio_pika.abc.AbstractConnection, key: str, *, exchange: str = CALLS, user_id: str | None = None
) -> None:
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    target = await channel.get_exchange(exchange, ensure=False)
    message = aio_pika.Message(b"{}", delivery_mode=2, user_id=user_id, message_id=str(uuid.uuid4()))
    await target.publish(message, key, timeout=5)
    await channel.close()


async def test_a_system_publishes_calls_under_its_own_id(broker: Broker, connect: Connect) -> None:
    connection = await connect(broker, token(broker))

    await publish(connection, f"{SYSTEM}.call")
    await publish(connection, f"{SYSTEM}.batch.of.calls")


@pytest.mark.parametrize(
    ("exchange", "key"),
    [
        (CALLS, f"{OTHER_SYSTEM}.call"),
        (CALLS, "call"),
        (CALLS, SYSTEM),
        (CALLS, f"x{SYSTEM}.call"),
        (EVENTS, "agreement.approved.v1"),
        (EVENTS, f"{SYSTEM}.call"),
        ("platform.dead", "metering"),
        ("", "metering.calls"),
        ("amq.topic", f"{SYSTEM}.call"),
    ],
)
async def test_a_system_publishes_nothing_else(broker: Broker, connect: Connect, exchange: str, key: str) -> None:
    connection = await connect(broker, token(broker))
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    target = channel.default_exchange if exchange == "" else await channel.get_exchange(exchange, ensure=False)

    with pytest.raises(ChannelAccessRefused):
        await target.publish(aio_pika.Message(b"{}"), key, timeout=5)


async def test_a_system_reads_and_declares_nothing(broker: Broker, connect: Connect) -> None:
    connection = await connect(broker, token(broker))

    async def refused(act: Callable[[aio_pika.abc.AbstractChannel], Any]) -> None:
        channel = await connection.channel()
        with pytest.raises(ChannelAccessRefused):
            await act(channel)

    async def ignore(_message: aio_pika.abc.AbstractIncomingMessage) -> None:
        pass

    async def consume(channel: aio_pika.abc.AbstractChannel) -> None:
        queue = await channel.get_queue("metering.calls", ensure=False)
        await queue.consume(ignore)

    async def get(channel: aio_pika.abc.AbstractChannel) -> None:
        queue = await channel.get_queue("metering.calls", ensure=False)
        await queue.get()

    async def purge(channel: aio_pika.abc.AbstractChannel) -> None:
        queue = await channel.get_queue("metering.calls", ensure=False)
        await queue.purge()

    async def bind(channel: aio_pika.abc.AbstractChannel) -> None:
        queue = await channel.get_queue("metering.calls", ensure=False)
        await queue.bind(EVENTS, "#")

    await refused(lambda channel: channel.declare_queue("mine", durable=True))
    await refused(lambda channel: channel.declare_queue("", exclusive=True))
    await refused(lambda channel: channel.declare_exchange("mine", "topic"))
    await refused(lambda channel: channel.queue_delete("metering.calls"))
    await refused(consume)
    await refused(get)
    await refused(purge)
    await refused(bind)


async def test_the_broker_vouches_for_who_published(broker: Broker, connect: Connect) -> None:
    connection = await connect(broker, token(broker))

    await publish(connection, f"{SYSTEM}.call", user_id=SYSTEM)
    with pytest.raises(ChannelPreconditionFailed, match="user_id"):
        await publish(connection, f"{SYSTEM}.call", user_id=OTHER_SYSTEM)


async def test_a_claimed_user_name_is_not_believed(broker: Broker, connect: Connect) -> None:
    connection = await connect(broker, token(broker), user=OTHER_SYSTEM)

    with pytest.raises(ChannelPreconditionFailed, match="user_id"):
        await publish(connection, f"{SYSTEM}.call", user_id=OTHER_SYSTEM)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["another"]},
        {"aud": None},
        {"lifetime": -1},
        {"key": ECKey.generate_key("P-256", auto_kid=True)},
    ],
    ids=["another audience", "no audience", "expired", "unknown key"],
)
async def test_a_token_that_is_not_the_registrys_word_for_now_does_not_connect(
    broker: Broker, connect: Connect, changes: dict[str, Any]
) -> None:
    with pytest.raises((AMQPConnectionError, ProbableAuthenticationError, ConnectionClosed)):
        await connect(broker, token(broker, **changes))


async def test_a_token_without_scope_for_this_vhost_does_not_connect(broker: Broker, connect: Connect) -> None:
    scope = f"platform.write:another/{CALLS}/{SYSTEM}.*"

    # The broker closes in place of opening; aiormq calls the unexpected answer an invalid frame.
    with pytest.raises(InvalidFrameError):
        await connect(broker, token(broker, scope=scope))


async def test_a_renewed_token_keeps_the_connection_and_an_expired_one_ends_its_rights(
    broker: Broker, connect: Connect
) -> None:
    connection = await connect(broker, token(broker, lifetime=2))
    channel = await connection.channel(publisher_confirms=True)
    calls = await channel.get_exchange(CALLS, ensure=False)

    async def publish_here() -> None:
        await calls.publish(aio_pika.Message(b"{}"), f"{SYSTEM}.call", timeout=5)

    async def publish_on() -> None:
        async with asyncio.timeout(30):
            while True:
                await publish_here()
                await asyncio.sleep(0.2)

    await publish_here()
    await connection.update_secret(token(broker, lifetime=8), reason="renewed")
    await asyncio.sleep(3)
    # A new channel has no rights remembered, so this asks the first token's end and finds the second token.
    await publish(connection, f"{SYSTEM}.call")

    # On an open channel the broker remembers what it allowed until its next tick (5 s, in our configuration).
    with pytest.raises(ChannelAccessRefused, match="expired"):
        await publish_on()

    # The connection itself stays; a late renewal gives the rights back.
    await connection.update_secret(token(broker), reason="renewed late")
    await publish(connection, f"{SYSTEM}.call")


async def test_a_renewal_with_an_unknown_token_ends_the_connection(broker: Broker, connect: Connect) -> None:
    connection = await connect(broker, token(broker))
    forged = token(broker, key=ECKey.generate_key("P-256", auto_kid=True))

    with pytest.raises(ConnectionNotAllowed):
        await connection.update_secret(forged, reason="renewed")
