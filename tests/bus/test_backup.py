"""A backup in the middle of work, and what carries on from it: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.backup import backup
from deploy.backup import cut as cutting
from deploy.backup.cut import CutFailed
from shared import audit, database
from shared.audit import Actor
from shared.bus import Bus
from shared.clock import Clock
from shared.consumer import Consumer
from shared.contracts import SERVICES
from shared.contracts.registry import UserLinkIssued
from shared.database import Database, Transaction
from shared.outbox import Relay
from tests.bus.test_said import link
from tests.conftest import MakeBroker, MakeDatabase
from tests.servers import Broker, DatabaseServer, ServiceDatabase

LISTENS = {"notifier": [UserLinkIssued]}
ACTOR = Actor("service", "test")


async def heard(tx: Transaction, event: UserLinkIssued) -> None:
    """Each event leaves a row, however often it is handled."""
    await tx.connection.execute("INSERT INTO acts (id) VALUES ($1)", event.link.id)
    await asyncio.sleep(random.uniform(0, 0.02))


class Work:
    """The registry says, and the notifier hears; what either did stands in a table `acts` of its own."""

    def __init__(self, speaker: Database, listener: Database, speaking: Relay, reading: Consumer) -> None:
        self.speaker, self.listener = speaker, listener
        self._speaking, self._reading = speaking, reading
        self._stopping = asyncio.Event()

    async def act(self, chance: random.Random) -> None:
        """Say one thing after the other until cancelled."""
        while True:
            event = link()
            async with self.speaker.transaction() as tx:
                await tx.connection.execute("INSERT INTO acts (id) VALUES ($1)", event.link.id)
                await tx.say(event)
                await tx.record(ACTOR, "link.issue", event.link.id)
            await asyncio.sleep(chance.uniform(0, 0.01))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        parts = [
            asyncio.create_task(self._speaking.run()),
            asyncio.create_task(self._reading.run(self._stopping)),
        ]
        try:
            yield
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def acts(self, base: Database) -> Counter[UUID]:
        async with base.reading() as connection:
            return Counter(row["id"] for row in await connection.fetch("SELECT id FROM acts"))

    async def done(self) -> None:
        """Wait until everything that was said was heard."""
        async with asyncio.timeout(30):
            while await self.acts(self.speaker) != await self.acts(self.listener):  # noqa: ASYNC110 - a database
                await asyncio.sleep(0.05)


@asynccontextmanager
async def work(databases: dict[str, ServiceDatabase], broker: Broker) -> AsyncIterator[Work]:
    clock = Clock("live")
    speaker = await database.connect(databases["registry"].url, connections=6, clock=clock, speaker="registry")
    listener = await database.connect(databases["notifier"].url, connections=8, clock=clock, speaker="notifier")
    buses = Bus(broker.url("registry"), "registry"), Bus(broker.url("notifier"), "notifier")
    try:
        yield Work(
            speaker,
            listener,
            Relay(speaker, buses[0], databases["registry"].url),
            Consumer("notifier", listener, buses[1], {UserLinkIssued: heard}, concurrency=4),
        )
    finally:
        for bus in buses:
            await bus.close()
        await speaker.close()
        await listener.close()


@pytest.fixture
async def bases(make_database: MakeDatabase) -> dict[str, ServiceDatabase]:
    """Every service's database; those of speaker and listener with a table of their acts."""
    made = {service: await make_database(service) for service in SERVICES}
    for service in ("registry", "notifier"):
        owner = await asyncpg.connect(made[service].owner_url)
        await owner.execute("CREATE TABLE acts (id uuid NOT NULL)")
        await owner.close()
    return made


def as_admin(server: DatabaseServer, databases: dict[str, ServiceDatabase]) -> dict[str, str]:
    parts = urlsplit(server.admin_url)
    return {service: urlunsplit(parts._replace(path=f"/{one.name}")) for service, one in databases.items()}


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_was_in_flight_is_neither_lost_nor_doubled(  # noqa: PLR0917 - what pytest hands in by name
    seed: int,
    bases: dict[str, ServiceDatabase],
    database_server: DatabaseServer,
    make_database: MakeDatabase,
    make_broker: MakeBroker,
    tmp_path: Path,
) -> None:
    chance = random.Random(seed)
    folder = tmp_path / "backup"
    async with work(bases, await make_broker(LISTENS)) as before, before.running():
        acting = [asyncio.create_task(before.act(random.Random(chance.random()))) for _ in range(3)]
        await asyncio.sleep(chance.uniform(0.3, 0.8))
        # The listener falls behind: at the cut the broker holds events of some age, too.
        async with before.listener.pool.acquire() as slow:
            await slow.execute("BEGIN")
            await slow.execute("LOCK TABLE acts IN EXCLUSIVE MODE")
            await asyncio.sleep(0.3)
            await slow.execute("ROLLBACK")
        await backup.make(as_admin(database_server, bases), folder)
        for task in acting:
            assert not task.done()
            task.cancel()
        await asyncio.gather(*acting, return_exceptions=True)
        until = await before.acts(before.speaker)

    empty = {service: await make_database(service, migrated=False) for service in SERVICES}
    admin = as_admin(database_server, empty)
    await backup.restore_all(admin, folder)
    await backup.migrate_all(admin)
    rejoined = await backup.bring_in_step(admin)
    async with work(empty, await make_broker(LISTENS)) as after:
        said, heard_before = await after.acts(after.speaker), await after.acts(after.listener)
        assert 0 < len(said) < len(until), "the cut lies in the middle"
        assert not heard_before - said, "nobody knows what nobody has said"
        async with after.running():
            await after.done()
        assert set((await after.acts(after.listener)).values()) == {1}
    assert rejoined.again["registry"] <= len(said)


