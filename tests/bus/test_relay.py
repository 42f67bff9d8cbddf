"""From the outbox to the broker: in order, by one relay at a time, and nothing passed over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from shared import database, outbox
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.envelope import decode
from shared.contracts.event import Event
from shared.correlation import correlated
from shared.database import Database
from shared.outbox import BATCH, Relay
from tests.bus.stage import LISTENS, created
from tests.conftest import MakeBroker, MakeDatabase
from tests.servers import Broker, ServiceDatabase

Said = Callable[[int], Awaitable[list[str]]]


@pytest.fixture
async def place(make_database: MakeDatabase) -> ServiceDatabase:
    return await make_database("registry")


@pytest.fixture
async def base(place: ServiceDatabase) -> AsyncIterator[Database]:
    found = await database.connect(place.url, connections=4, clock=Clock("live"), speaker="registry")
    yield found
    await found.close()


@pytest.fixture
async def heard(make_broker: MakeBroker) -> Broker:
    return await make_broker(LISTENS)


@pytest.fixture
async def said(heard: Broker) -> AsyncIterator[Said]:
    """`await said(3)`: the names in the next three events on the broker.

    One that comes again under the same id is passed over: what was confirmed and not yet deleted may.
    """
    seen: set[UUID] = set()
    async with Bus(heard.url("notifier"), "notifier").subscription("notifier.events", prefetch=1000) as reading:

        async def names(number: int) -> list[str]:
            found: list[str] = []
            while len(found) < number:
                delivery = await reading.get(10)
                assert delivery is not None, f"only {found} came"
                await delivery.ack()
                envelope = decode(delivery.body)
                if envelope.id not in seen:
                    seen.add(envelope.id)
                    found.append(envelope.event.organisation.name)  # type: ignore[attr-defined]
            return found

        yield names


@asynccontextmanager
async def relaying(base: Database, broker: Broker, place: ServiceDatabase, name: str) -> AsyncIterator[None]:
    bus = Bus(broker.url("registry"), "registry")
    relay = asyncio.create_task(Relay(base, bus, f"{place.url}?application_name={name}").run())
    try:
        yield
        assert not relay.done()
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
        await bus.close()


async def say(base: Database, *events: Event) -> list[UUID]:
    async with base.transaction() as tx:
        return [await tx.say(event) for event in events]


async def until(asked: Callable[[], Awaitable[object]], *wanted: object) -> None:
    async with asyncio.timeout(10):
        while await asked() not in wanted:  # noqa: ASYNC110 - what is asked is another process
            await asyncio.sleep(0.02)


async def until_empty(base: Database) -> None:
    await until(lambda: base.pool.fetchval("SELECT count(*) FROM outbox"), 0)


async def holder(base: Database) -> str | None:
    found: str | None = await base.pool.fetchval(
        "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )
    return found


async def test_an_event_is_written_whole_with_the_act_it_belongs_to(base: Database) -> None:
    event = created("Ribe")
    with correlated("act-12345"):
        [event_id] = await say(base, event)

    row = await base.pool.fetchrow("SELECT * FROM outbox")
    assert row is not None
    envelope = decode(bytes(row["body"]))
    assert (envelope.id, envelope.speaker, envelope.correlation_id) == (event_id, "registry", "act-12345")
    assert (envelope.event, envelope.time) == (event, row["written_at"])
    assert (row["event_id"], row["type"], row["correlation_id"]) == (event_id, "organisation.created.v1", "act-12345")


async def test_events_are_published_in_the_order_they_were_written_through_many_batches(
    base: Database, heard: Broker, place: ServiceDatabase, said: Said
) -> None:
    names = [f"{number}" for number in range(BATCH * 2 + 7)]
    for start in range(0, len(names), 90):
        await say(base, *(created(name) for name in names[start : start + 90]))

    async with relaying(base, heard, place, "one"):
        await until_empty(base)

    assert await said(len(names)) == names


async def test_a_batch_holds_no_more_than_its_bytes_and_at_least_one_event(
    base: Database, heard: Broker, place: ServiceDatabase, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(base, *(created(f"{number}") for number in range(7)))
    one = int(await base.pool.fetchval("SELECT max(octet_length(body)) FROM outbox"))
    bus = Bus(heard.url("registry"), "registry")
    relay = Relay(base, bus, place.url)
    async with base.pool.acquire() as connection:
        monkeypatch.setattr(outbox, "BATCH_BYTES", one * 3)
        assert await relay.publish(connection) == 3  # type: ignore[arg-type]
        monkeypatch.setattr(outbox, "BATCH_BYTES", 1)
        assert await relay.publish(connection) == 1  # type: ignore[arg-type]
        monkeypatch.setattr(outbox, "BATCH", 2)
        monkeypatch.setattr(outbox, "BATCH_BYTES", one * 9)
        assert [await relay.publish(connection) for _ in range(3)] == [2, 1, 0]  # type: ignore[arg-type]
    await bus.close()

    assert await said(7) == [f"{number}" for number in range(7)]


async def test_what_a_slow_transaction_said_first_and_committed_last_is_not_passed_over(
    base: Database, heard: Broker, place: ServiceDatabase, said: Said
) -> None:
    async with relaying(base, heard, place, "one"):
        async with base.transaction() as slow:
            await slow.say(created("first written"))
            await say(base, created("second written"))
            assert await said(1) == ["second written"]
            await until_empty(base)

        assert await said(1) == ["first written"]
        await until_empty(base)


async def test_one_relay_publishes_and_the_other_takes_over_when_it_goes(
    base: Database, heard: Broker, place: ServiceDatabase, said: Said
) -> None:
    async with relaying(base, heard, place, "other"):
        await until(lambda: holder(base), "other")
        async with relaying(base, heard, place, "one"):
            await say(base, *(created(f"{number}") for number in range(50)))
            assert await said(50) == [f"{number}" for number in range(50)]
            assert await holder(base) == "other"

            # Its connection is ended: whichever has the lock then, everything still comes, in order.
            runtime = await asyncpg.connect(place.url)
            await runtime.fetchval(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'other' AND datname = current_database()"
            )
            await runtime.close()
            await say(base, *(created(f"{number}") for number in range(50, 100)))
            assert await said(50) == [f"{number}" for number in range(50, 100)]
            await until_empty(base)
            await until(lambda: holder(base), "one", "other")


async def test_a_stopped_relay_lets_the_next_one_in_and_leaves_nothing_behind(
    base: Database, heard: Broker, place: ServiceDatabase, said: Said
) -> None:
    async with relaying(base, heard, place, "one"):
        await until(lambda: holder(base), "one")
        await say(base, created("by the first"))
        assert await said(1) == ["by the first"]
    async with relaying(base, heard, place, "other"):
        await say(base, created("by the second"))
        assert await said(1) == ["by the second"]
        assert await holder(base) == "other"
        await until_empty(base)


async def test_connections_the_broker_ends_cost_no_event(
    base: Database, heard: Broker, place: ServiceDatabase
) -> None:
    async with relaying(base, heard, place, "one"):
        for batch in range(3):
            await say(base, *(created(f"{batch}-{number}") for number in range(100)))
            for connection in await heard.manage("GET", "/api/vhosts/{vhost}/connections"):
                await heard.manage("DELETE", f"/api/connections/{connection['name'].replace(' ', '%20')}")
        await until_empty(base)

    # At least once: what was confirmed and not yet deleted may come again, under the same id.
    ids = set()
    async with Bus(heard.url("notifier"), "notifier").subscription("notifier.events", prefetch=1000) as reading:
        while (delivery := await reading.get(1)) is not None:
            ids.add(delivery.message_id)
    assert len(ids) == 300
