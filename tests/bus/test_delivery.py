"""From one service's transaction to another's: nothing lost, nothing twice, nothing blocked."""

from __future__ import annotations

import asyncio
from typing import NamedTuple
from uuid import uuid4

import aio_pika
import pytest

from shared import correlation, parking
from shared.bus import EVENTS, Bus, BusAway
from shared.consumer import Handlers, IllegalEvent
from shared.contracts.envelope import Envelope, encode
from shared.contracts.registry import OrganisationChanged, OrganisationCreated
from shared.database import Transaction
from tests.bus.stage import LISTENS, changed, created, see, stage
from tests.conftest import MakeBroker, MakeDatabase
from tests.servers import Broker, ServiceDatabase, broker_connection

HANDLERS: Handlers = {OrganisationCreated: see, OrganisationChanged: see}


class Sides(NamedTuple):
    """Who says, who hears, and what is between them."""

    speaker: ServiceDatabase
    listener: ServiceDatabase
    broker: Broker


@pytest.fixture
async def sides(make_database: MakeDatabase, make_broker: MakeBroker) -> Sides:
    return Sides(await make_database("registry"), await make_database("notifier"), await make_broker(LISTENS))


async def test_what_is_said_in_a_transaction_is_heard_once(sides: Sides) -> None:
    async with stage(*sides, HANDLERS) as on, on.running():
        for batch in range(3):
            await on.say(*(created(f"kommune {batch}-{number}") for number in range(150)))

        await on.until(on.listener, "SELECT count(*) FROM seen", 450)
        await on.until(on.speaker, "SELECT count(*) FROM outbox", 0)

        async with on.listener.pool.acquire() as connection:
            assert await connection.fetchval("SELECT count(DISTINCT name) FROM seen") == 450
            assert await connection.fetchval("SELECT count(*) FROM inbox") == 450


async def test_a_transaction_that_fails_says_nothing(sides: Sides) -> None:
    async with stage(*sides, HANDLERS) as on:
        with pytest.raises(RuntimeError):
            async with on.speaker.transaction() as tx:
                await tx.say(created())
                raise RuntimeError("the act fails after all")

        assert await on.count(on.speaker, "outbox") == 0


async def test_the_same_event_delivered_again_changes_nothing(sides: Sides) -> None:
    async with stage(*sides, HANDLERS) as on:
        await on.say(created("Ribe"))
        async with on.speaker.pool.acquire() as connection:
            row = await connection.fetchrow("SELECT * FROM outbox")
        assert row is not None
        message = (row["type"], row["event_id"], row["correlation_id"], bytes(row["body"]))
        async with on.running():
            for _ in range(5):
                assert await on.bus.publish([message]) == [True]
            await on.say(created("Varde"))
            await on.until(on.listener, "SELECT count(*) FROM seen WHERE name = 'Varde'", 1)
            await on.until(on.speaker, "SELECT count(*) FROM outbox", 0)

        async with on.listener.pool.acquire() as connection:
            assert await connection.fetchval("SELECT count(*) FROM seen WHERE name = 'Ribe'") == 1


async def test_events_of_one_aggregate_are_published_in_the_order_they_were_said(sides: Sides) -> None:
    organisation_id = uuid4()
    async with stage(*sides, HANDLERS) as on:
        await on.say(*(changed(f"{n}", sequence=n, organisation_id=organisation_id) for n in range(1, 51)))
        relaying = asyncio.create_task(on.relay.run())
        await on.until(on.speaker, "SELECT count(*) FROM outbox", 0)
        relaying.cancel()
        reading = Bus(sides.broker.url("notifier"), "notifier")
        async with reading.subscription("notifier.events", prefetch=100) as subscription:
            got = [await subscription.get(5) for _ in range(50)]
        assert [int(one.body.split(b'"sequence":')[1].split(b",")[0]) for one in got if one] == list(range(1, 51))


