"""Real servers for tests: one PostgreSQL and one RabbitMQ per test run, started by the first test that asks."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import aio_pika
import asyncpg
import httpx
from aio_pika.abc import AbstractConnection

from deploy.local import places
from deploy.local.keeper import ADMINISTRATOR, KINDS, LEASES
from deploy.local.places import PROJECT
from deploy.local.rabbitmq import broker_url
from deploy.postgres import setup
from shared import schema, topology
from shared.bus import Connection
from shared.contracts import SERVICES
from shared.contracts.event import Event


async def broker_connection(url: str) -> AbstractConnection:
    """A connection to the broker past the services' own bus; raises as the driver does where it is refused."""
    return await aio_pika.connect(url, connection_class=Connection)


RUNS = PROJECT / "var" / "test"
RUN_VARIABLE = "SP_TEST_RUN"


class Run:
    """One test run: pytest's main process and its workers. Servers it asked for end when all of them have."""

    def __init__(self, directory: Path, leases: IO[str], *, made_here: bool) -> None:
        self._made_here = made_here
        self.directory = directory
        self._leases = leases

    @classmethod
    def join(cls) -> "Run":
        """The run this process belongs to; the first process makes it and the others inherit its name."""
        RUNS.mkdir(parents=True, exist_ok=True)
        with (RUNS / "lock").open("a") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            name = os.environ.get(RUN_VARIABLE)
            made_here = name is None
            if name is None:
                _remove_abandoned()
                name = os.environ[RUN_VARIABLE] = uuid.uuid4().hex[:10]
            directory = RUNS / name
            directory.mkdir(exist_ok=True)
            leases = (directory / LEASES).open("a")
            fcntl.flock(leases, fcntl.LOCK_SH)
        return cls(directory, leases, made_here=made_here)

    def leave(self) -> None:
        """Gives the lease back; a run that never asked for a server leaves no folder behind either."""
        if self._made_here and not list(self.directory.glob("*.starting")):
            shutil.rmtree(self.directory, ignore_errors=True)
        self._leases.close()

    def server(self, kind: str, keeper: str = "deploy.local.keeper") -> dict[str, Any]:
        """How to reach the run's server of that kind, which its keeper starts when it is not there yet."""
        told = self.directory / f"{kind}.json"
        with (self.directory / f"{kind}.starting").open("a") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            if not told.exists():
                _start_keeper(keeper, kind, self.directory, told)
        answer: dict[str, Any] = json.loads(told.read_text())
        return answer


