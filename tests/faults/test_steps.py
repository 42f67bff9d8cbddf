"""Cut off at each step between commit, publish, confirm and ack, and at any other: each event is handled once.

A cut is what a SIGKILL leaves of a process: nothing is finished, nothing is rolled back by us, connections break.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest

from shared import database
from shared.bus import Bus, Delivery
from shared.clock import Clock
from shared.consumer import Consumer, Handlers
from shared.contracts.registry import OrganisationCreated
from shared.database import Transaction
from shared.outbox import Relay
from tests.bus.stage import LISTENS, Stage, created, see, stage
from tests.conftest import MakeBroker, MakeDatabase
from tests.servers import Broker, ServiceDatabase

HANDLERS: Handlers = {OrganisationCreated: see}


class Cut(BaseException):
    """The process is gone."""


class CutBus(Bus):
    """Gone while it publishes: `heard` the confirms or not, it tells nobody."""

    heard = False
    published = 0

    async def publish(self, messages: Sequence[tuple[str, UUID, str, bytes]]) -> list[bool]:
        await self._publisher()
        publishing = asyncio.create_task(super().publish(messages))
        if self.heard:
            assert all(await publishing)
        else:
            # Time enough to write everything to the socket, and hardly for an answer.
            await asyncio.sleep(0.002)
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        self.published += len(messages)
        raise Cut


class CutConsumer(Consumer):
    """Gone when it has handled an event and not yet acknowledged it."""

    async def take(self, delivery: Delivery) -> None:
        await super().take(delivery)
        raise Cut


@dataclass
class Place:
    speaker: ServiceDatabase
    listener: ServiceDatabase
    broker: Broker


@pytest.fixture
async def place(make_database: MakeDatabase, make_broker: MakeBroker) -> Place:
    return Place(await make_database("registry"), await make_database("notifier"), await make_broker(LISTENS))


@pytest.fixture
async def on(place: Place) -> AsyncIterator[Stage]:
    async with stage(place.speaker, place.listener, place.broker, HANDLERS) as found:
        yield found


async def test_gone_after_the_commit_and_before_publishing(on: Stage) -> None:
    await on.say(created("Ribe"))

    async with on.running():
        await heard_once(on, 1)


@pytest.mark.parametrize("heard", [False, True], ids=["before the confirm", "after the confirm"])
async def test_gone_while_publishing(on: Stage, place: Place, heard: bool) -> None:
    await on.say(*(created(f"{number}") for number in range(20)))
    bus = CutBus(place.broker.url("registry"), "registry")
    bus.heard = heard
    with pytest.raises(Cut):
        await Relay(on.speaker, bus, place.speaker.url).run()
    await bus.close()
    assert (bus.published, await on.count(on.speaker, "outbox")) == (20, 20)

    async with on.running():
        await heard_once(on, 20)


async def test_gone_before_the_commit_of_what_was_heard(on: Stage, place: Place) -> None:
    reached = asyncio.Event()

    async def hang(tx: Transaction, event: OrganisationCreated) -> None:
        await see(tx, event)
        reached.set()
        await asyncio.sleep(3600)

    await on.say(created("Ribe"))
    async with relaying(on), listening(place, {OrganisationCreated: hang}) as reading:
        await reached.wait()
        reading.cancel()
    assert (await on.count(on.listener, "seen"), await on.count(on.listener, "inbox")) == (0, 0)

    async with on.running():
        await heard_once(on, 1)


async def test_gone_after_the_commit_and_before_the_ack(on: Stage, place: Place) -> None:
    await on.say(created("Ribe"))
    async with relaying(on), listening(place, HANDLERS, CutConsumer) as reading:
        with pytest.raises(BaseExceptionGroup):
            await reading
    assert await on.count(on.listener, "seen") == 1

    async with on.running():
        await on.say(created("Varde"))
        await heard_once(on, 2)


@pytest.mark.parametrize("seed", range(30 if "SP_PROVE" in os.environ else 2))
async def test_gone_anywhere(on: Stage, place: Place, seed: int) -> None:
    chance = random.Random(seed)
    said = 0
    for _ in range(12):
        async with relaying(on) as relay, listening(place, HANDLERS) as reading:
            for _ in range(chance.randrange(6)):
                await on.say(created(f"{said}"))
                said += 1
                await asyncio.sleep(chance.uniform(0, 0.03))
            for one in chance.sample([relay, reading], 2):
                one.cancel()
                await asyncio.sleep(chance.uniform(0, 0.03))

    async with on.running():
        await heard_once(on, said)


async def heard_once(on: Stage, number: int) -> None:
    """Every event was heard, none twice, and nothing is left over."""
    await on.until(on.listener, "SELECT count(DISTINCT name) FROM seen", number)
    await on.until(on.speaker, "SELECT count(*) FROM outbox", 0)
    assert await on.count(on.listener, "seen") == number
    assert await on.count(on.listener, "inbox") == number
    assert await on.count(on.listener, "parked") == 0


@asynccontextmanager
async def relaying(on: Stage) -> AsyncIterator[asyncio.Task[None]]:
    """A relay that ends in the middle of what it does."""
    bus = Bus(on.bus._urls[0], "registry")
    relay = asyncio.create_task(Relay(on.speaker, bus, on.relay._url).run())
    try:
        yield relay
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
        await bus.close()


@asynccontextmanager
async def listening(
    place: Place, handlers: Handlers, kind: type[Consumer] = Consumer
) -> AsyncIterator[asyncio.Task[None]]:
    """A listener of its own that ends in the middle of what it does."""
    base = await database.connect(place.listener.url, connections=6, clock=Clock("live"), speaker="notifier")
    consumer = kind("notifier", base, Bus(place.broker.url("notifier"), "notifier"), handlers, concurrency=4)
    reading = asyncio.create_task(consumer.run(asyncio.Event()))
    try:
        yield reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        base.pool.terminate()