async def test_two_copies_of_a_service_handle_each_event_once(sides: Sides) -> None:
    async with stage(*sides, HANDLERS) as on:
        other = Bus(sides.broker.url("notifier"), "notifier")
        second = type(on.consumer)("notifier", on.listener, other, HANDLERS, concurrency=4)
        second_relay = type(on.relay)(on.speaker, on.bus, sides.speaker.url)
        async with on.running():
            reading = asyncio.create_task(second.run(on.stopping))
            relaying = asyncio.create_task(second_relay.run())
            await on.say(*(created(f"{n}") for n in range(300)))
            await on.until(on.listener, "SELECT count(*) FROM seen", 300)
            await on.until(on.speaker, "SELECT count(*) FROM outbox", 0)
            relaying.cancel()
        await asyncio.gather(reading, relaying, return_exceptions=True)
        assert await on.count(on.listener, "seen") == 300


async def test_a_handler_that_fails_parks_and_blocks_nothing_behind(sides: Sides) -> None:
    async def stumble(tx: Transaction, event: OrganisationCreated) -> None:
        await see(tx, event)
        if event.organisation.name == "bad":
            raise ValueError("this one can't be done")

    async with stage(*sides, {OrganisationCreated: stumble}) as on, on.running():
        await on.say(created("bad"), created("good"))
        await on.until(on.listener, "SELECT count(*) FROM seen WHERE name = 'good'", 1)
        await on.until(on.listener, "SELECT count(*) FROM parked WHERE state = 'waiting'", 1)

        async with on.listener.reading() as connection:
            parked = (await parking.waiting(connection))[0]
            assert parked.type == "organisation.created.v1"
            assert parked.reason == "ValueError: this one can't be done"
            assert parked.attempts == 1
            assert parked.due_at is not None
            assert parked.due_at - parked.parked_at == parking.SCHEDULE[0]
            # Its effect went with its transaction, and so did its claim.
            assert await connection.fetchval("SELECT count(*) FROM seen WHERE name = 'bad'") == 0


@pytest.mark.parametrize("failures", [1, 3], ids=["once", "thrice"])
async def test_a_handler_that_fails_and_then_does_not_comes_through_when_it_is_due(
    sides: Sides, failures: int
) -> None:
    tries = 0

    async def stumble(tx: Transaction, event: OrganisationCreated) -> None:
        nonlocal tries
        tries += 1
        await see(tx, event)
        if tries <= failures:
            raise ValueError("not yet")

    async with stage(*sides, {OrganisationCreated: stumble}) as on, on.running():
        await on.say(created("late"))
        await on.until(on.listener, "SELECT count(*) FROM parked WHERE attempts = 1", 1)
        for attempts in range(1, failures + 1):
            async with on.listener.transaction() as tx:
                assert await tx.connection.fetchval("SELECT attempts FROM parked") == attempts
                await tx.connection.execute("UPDATE parked SET due_at = '2000-01-01Z' WHERE state = 'waiting'")
            assert await on.consumer.retry_parked() == (attempts == failures)

        async with on.listener.reading() as connection:
            assert await connection.fetchval("SELECT count(*) FROM seen") == 1
            assert await connection.fetchval("SELECT state FROM parked") == "handled"
        assert tries == failures + 1


async def test_a_handler_that_always_fails_ends_with_a_person(sides: Sides) -> None:
    async def never(tx: Transaction, event: OrganisationCreated) -> None:
        raise ValueError("never")

    async with stage(*sides, {OrganisationCreated: never}) as on, on.running():
        await on.say(created())
        await on.until(on.listener, "SELECT count(*) FROM parked WHERE attempts = 1", 1)
        for _ in parking.SCHEDULE:
            async with on.listener.transaction() as tx:
                await tx.connection.execute("UPDATE parked SET due_at = '2000-01-01Z'")
            await on.consumer.retry_parked()

        async with on.listener.reading() as connection:
            parked = (await parking.waiting(connection))[0]
        assert parked.attempts == len(parking.SCHEDULE) + 1
        assert parked.due_at is None


