"""The platform that faults are played on: its own servers, a few organisations, and clients with patience."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import httpx

from demo import story
from demo.api import Api, Person, Refused
from demo.cast import SUPPLIERS, municipalities
from demo.chapters import people
from demo.mails import Mails
from demo.world import Municipality, Progress, Supplier, World
from deploy.local.edge import PORTAL
from deploy.local.places import PROJECT
from deploy.local.platform import Platform
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import ADMIN
from shared.contracts import SERVICES
from shared.quarters import Quarter

PATIENCE = 150.0
"""Seconds a client goes on trying, and a test goes on waiting: longer than any fault here lasts."""
AWAY = frozenset({502, 503, 504})
FAILURES = frozenset(
    {"request_failed", "handler_failed", "job_failed", "sending_failed", "stopped_badly", "a_part_failed"}
)
"""What a log says when something happened that nobody had thought of; a fault of a server is no excuse for it."""
SERVER_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What asking a database that is stopped, starting or frozen comes to."""
PRICES = (Decimal("0.37"), Decimal("1.35"), Decimal("0.0125"))


Recovered = Callable[[list[tuple[str, str, float]]], None]
"""Takes recoveries to be shown at the end of the test run: (fault, phase, seconds)."""


class Patient(Api):
    """The edge, as clients use it that try again while there is no answer, or one that asks them to."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._http = httpx.AsyncClient(base_url=base_url, timeout=10)

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return await super().ask(method, path, **options)
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
            except Refused as refused:
                if refused.status not in AWAY or time.monotonic() > until:
                    raise
            await asyncio.sleep(0.1)


class Quiet(Progress):
    """A story nobody watches."""

    def _write(self, line: str) -> None:
        """Says nothing."""


async def until(look: Callable[[], Awaitable[str | None]], what: str, seconds: float = PATIENCE) -> float:
    """Wait until `look` has nothing left to say; returns the seconds it took, fails with its last word."""
    began = time.monotonic()
    while (missing := await look()) is not None:
        passed = time.monotonic() - began
        assert passed < seconds, f"{what}: after {passed:.0f} s: {missing}"
        await asyncio.sleep(0.1)
    return time.monotonic() - began


@dataclass
class Ground:
    """A running platform with its people: where rounds are played, one a quarter."""

    platform: Platform
    world: World
    asked: list[Municipality]
    supplier: Supplier
    services: list[str]
    invitations: int
    rounds: list[Any] = field(default_factory=list)
    """The rounds played so far; the end state holds all of them."""
    excused: int = 0
    """How many mails may have been sent twice: senders killed while they had one in hand."""

    async def ask(self, service: str, question: str, *arguments: Any) -> list[asyncpg.Record]:
        """Ask a service's database, as its administrator."""
        connection = await self.connect(service)
        try:
            return await connection.fetch(question, *arguments)
        finally:
            await connection.close()

    async def connect(self, service: str) -> asyncpg.Connection:
        platform = self.platform
        url = platform.postgres.url(ADMIN, platform.secrets.database_admin, service)
        return await asyncpg.connect(url, timeout=10, command_timeout=30)

    async def move_clock(self, to: datetime) -> None:
        """Move platform time to at least `to` and wait until every service has heard of it."""
        try:
            await self.world.desk.post("/registry/clock", {"to": to.isoformat()})
        except Refused as refused:
            # Told already: the answer was lost, or somebody else moved it further.
            if refused.code != "clock.backwards":
                raise
        for service in SERVICES:
            await until(lambda service=service: self._behind(service, to), "the clock")  # type: ignore[misc]

    async def forward(self, by: timedelta) -> None:
        await self.move_clock(await self.world.now() + by)

    async def _behind(self, service: str, to: datetime) -> str | None:
        # The portal alone has no name before its paths.
        path = "/time" if service == PORTAL else f"/{service}/time"
        now = datetime.fromisoformat((await self.world.api.ask("GET", path))["now"])
        return f"{service} has {now}, not {to}" if now < to else None

    async def unready(self) -> str | None:
        """Which service does not say that it is ready; None when all do."""
        async with httpx.AsyncClient(timeout=3) as client:
            for service in SERVICES:
                try:
                    told = (await client.get(f"{self.platform.direct_url(service)}/readyz")).json()
                except (httpx.TransportError, ValueError) as error:
                    told = {"state": type(error).__name__}
                if told.get("state") != "ready":
                    return f"{service} is {told}"
        return None

    async def watch_over(self) -> None:
        """Until cancelled: start again what ended by itself, as whatever runs the services in earnest does.

        One that starts while its database is away says so and ends; one that ends later shows in `failures`.
        """
        while True:
            await asyncio.sleep(1)
            for service, child in list(self.platform._running.items()):
                if child.exit_code() is not None:
                    self.platform.start_service(service)

    def failures(self) -> list[str]:
        """What the services' logs have of errors nobody had thought of."""
        found = []
        for path in sorted((self.platform.directory / "log").glob("*.log")):
            for line in path.read_text(errors="replace").splitlines():
                try:
                    said = json.loads(line)
                except ValueError:
                    continue
                if isinstance(said, dict) and said.get("event") in FAILURES:
                    found.append(f"{path.name}: {line[:1500]}")
        return found


def world_of(platform: Platform) -> World:
    """The platform as the demonstration's chapters know it, with patient clients."""

    async def operator(service: str, words: list[str]) -> str:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", f"services.{service}", *words],
            cwd=PROJECT,
            env={**os.environ, **platform.environment(service)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return World(
        api=Patient(platform.public_url),
        mails=Mails(platform.mail_folder),
        authority=story.prepare(platform.directory),
        broker_host=LOOPBACK,
        broker_port=platform.ports.amqp,
        folder=platform.directory,
        operator=operator,
        progress=Quiet(),
        chance=random.Random(1),
    )


async def settle_down(platform: Platform, *, municipalities_asked: int = 6) -> Ground:
    """Set the scene, without any fault: helpdesk, a supplier, a few municipalities, three priced services."""
    world = world_of(platform)
    try:
        return await _settled(platform, world, municipalities_asked)
    except BaseException:
        # What it leaves open would be told of by whichever test comes next.
        await world.api.close()
        raise


async def _settled(platform: Platform, world: World, municipalities_asked: int) -> Ground:
    await people._helpdesk(world)
    asked = [await people._create_municipality(world, one) for one in municipalities()[:municipalities_asked]]
    supplier = await people._create_supplier(world, SUPPLIERS[0])
    for one in asked:
        await people.person_at(world, one)
    year = (await world.now()).year
    services = []
    for number, price in enumerate(PRICES):
        service = await world.desk.post("/registry/services", _service(number))
        await world.desk.put(
            f"/invoicing/prices/{service['id']}", {"starts": f"{year}-01-01", "per_call": str(price)}
        )
        world.truth.prices[service["id"]] = price
        services.append(service["id"])
    ground = Ground(platform, world, asked, supplier, services, invitations=len(world.mails.all()))
    # Every round begins in a quarter's first days, whatever the day is today.
    await ground.move_clock(Quarter.of(await world.now()).ends + timedelta(days=6))
    return ground


def _service(number: int) -> dict[str, str]:
    return {
        "name": f"Opslag {number}",
        "version": "1",
        "number": f"SF990{number}",
        "entity_id": f"http://example.org/service/{number}/1",
        "description": "Svarer på et opslag.",
        "data_categories": "Ingen personoplysninger",
    }


def person_of(municipality: Municipality) -> Person:
    assert municipality.signatory is not None
    return municipality.signatory
