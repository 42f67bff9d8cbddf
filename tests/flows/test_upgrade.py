"""An upgrade while the service runs: the release before and this one side by side on the new schema."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.local.places import PROJECT
from deploy.local.smtp import Mailbox
from shared.bus import Bus
from shared.contracts.envelope import Envelope, encode
from tests.bus.test_said import link
from tests.conftest import MakeDatabase
from tests.flows.shared.processes import free_port
from tests.servers import Broker

MIGRATION = "shared/migrations/0002_said.sql"
"""The change of the schema that is tried: a table that this release writes to and the one before knows nothing of."""
EACH = 15


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=PROJECT, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code as it was just before the migration came."""
    if not (PROJECT / ".git").exists():
        pytest.skip("without the project's history there is no release before this one")
    [commit] = git("log", "--diff-filter=A", "--format=%H", "--", MIGRATION).decode().split()
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(git("archive", f"{commit}^", "services", "shared"))) as archive:
        archive.extractall(folder, filter="data")
    assert not (folder / MIGRATION).exists()
    return folder


@dataclass
class Copy:
    """A running notifier of one release or the other."""

    process: asyncio.subprocess.Process
    client: httpx.AsyncClient

    async def state(self) -> str:
        try:
            return str((await self.client.get("/readyz")).json()["state"])
        except httpx.TransportError:
            return "away"

    async def handled(self) -> int:
        """How many links this copy itself has taken from the queue."""
        measured = (await self.client.get("/metrics")).text.splitlines()
        mine = [line for line in measured if line.startswith("sp_events_handled_total{") and "link_issued" in line]
        return int(sum(float(line.rpartition(" ")[2]) for line in mine))

    async def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self.process.wait(), 30) == 0


@dataclass
class Place:
    """Where both releases find their servers."""

    environment: dict[str, str]
    bus: Bus
    mailbox: Mailbox
    told: int = 0

    async def run(self, code: Path, *words: str) -> str:
        """A command of that release, to its end."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.notifier", *words),
            cwd=code,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, error = await process.communicate()
        assert process.returncode == 0, error.decode()
        return out.decode()

    @asynccontextmanager
    async def serving(self, code: Path, log: Path) -> AsyncIterator[Copy]:
        """A copy of that release, ready; killed at the end when it was not stopped."""
        port = free_port()
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.notifier", "serve"),
                cwd=code,
                env={**self.environment, "SP_LISTEN_PORT": str(port)},
                stdout=output,
                stderr=output,
            )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                copy = Copy(process, client)
                await until(lambda: has(copy, "ready"), f"ready: {log.read_text()}")
                yield copy
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def tell(self, number: int = EACH) -> None:
        """So many links are issued, each to be mailed once; returns when all told so far were."""
        for _ in range(number):
            event = link()
            envelope = Envelope(uuid4(), "registry", datetime.now(UTC), str(uuid4()), None, None, event)
            said = (event.type, envelope.id, envelope.correlation_id, encode(envelope))
            assert await self.bus.publish([said]) == [True]
        self.told += number

        async def mailed() -> bool:
            return len(self.mailbox.files()) >= self.told

        await until(mailed, "the mails")


async def has(copy: Copy, state: str) -> bool:
    assert copy.process.returncode is None
    return await copy.state() == state


async def until(look: object, what: str) -> None:
    assert callable(look)
    try:
        async with asyncio.timeout(40):
            while not await look():  # noqa: ASYNC110 - other processes have no event to wait for
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None


@pytest.fixture
async def place(make_database: MakeDatabase, broker: Broker, mailbox: Mailbox) -> AsyncIterator[Place]:
    database = await make_database("notifier", migrated=False)
    bus = Bus(broker.url("registry"), "registry")
    yield Place(
        {
            **os.environ,
            "SP_DATABASE_URL": database.url,
            "SP_DATABASE_OWNER_URL": database.owner_url,
            "SP_BROKER_URL": broker.url("notifier"),
            "SP_LISTEN_PORT": "1",
            "SP_PUBLIC_URL": "https://platform.example",
            "SP_JWKS_URL": "http://127.0.0.1:1/unused",
            "SP_SMTP_HOST": mailbox.host,
            "SP_SMTP_PORT": str(mailbox.port),
            "SP_LOG_FORMAT": "json",
        },
        bus,
        mailbox,
    )
    await bus.close()


@pytest.mark.timeout(200)
async def test_old_and_new_side_by_side_on_the_new_schema_and_the_way_back(
    before: Path, place: Place, tmp_path: Path
) -> None:
    assert "shared/0001_messaging" in await place.run(before, "migrate")
    async with place.serving(before, tmp_path / "old.log") as old:
        await place.tell()
        # Expand, under the running release; then the new one comes beside it.
        assert await place.run(PROJECT, "migrate") == "notifier: shared/0002_said, shared/0003_audit_search\n"
        await place.tell()
        async with place.serving(PROJECT, tmp_path / "new.log") as new:
            while not (await new.handled() and await old.handled() > 2 * EACH):
                await place.tell()
            await new.stop()
        # The way back: the release before goes on alone on the new schema.
        await place.tell()
        await old.stop()
    async with place.serving(PROJECT, tmp_path / "new.log") as new:
        await place.tell()
        await new.stop()

    recipients = [message["Message-ID"] for message in place.mailbox.messages()]
    assert len(recipients) == len(set(recipients)) == place.told
    connection = await asyncpg.connect(place.environment["SP_DATABASE_URL"])
    try:
        assert await connection.fetchval("SELECT count(*) FROM notice WHERE state = 'sent'") == place.told
        assert await connection.fetchval("SELECT count(*) FROM parked") == 0
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    finally:
        await connection.close()
    said = [
        json.loads(line) for name in ("old", "new") for line in (tmp_path / f"{name}.log").read_text().splitlines()
    ]
    assert {line["level"] for line in said} <= {"info", "warning"}, [
        line for line in said if line["level"] == "error"
    ]