async def test_what_can_never_be_handled_goes_to_a_person_at_once(sides: Sides) -> None:
    async def illegal(tx: Transaction, event: OrganisationCreated) -> None:
        raise IllegalEvent("a municipality without a code")

    async with stage(*sides, {OrganisationCreated: illegal}) as on, on.running():
        await on.say(created(), changed("nobody handles this", sequence=2, organisation_id=uuid4()))
        await on.until(on.listener, "SELECT count(*) FROM parked WHERE due_at IS NULL", 2)

        async with on.listener.reading() as connection:
            reasons = {parked.reason for parked in await parking.waiting(connection)}
        assert reasons == {
            "a municipality without a code",
            "notifier has no handler for organisation.changed.v1",
        }


async def test_unreadable_messages_are_parked_whole_and_never_shown(sides: Sides) -> None:
    async with stage(*sides, HANDLERS) as on, on.running():
        correlation_id = str(uuid4())
        nonsense = b"\x00\xffnot json"
        assert await on.bus.publish([("organisation.created.v1", uuid4(), correlation_id, nonsense)]) == [True]
        await on.until(on.listener, "SELECT count(*) FROM parked", 1)
        async with on.listener.reading() as connection:
            parked = (await parking.waiting(connection))[0]
        assert parked.body == nonsense
        assert parked.due_at is None
        assert parked.reason.startswith("not a CloudEvents 1.0 event")


async def test_an_event_in_another_services_name_is_not_believed(sides: Sides) -> None:
    async with stage(*sides, HANDLERS) as on, on.running():
        connection = await broker_connection(sides.broker.url("administrator"))
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EVENTS, ensure=False)
            with correlation.correlated("test-correlation"):
                body = encode(
                    Envelope(uuid4(), "registry", on.speaker.clock.now(), "test-correlation", None, None, created())
                )
            await exchange.publish(
                aio_pika.Message(body, user_id="administrator"), routing_key="organisation.created.v1"
            )
        await on.until(on.listener, "SELECT count(*) FROM parked", 1)
        async with on.listener.reading() as reading:
            assert (await parking.waiting(reading))[0].reason == "published by 'administrator', not by 'registry'"
        assert await on.count(on.listener, "seen") == 0


async def test_an_event_without_a_queue_stays_in_the_outbox(sides: Sides) -> None:
    async with stage(*sides, HANDLERS) as on:
        queue = "notifier.events"
        await sides.broker.manage("DELETE", f"/api/queues/{{vhost}}/{queue}")
        await on.say(created())
        async with on.speaker.pool.acquire() as connection:
            assert await on.relay.publish(connection) == 0  # type: ignore[arg-type]
        assert await on.count(on.speaker, "outbox") == 1


async def test_a_subscription_says_when_its_queue_goes_away(make_broker: MakeBroker) -> None:
    broker = await make_broker(LISTENS)
    bus = Bus(broker.url("notifier"), "notifier")
    async with bus.subscription("notifier.events", prefetch=10) as subscription:
        await broker.manage("DELETE", "/api/queues/{vhost}/notifier.events")
        with pytest.raises(BusAway):
            await subscription.get(10)


async def test_a_service_may_not_say_what_another_says(make_broker: MakeBroker) -> None:
    broker = await make_broker(LISTENS)
    bus = Bus(broker.url("metering"), "metering")
    assert await bus.publish([("organisation.created.v1", uuid4(), "correlation", b"{}")]) == [False]
    await bus.close()


async def test_a_service_may_not_read_anothers_queue(make_broker: MakeBroker) -> None:
    broker = await make_broker(LISTENS)
    bus = Bus(broker.url("metering"), "metering")
    with pytest.raises(BusAway, match="notifier.events"):
        async with bus.subscription("notifier.events", prefetch=10):
            pass
