"""The whole platform on this machine: its servers, its services and the door in front of them."""

import asyncio
import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from deploy.backup import backup
from deploy.backup.dump import DumpFailed
from deploy.local import places
from deploy.local.edge import Edge
from deploy.local.failures import StartError
from deploy.local.ports import DEFAULT_BASE, LOOPBACK, Ports, require_free
from deploy.local.postgres import ADMIN, Postgres
from deploy.local.processes import Child
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.running import BASE, TRUST, Mode, Running, jwks_url
from deploy.local.secrets import Secrets
from deploy.postgres import setup
from deploy.rabbitmq.definitions import definitions
from shared import schema
from shared.contracts import SERVICES

ABOUT = {
    "registry": "Organisations, people and sign-in, IT systems and certificates, the access decision",
    "agreements": "Requests, agreements and trial connections between suppliers and municipalities",
    "notifier": "Notices by e-mail and their delivery",
    "metering": "Call events received, counted and sealed per quarter",
    "invoicing": "Prices, usage overviews and invoices",
    "portal": "The self-service in a browser",
}
START_SECONDS = 60
STOP_SECONDS = 30


class Platform:
    """Everything of one instance directory; a context manager that leaves no process behind.

    ``with Platform(Path("var/demo")) as platform:`` starts what is in the directory, making what is missing, and
    returns when every service is ready. Raises StartError (one sentence) after stopping what had started.
    ``services`` may name fewer than all, for tests of the servers alone. ``restore`` is a backup to begin with, on
    an instance that is new.
    """

    def __init__(
        self,
        directory: Path,
        base_port: int = DEFAULT_BASE,
        mode: Mode = "demonstration",
        *,
        services: Sequence[str] = SERVICES,
        restore: Path | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.directory = directory.resolve()
        self.ports = Ports.from_base(base_port)
        self.mode = mode
        self._names = tuple(services)
        self._restore = restore
        self._say = say
        self._running: dict[str, Child] = {}
        self._smtp: Child | None = None
        self._stack = contextlib.ExitStack()
        self.mail_folder = self.directory / "mail"
        self.trust_directory = self.directory / TRUST

    @property
    def public_url(self) -> str:
        """Where people and suppliers' software reach the platform."""
        return f"http://{LOOPBACK}:{self.ports.edge}"

    def url(self, service: str) -> str:
        """A service's address behind the edge, such as http://127.0.0.1:8400/registry."""
        return f"{self.public_url}/{service}"

    def direct_url(self, service: str) -> str:
        """A service's own address, past the edge."""
        return f"http://{LOOPBACK}:{self.ports.named()[service]}"

    def broker_url(self, user: str) -> str:
        """The AMQP URL of a service or of ``operator``."""
        return self.rabbitmq.url(user)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops everything in order: services, door, mail, broker and database. May be called again."""
        self._stack.close()

    def require_running(self) -> None:
        """Raises StartError, naming it and its last words, when any part has ended by itself."""
        for part in (self.postgres, self.rabbitmq, self.edge):
            part.require_running()
        for child in (self._smtp, *self._running.values()):
            if child is not None:
                child.require_running()

    def start_service(self, service: str) -> None:
        """Starts one service's process; returns before it is ready (``wait_ready``)."""
        self._running[service] = Child(
            service,
            [sys.executable, "-m", f"services.{service}", "serve"],
            self.directory / "log" / f"{service}.log",
            environment={**os.environ, **self.environment(service)},
            cwd=places.PROJECT,
        )

    def stop_service(self, service: str) -> None:
        """SIGTERM: it finishes what it has in hand."""
        child = self._running.pop(service)
        if not child.stop(STOP_SECONDS):
            raise StartError(
                f"{service} had to be killed: it did not stop within {STOP_SECONDS} s (its log: {child.log})"
            )

    def kill(self, service: str) -> None:
        """SIGKILL: it ends in the middle of what it does."""
        self._running.pop(service).kill()

    def restart(self, service: str) -> None:
        """Stops and starts one service and waits until it is ready."""
        if service in self._running:
            self.stop_service(service)
        self.start_service(service)
        self.wait_ready([service])

    def wait_ready(self, services: Sequence[str] | None = None) -> None:
        """Returns when each of them (all, left out) says that it is ready and reads its queue."""
        for service in self._names if services is None else services:
            self._running[service].wait_until(partial(self._is_ready, service), START_SECONDS)

    def environment(self, service: str) -> dict[str, str]:
        """The settings of one service, for its process or for one of its operator commands."""
        return Running(self.directory, self.ports, self.secrets, self.mode).environment(service)

    def _start(self) -> None:
        stack = self._stack
        stack.enter_context(contextlib.closing(places.claim(self.directory)))
        require_free(self.ports)
        (self.directory / BASE).write_text(f"{self.ports.edge}\n")
        places.require_room(self.directory)
        self.secrets = Secrets.of_instance(self.directory)
        self.postgres = Postgres(self.directory, self.ports.postgres, self.secrets.database_admin)
        self.rabbitmq = RabbitMQ(
            self.directory,
            self.ports,
            passwords=self.secrets.broker,
            erlang_cookie=self.secrets.erlang_cookie,
            definitions=definitions(self.secrets.broker),
            jwks_url=jwks_url(self.ports),
        )
        self.edge = Edge(self.directory, self.ports, {name: ABOUT[name] for name in self._names})
        self._say("starting PostgreSQL, RabbitMQ, the mail server and the edge")
        stack.callback(self._stop_servers)
        self.rabbitmq.start()
        self.postgres.start()
        if self.postgres.data is not None and places.lies_elsewhere(self.directory, self.postgres.data):
            self._say(f"PostgreSQL's data lies in {self.postgres.data}: its account can't reach {self.directory}")
        self._start_mail()
        stack.callback(self.edge.stop)
        self.edge.start()
        self.postgres.wait_ready()
        self._say("setting up databases, roles and tables")
        asyncio.run(self._prepare_databases())
        self._say("starting the services")
        # Services connect to the broker by themselves; waiting for it first keeps their logs free of retries.
        self.rabbitmq.wait_ready()
        stack.callback(self._stop_services)
        for service in self._names:
            self.start_service(service)
        self.edge.wait_ready()
        self.wait_ready()

    async def _prepare_databases(self) -> None:
        passwords = setup.Passwords(self.secrets.database, self.secrets.database_owner)
        await setup.set_up(self.postgres.admin_url, passwords)
        databases = {name: self.postgres.url(ADMIN, self.secrets.database_admin, name) for name in SERVICES}
        if self._restore is not None:
            try:
                await backup.restore_all(databases, self._restore, self._say)
            except (backup.BackupFailed, DumpFailed) as error:
                raise StartError(f"The backup can't be restored: {error}") from error

        async def migrate(service: str) -> None:
            owner = setup.owner_of(service)
            url = self.postgres.url(owner, self.secrets.database_owner[service], service)
            await schema.migrate(url, places.PROJECT / "services" / service / "migrations")

        await asyncio.gather(*(migrate(service) for service in self._names))
        if self._restore is not None:
            await backup.bring_in_step(databases, self._say)

    def _start_mail(self) -> None:
        self._smtp = Child(
            "The mail server",
            [
                sys.executable,
                "-m",
                "deploy.local.smtp",
                f"--port={self.ports.smtp}",
                f"--folder={self.mail_folder}",
            ],
            self.directory / "log" / "smtp.log",
            cwd=places.PROJECT,
        )
        self._stack.callback(self._smtp.stop, 5)

    def _stop_services(self) -> None:
        children, self._running = list(self._running.values()), {}
        for child in children:
            child.ask_to_stop()
        for child in children:
            if not child.wait_stopped(STOP_SECONDS):
                self._say(f"{child.name} had to be killed: it did not stop within {STOP_SECONDS} s")

    def _stop_servers(self) -> None:
        # Both take seconds of their own; one after the other would double the wait.
        broker = threading.Thread(target=self.rabbitmq.stop)
        broker.start()
        self.postgres.stop()
        broker.join()

    def _is_ready(self, service: str) -> bool:
        try:
            answer = httpx.get(f"{self.direct_url(service)}/readyz", timeout=2)
        except httpx.TransportError:
            return False
        return answer.is_success and answer.json().get("state") == "ready"


def forget(directory: Path) -> None:
    """Removes an instance, its data elsewhere included, so that the next start begins afresh.

    Raises StartError while it is in use.
    """
    if not directory.exists():
        return
    with contextlib.closing(places.claim(directory)):
        for server in ("postgres", "rabbitmq", "edge"):
            places.remove_data(directory.resolve(), server)
        shutil.rmtree(directory)
