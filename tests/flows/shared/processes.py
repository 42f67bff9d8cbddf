"""The tiny service as its own process, and how to speak to it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import httpx

from deploy.local.places import PROJECT
from shared import schema
from shared.bus import Bus
from shared.contracts.envelope import Envelope, encode
from shared.contracts.event import Event
from shared.contracts.registry import Organisation, OrganisationCreated
from tests.flows.shared.tiny.__main__ import MIGRATIONS
from tests.servers import ServiceDatabase

LISTENS: dict[str, list[type[Event]]] = {"notifier": [OrganisationCreated]}


@dataclass(frozen=True)
class Place:
    """Where a copy of the tiny service finds its servers."""

    database_url: str
    owner_url: str
    broker_url: str
    registry_broker_url: str

    async def ask(self, question: str) -> object:
        connection = await asyncpg.connect(self.database_url, timeout=5)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    async def until(self, question: str, wanted: object, seconds: float = 30) -> None:
        """Wait until a question to the database has the wanted answer; fails with the last one."""
        answer: object = None
        try:
            async with asyncio.timeout(seconds):
                while answer != wanted:
                    answer = await self.ask(question)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{question}: {answer!r}, not {wanted!r}, after {seconds} s") from None

    async def tell(self, *names: str) -> None:
        """Say, as the registry does, that organisations of these names were created."""
        bus = Bus(self.registry_broker_url, "registry")
        try:
            for name in names:
                event = OrganisationCreated(
                    organisation=Organisation(
                        id=uuid4(), sequence=1, name=name, cvr="55133018", kinds=("municipality",)
                    )
                )
                envelope = Envelope(uuid4(), "registry", datetime.now(UTC), str(uuid4()), None, None, event)
                assert await bus.publish([(event.type, envelope.id, envelope.correlation_id, encode(envelope))]) == [
                    True
                ]
        finally:
            await bus.close()


@dataclass
class Copy:
    """One running process of the tiny service."""

    process: asyncio.subprocess.Process
    port: int
    client: httpx.AsyncClient

    async def until_ready(self) -> None:
        await self.until_told(state="ready")

    async def until_told(self, seconds: float = 30, **wanted: str) -> dict[str, str]:
        """Wait until `/readyz` says all of this; fails with its last answer."""
        told: dict[str, str] = {}
        try:
            async with asyncio.timeout(seconds):
                while not wanted.items() <= told.items():
                    assert self.process.returncode is None, await self.words()
                    with suppress(httpx.TransportError):
                        told = (await self.client.get("/readyz")).json()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{told}, not {wanted}, after {seconds} s") from None
        return told

    async def words(self) -> str:
        """All it wrote on standard error, once it ended."""
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    async def stop(self, seconds: float = 20) -> tuple[int, str]:
        """SIGTERM; the exit code and what it wrote."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(seconds):
            said = await self.words()
            return await self.process.wait(), said


async def prepared(database: ServiceDatabase) -> ServiceDatabase:
    """The database with the tiny service's tables."""
    await schema.migrate(database.owner_url, MIGRATIONS)
    return database


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def copy(place: Place, *arguments: str, port: int | None = None, **settings: str | None) -> AsyncIterator[Copy]:
    """`python -m tests.flows.shared.tiny serve`, or another command; killed when it is still there at the end."""
    port = port or free_port()
    environment: dict[str, str | None] = {
        **os.environ,
        "SP_DATABASE_URL": place.database_url,
        "SP_DATABASE_OWNER_URL": place.owner_url,
        "SP_BROKER_URL": place.broker_url,
        "SP_LISTEN_PORT": str(port),
        "SP_PUBLIC_URL": "https://platform.example",
        "SP_JWKS_URL": "http://127.0.0.1:1/unused",
        "SP_LOG_FORMAT": "json",
        **{f"SP_{name.upper()}": value for name, value in settings.items()},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.flows.shared.tiny",
        *(arguments or ("serve",)),
        cwd=PROJECT,
        env={name: value for name, value in environment.items() if value is not None},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield Copy(process, port, client)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