def _start_keeper(module: str, kind: str, directory: Path, told: Path) -> None:
    log = directory / f"{kind}.keeper.log"
    with log.open("ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", module, kind, str(directory)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while not told.exists():
        if keeper.poll() is not None:
            raise RuntimeError(f"the {kind} server for the tests did not start: {log.read_text().strip()}")
        time.sleep(0.05)
    # Its end is nobody's business here; without this, Popen would warn that it still runs when we leave.
    keeper.returncode = 0


def _remove_abandoned() -> None:
    """Removes what runs that were killed, keeper and all, left on the disk and in memory."""
    for directory in RUNS.iterdir():
        if not directory.is_dir() or not (directory / LEASES).exists():
            continue
        with (directory / LEASES).open("a") as leases:
            try:
                fcntl.flock(leases, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            kept = [directory / kind for kind in KINDS if (directory / kind).is_dir()]
            if any(places.is_claimed(one) for one in kept):
                continue  # a keeper that is still at it removes them itself
            for one in kept:
                places.remove_data(one, one.name)
            shutil.rmtree(directory, ignore_errors=True)


@dataclass(frozen=True)
class ServiceDatabase:
    """A database of its own for one test. ``url`` is the runtime role's, ``owner_url`` the schema owner's."""

    name: str
    url: str
    owner_url: str


class DatabaseServer:
    """The run's PostgreSQL. A new database is a copy of the service's migrated template."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.admin_url: str = told["admin_url"]
        self.runtime_passwords: dict[str, str] = told["secrets"]["database"]
        self.owner_passwords: dict[str, str] = told["secrets"]["database_owner"]

    def url(self, role: str, password: str, database: str) -> str:
        host = self.admin_url.rpartition("@")[2].partition("/")[0]
        return f"postgresql://{role}:{password}@{host}/{database}"

    async def make(self, service: str, *, migrated: bool = True) -> ServiceDatabase:
        """A fresh database with the service's roles, rights and, unless told otherwise, its migrations."""
        name = f"{service}_{uuid.uuid4().hex[:12]}"
        admin = await asyncpg.connect(self.admin_url)
        try:
            await self._require_roles(admin)
            if migrated:
                template = await self._template(admin, service)
                owner = setup.owner_of(service)
                await admin.execute(f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template}"')
                await setup.let_in(admin, service, name)
            else:
                await setup.make_database(admin, self.admin_url, service, name)
        finally:
            await admin.close()
        return self._database(service, name)

    async def drop(self, name: str) -> None:
        admin = await asyncpg.connect(self.admin_url)
        try:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await admin.close()

    def _database(self, service: str, name: str) -> ServiceDatabase:
        owner = setup.owner_of(service)
        return ServiceDatabase(
            name=name,
            url=self.url(service, self.runtime_passwords[service], name),
            owner_url=self.url(owner, self.owner_passwords[service], name),
        )

    async def _require_roles(self, admin: asyncpg.Connection) -> None:
        async with admin.transaction():
            await admin.execute("SELECT pg_advisory_xact_lock(1)")
            if not await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", SERVICES[-1]):
                await setup.set_up(self.admin_url, setup.Passwords(self.runtime_passwords, self.owner_passwords))

    async def _template(self, admin: asyncpg.Connection, service: str) -> str:
        """Several workers may want the same template at once: one makes it, the others wait for its name."""
        template, draft = f"template_{service}", f"draft_{service}"
        await admin.execute("SELECT pg_advisory_lock(2)")
        try:
            if not await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", template):
                await admin.execute(f'DROP DATABASE IF EXISTS "{draft}" WITH (FORCE)')
                await setup.make_database(admin, self.admin_url, service, draft)
                folder = PROJECT / "services" / service / "migrations"
                await schema.migrate(self._database(service, draft).owner_url, folder)
                await admin.execute(f'ALTER DATABASE "{draft}" RENAME TO "{template}"')
        finally:
            await admin.execute("SELECT pg_advisory_unlock(2)")
        return template


class Broker:
    """A virtual host of its own for one test, loaded with the platform's topology."""

    def __init__(self, told: Mapping[str, Any], vhost: str) -> None:
        self.vhost = vhost
        self.port: int = told["port"]
        self.management_url: str = told["management_url"]
        self.signing_key = Path(told["signing_key"])
        self._passwords: dict[str, str] = told["passwords"]

    def url(self, user: str) -> str:
        """The AMQP URL of a service, of ``operator``, or of ``administrator`` (who may do everything here)."""
        return broker_url(self.port, user, self._passwords[user], self.vhost)

    def token_url(self, token: str, user: str = "") -> str:
        """The AMQP URL of someone who comes with a token from the registry instead of a password."""
        return broker_url(self.port, user, token, self.vhost)

    async def manage(self, method: str, path: str, body: Any = None) -> Any:
        """Asks the management API as administrator; ``{vhost}`` in the path is this broker's virtual host.

        Raises httpx.HTTPStatusError when the broker refuses.
        """
        async with httpx.AsyncClient(base_url=self.management_url, timeout=30) as client:
            answer = await client.request(
                method,
                path.replace("{vhost}", quote(self.vhost, safe="")),
                json=body,
                auth=(ADMINISTRATOR, self._passwords[ADMINISTRATOR]),
            )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def load(self, listens: Mapping[str, list[type[Event]]]) -> None:
        """Makes the virtual host with exchanges, queues, bindings, policies and the services' rights."""
        document = topology.definitions(listens, self._service_passwords(), vhost=self.vhost)
        # The users are the server's and were made with it; a new hash would end other tests' connections.
        del document["users"]
        document["permissions"].append(
            {"user": ADMINISTRATOR, "vhost": self.vhost, "configure": ".*", "write": ".*", "read": ".*"}
        )
        await self.manage("POST", "/api/definitions", document)

    async def remove(self) -> None:
        await self.manage("DELETE", "/api/vhosts/{vhost}")

    def _service_passwords(self) -> dict[str, str]:
        return {user: password for user, password in self._passwords.items() if user != ADMINISTRATOR}
