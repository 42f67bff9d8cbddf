"""A speaker and a listener on real servers, with handlers a test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg

from shared import database
from shared.bus import Bus
from shared.clock import Clock
from shared.consumer import Consumer, Handlers
from shared.contracts.event import Event
from shared.contracts.registry import Organisation, OrganisationChanged, OrganisationCreated
from shared.database import Database, Transaction
from shared.outbox import Relay
from tests.servers import Broker, ServiceDatabase


def created(name: str = "Aarhus Kommune", *, sequence: int = 1, organisation_id: UUID | None = None) -> Event:
    return OrganisationCreated(organisation=organisation(name, sequence=sequence, organisation_id=organisation_id))


def changed(name: str, *, sequence: int, organisation_id: UUID) -> Event:
    return OrganisationChanged(organisation=organisation(name, sequence=sequence, organisation_id=organisation_id))


def organisation(name: str, *, sequence: int = 1, organisation_id: UUID | None = None) -> Organisation:
    return Organisation(
        id=organisation_id or uuid4(), sequence=sequence, name=name, cvr="55133018", kinds=("municipality",)
    )


@dataclass
class Stage:
    """`speaker` is the registry's database and relay; `listener` the notifier's database and consumer."""

    speaker: Database
    listener: Database
    relay: Relay
    consumer: Consumer
    bus: Bus
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, *events: Event) -> list[UUID]:
        async with self.speaker.transaction() as tx:
            return [await tx.say(event) for event in events]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        relaying = asyncio.create_task(self.relay.run())
        reading = asyncio.create_task(self.consumer.run(self.stopping))
        try:
            yield
        finally:
            self.stopping.set()
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)
            await reading

    async def count(self, database: Database, table: str) -> int:
        async with database.pool.acquire() as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))

    async def until(self, database: Database, question: str, wanted: object, seconds: float = 20) -> None:
        """Wait until a question to a database has the wanted answer; fails with the last answer."""
        answer: object = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    async with database.pool.acquire() as connection:
                        answer = await connection.fetchval(question)
                    if answer == wanted:
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{question}: {answer!r}, not {wanted!r}, after {seconds} s") from None


@asynccontextmanager
async def stage(
    speaker: ServiceDatabase, listener: ServiceDatabase, broker: Broker, handlers: Handlers
) -> AsyncIterator[Stage]:
    """Both sides, with a table `seen` beside the listener's own where handlers may write."""
    clock = Clock("live")
    owner = await asyncpg.connect(listener.owner_url)
    await owner.execute("CREATE TABLE seen (position bigint GENERATED ALWAYS AS IDENTITY, name text, sequence int)")
    await owner.execute("GRANT ALL ON seen TO notifier")
    await owner.close()
    saying = await database.connect(speaker.url, connections=4, clock=clock, speaker="registry")
    hearing = await database.connect(listener.url, connections=10, clock=clock, speaker="notifier")
    speaking = Bus(broker.url("registry"), "registry")
    listening = Bus(broker.url("notifier"), "notifier")
    try:
        yield Stage(
            speaker=saying,
            listener=hearing,
            relay=Relay(saying, speaking, speaker.url),
            consumer=Consumer("notifier", hearing, listening, handlers, concurrency=4),
            bus=speaking,
        )
    finally:
        await speaking.close()
        await listening.close()
        await saying.close()
        await hearing.close()


async def see(tx: Transaction, event: OrganisationCreated | OrganisationChanged) -> None:
    await tx.connection.execute(
        "INSERT INTO seen (name, sequence) VALUES ($1, $2)", event.organisation.name, event.organisation.sequence
    )


LISTENS: dict[str, list[type[Event]]] = {"notifier": [OrganisationCreated, OrganisationChanged]}
