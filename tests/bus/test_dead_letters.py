"""What the broker gives up is parked whole, under its own name; and two outages at once end no service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import aio_pika
import pytest

from shared import database, parking
from shared.bus import Bus, BusAway
from shared.clock import Clock
from shared.consumer import GIVEN_UP, Consumer, DatabaseAway, DeadLetters
from shared.contracts.calls import PARKED_TYPE, Arrival
from shared.contracts.envelope import Envelope, encode
from shared.contracts.registry import OrganisationCreated
from shared.database import Database, Transaction
from shared.parking import Parked
from tests.bus.stage import LISTENS, created
from tests.conftest import MakeBroker, MakeDatabase
from tests.servers import Broker, broker_connection


@pytest.fixture
async def base(make_database: MakeDatabase) -> AsyncIterator[Database]:
    place = await make_database("notifier")
    found = await database.connect(place.url, connections=6, clock=Clock("live"), speaker="notifier")
    yield found
    await found.close()


@pytest.fixture
async def broker(make_broker: MakeBroker) -> Broker:
    return await make_broker(LISTENS)


async def give_up(broker: Broker, queue: str) -> None:
    """Takes a message and refuses it, as the broker does itself with one that is delivered too often."""
    connection = await broker_connection(broker.url("administrator"))
    async with connection:
        channel = await connection.channel()
        got = await (await channel.get_queue(queue, ensure=False)).get(timeout=10)
        assert got is not None
        await got.reject(requeue=False)


async def parked(base: Database, broker: Broker, service: str) -> Parked:
    stopping = asyncio.Event()
    bus = Bus(broker.url(service), service)
    reading = asyncio.create_task(DeadLetters(service, base, bus).run(stopping))
    try:
        async with asyncio.timeout(20):
            while True:
                async with base.reading() as connection:
                    found = await parking.waiting(connection)
                if found:
                    return found[0]
                await asyncio.sleep(0.05)
    finally:
        stopping.set()
        await reading
        await bus.close()


async def publish(broker: Broker, user: str, exchange: str, key: str, message: aio_pika.Message) -> None:
    connection = await broker_connection(broker.url(user))
    async with connection:
        channel = await connection.channel()
        await (await channel.get_exchange(exchange, ensure=False)).publish(message, routing_key=key)


async def test_a_dead_event_waits_for_a_person_under_its_own_type_and_can_be_replayed(
    base: Database, broker: Broker
) -> None:
    event_id = uuid4()
    body = encode(Envelope(event_id, "registry", base.clock.now(), "act-12345", None, None, created("Ribe")))
    await publish(
        broker, "registry", "platform.events", "organisation.created.v1", aio_pika.Message(body, user_id="registry")
    )
    await give_up(broker, "notifier.events")

    found = await parked(base, broker, "notifier")

    assert (found.event_id, found.type, found.body) == (event_id, "organisation.created.v1", body)
    assert (found.reason, found.due_at) == (GIVEN_UP, None)
    async with base.transaction() as tx:
        assert await parking.replay(tx.connection, found.id, now=tx.now)


async def test_a_dead_message_that_can_not_be_read_keeps_the_name_it_came_under(
    base: Database, broker: Broker
) -> None:
    message = aio_pika.Message(b"\x00 nonsense", user_id="registry")
    await publish(broker, "registry", "platform.events", "organisation.created.v1", message)
    await give_up(broker, "notifier.events")

    found = await parked(base, broker, "notifier")

    assert (found.event_id, found.type, found.body) == (None, "organisation.created.v1", b"\x00 nonsense")


async def test_dead_calls_are_parked_with_all_that_is_needed_to_count_them(base: Database, broker: Broker) -> None:
    message = aio_pika.Message(b"[] calls", message_id="m-1", headers={"signature": "a..b"})
    await publish(broker, "administrator", "platform.calls", "a-system.production", message)
    await give_up(broker, "metering.calls")

    found = await parked(base, broker, "metering")

    assert (found.type, parking.shown(found)) == (PARKED_TYPE, None)
    assert found.body is not None
    arrival = Arrival("a-system.production", None, "m-1", "a..b", b"[] calls")
    assert Arrival.unpack(found.body) == arrival
    assert found.event_id == arrival.identity


async def test_an_event_nobody_vouches_for_is_parked(base: Database, broker: Broker) -> None:
    async def never(tx: Transaction, event: OrganisationCreated) -> None:
        raise AssertionError("it must not be believed")

    body = encode(Envelope(uuid4(), "registry", base.clock.now(), "act-12345", None, None, created("Ribe")))
    await publish(broker, "registry", "platform.events", "organisation.created.v1", aio_pika.Message(body))
    stopping = asyncio.Event()
    bus = Bus(broker.url("notifier"), "notifier")
    reading = asyncio.create_task(
        Consumer("notifier", base, bus, {OrganisationCreated: never}, concurrency=1).run(stopping)
    )
    reason = None
    async with asyncio.timeout(20):
        while reason is None:
            await asyncio.sleep(0.05)
            reason = await base.pool.fetchval("SELECT reason FROM parked")
    stopping.set()
    await reading

    assert reason == "published by None, not by 'registry'"


async def test_broker_and_database_away_at_once_is_no_bug(base: Database, broker: Broker) -> None:
    begun = asyncio.Event()

    async def lose_the_database(tx: Transaction, event: OrganisationCreated) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionResetError from None

    body = encode(Envelope(uuid4(), "registry", base.clock.now(), "act-12345", None, None, created("Ribe")))
    await publish(
        broker, "registry", "platform.events", "organisation.created.v1", aio_pika.Message(body, user_id="registry")
    )
    bus = Bus(broker.url("notifier"), "notifier")
    consumer = Consumer("notifier", base, bus, {OrganisationCreated: lose_the_database}, concurrency=3)
    async with bus.subscription("notifier.events", prefetch=10) as subscription:
        working = asyncio.create_task(consumer._work(subscription, asyncio.Event()))
        await begun.wait()
        await broker.manage("DELETE", "/api/queues/{vhost}/notifier.events")

        with pytest.raises((BusAway, DatabaseAway)):
            async with asyncio.timeout(20):
                await working
