"""What a service's user may do on the broker, with the rights that are derived from the contracts."""

from collections.abc import AsyncIterator

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aiormq.exceptions import AMQPConnectionError, ChannelAccessRefused

from shared.contracts import SERVICES, said_by
from tests.servers import Broker, broker_connection


@pytest.fixture
async def channels(broker: Broker) -> AsyncIterator[dict[str, AbstractConnection]]:
    connections = {user: await broker_connection(broker.url(user)) for user in (*SERVICES, "operator")}
    yield connections
    for connection in connections.values():
        await connection.close()


async def ignore(_message: AbstractIncomingMessage) -> None:
    pass


async def open_channel(connection: AbstractConnection) -> AbstractChannel:
    return await connection.channel(publisher_confirms=True)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_says_its_own_events_and_no_others(
    channels: dict[str, AbstractConnection], service: str
) -> None:
    for speaker in SERVICES:
        for event in said_by(speaker):
            channel = await open_channel(channels[service])
            exchange = await channel.get_exchange("platform.events", ensure=False)
            if speaker == service:
                await exchange.publish(aio_pika.Message(b"{}"), event.type, timeout=5)
                await channel.close()
            else:
                with pytest.raises(ChannelAccessRefused):
                    await exchange.publish(aio_pika.Message(b"{}"), event.type, timeout=5)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_its_own_queue_and_no_other(
    channels: dict[str, AbstractConnection], service: str
) -> None:
    for owner in SERVICES:
        channel = await open_channel(channels[service])
        queue = await channel.get_queue(f"{owner}.events", ensure=False)
        if owner == service:
            await queue.consume(ignore)
            await channel.close()
        else:
            with pytest.raises(ChannelAccessRefused):
                await queue.consume(ignore)


@pytest.mark.parametrize("user", [*SERVICES, "operator"])
async def test_nobody_but_the_deployment_changes_the_topology(
    channels: dict[str, AbstractConnection], user: str
) -> None:
    for forbidden in ("declare_queue", "declare_exchange", "queue_delete"):
        channel = await open_channel(channels[user])
        name = "metering.calls" if forbidden == "queue_delete" else "mine"
        with pytest.raises(ChannelAccessRefused):
            await getattr(channel, forbidden)(name)


@pytest.mark.parametrize("user", [*SERVICES, "operator"])
async def test_no_one_of_the_platform_publishes_calls(channels: dict[str, AbstractConnection], user: str) -> None:
    channel = await open_channel(channels[user])
    exchange = await channel.get_exchange("platform.calls", ensure=False)

    with pytest.raises(ChannelAccessRefused):
        await exchange.publish(aio_pika.Message(b"{}"), "a.call", timeout=5)


async def test_there_is_no_guest(broker: Broker) -> None:
    url = broker.url("operator")
    guest = f"amqp://guest:guest@{url.partition('@')[2]}"

    with pytest.raises(AMQPConnectionError):
        await broker_connection(guest)