async def test_after_the_loss_of_the_broker_alone(
    bases: dict[str, ServiceDatabase], database_server: DatabaseServer, make_broker: MakeBroker
) -> None:
    lost = await make_broker(LISTENS)
    async with work(bases, lost) as before:
        async with before.speaker.transaction() as tx:
            for event in (link() for _ in range(20)):
                await tx.connection.execute("INSERT INTO acts (id) VALUES ($1)", event.link.id)
                await tx.say(event)
        async with before.speaker.pool.acquire() as connection:
            assert await before._speaking.publish(connection) == 20  # type: ignore[arg-type]

    assert (await backup.bring_in_step(as_admin(database_server, bases))).again["registry"] == 20
    async with work(bases, await make_broker(LISTENS)) as after, after.running():
        await after.done()
        assert set((await after.acts(after.listener)).values()) == {1}
    assert (await backup.bring_in_step(as_admin(database_server, bases))).again["registry"] == 0


async def test_the_restored_audit_log_goes_on_being_chained(
    bases: dict[str, ServiceDatabase], database_server: DatabaseServer, make_database: MakeDatabase, tmp_path: Path
) -> None:
    owner = await asyncpg.connect(bases["registry"].owner_url)
    await database.prepare_connection(owner)
    for subject in ("first", "second"):
        await audit.add(owner, ACTOR, "thing.do", subject, {}, now=Clock("live").now())
        if subject == "first":
            await _chained(owner)
    # As on a server that had counted many more transactions than the next one has.
    await owner.execute("UPDATE audit SET written_in = '999999999999' WHERE subject = 'second'")
    await owner.close()
    await backup.make(as_admin(database_server, bases), tmp_path / "backup")
    empty = {service: await make_database(service, migrated=False) for service in SERVICES}
    await backup.restore_all(as_admin(database_server, empty), tmp_path / "backup")

    runtime = await asyncpg.connect(empty["registry"].url)
    await database.prepare_connection(runtime)
    async with runtime.transaction():
        assert await audit.chain(runtime) == 1
    async with runtime.transaction():
        assert await audit.verify(runtime) is None
        assert await runtime.fetchval("SELECT count(*) FROM audit_chain") == 2
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute("UPDATE audit SET subject = 'other'")
    await runtime.close()


async def _chained(owner: asyncpg.Connection) -> None:
    """Chain what was written; transactions of other tests' databases, begun before it, are waited for."""
    async with asyncio.timeout(30):
        while True:
            async with owner.transaction():
                if await audit.chain(owner):
                    return
            await asyncio.sleep(0.05)


async def test_a_restore_needs_room_and_a_whole_backup_of_a_known_release(
    bases: dict[str, ServiceDatabase], database_server: DatabaseServer, make_database: MakeDatabase, tmp_path: Path
) -> None:
    folder, admin = tmp_path / "backup", as_admin(database_server, bases)
    await backup.make(admin, folder)
    with pytest.raises(backup.BackupFailed, match="is there already"):
        await backup.make(admin, folder)
    with pytest.raises(backup.BackupFailed, match=r"the database of registry is not empty \(\d+ tables\)"):
        await backup.restore_all(admin, folder)
    manifest = folder / backup.MANIFEST
    whole = manifest.read_text()
    empty = as_admin(database_server, {service: await make_database(service, migrated=False) for service in SERVICES})
    manifest.write_text(whole.replace("service/0001_notices", "service/0009_later"))
    with pytest.raises(backup.BackupFailed, match="the backup of notifier is of a newer release, with service/0009"):
        await backup.restore_all(empty, folder)
    manifest.write_text(whole)
    (folder / "metering" / "toc.dat").unlink()
    with pytest.raises(backup.BackupFailed, match="lacks metering"):
        await backup.restore_all(empty, folder)
    with pytest.raises(backup.BackupFailed, match=r"manifest\.json can't be read"):
        await backup.restore_all(empty, tmp_path)


async def test_no_cut_while_a_transaction_will_not_end(
    bases: dict[str, ServiceDatabase],
    database_server: DatabaseServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name, value in (("WAIT", "50ms"), ("TRIES", 2), ("PAUSE_SECONDS", 0.01)):
        monkeypatch.setattr(cutting, name, value)
    busy = await asyncpg.connect(bases["invoicing"].url)
    begun: Any = busy.transaction()
    await begun.start()
    await busy.execute("INSERT INTO inbox VALUES ($1, 'x', now())", uuid4())

    with pytest.raises(CutFailed, match="transactions in invoicing did not end within 50ms, 2 times over"):
        await backup.make(as_admin(database_server, bases), tmp_path / "backup")

    assert not (tmp_path / "backup").exists()
    await begun.commit()
    await busy.close()
