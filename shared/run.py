"""What a service is made of, and how it starts, runs and stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import asyncpg
import uvicorn
from fastapi import APIRouter

from shared import audit, database, failure, http, inbox, logs, metrics, outbox, parking, schema, traces
from shared.bus import Bus
from shared.check import Finding
from shared.clock import Clock
from shared.consumer import Consumer, DatabaseAway, DeadLetters, Handlers
from shared.contracts.event import Event
from shared.correlation import correlated
from shared.database import AWAY, Database, Transaction
from shared.identity import Verifier
from shared.locks import Locks
from shared.outbox import Relay
from shared.settings import Settings

log = logs.get(__name__)

IDLE_SECONDS = 75
"""How long a connection may be idle: longer than at those who keep some (the edge 60, the portal 30), since one that
is closed in the moment it is used again loses a request.
"""

S = TypeVar("S", bound=Settings)
Kept = TypeVar("Kept")

VERSION = "0.1.0"
CLOCK_SECONDS = 0.25
LAST_WORDS_SECONDS = 5.0
"""How long a stopping service waits for the broker to take what is still in its outbox."""
READY_SECONDS = 1.0
"""How long the database may take to say that it is there."""
INBOX_KEPT = timedelta(days=90)
"""How long a claim is kept, in real time: longer than a message can still be redelivered, replayed or said again."""


@dataclass(frozen=True)
class Job(Generic[S]):
    """Timed work. Only one copy of a service runs it at a time; `seconds` lie between two runs."""

    name: str
    seconds: float
    run: Callable[[Runtime[S]], Awaitable[None]]


@dataclass
class Runtime(Generic[S]):
    """A running service: what routes, jobs and tasks need. `keep` and `get` hold what is the service's own."""

    name: str
    version: str
    settings: S
    clock: Clock
    database: Database
    bus: Bus
    verifier: Verifier
    consumer: Consumer
    relay: Relay
    locks: Locks
    migrations: Path
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _kept: dict[type, object] = field(default_factory=dict)

    def keep(self, thing: object) -> None:
        """Hold a thing of the service's own for its routes and jobs, found by its type."""
        self._kept[type(thing)] = thing

    def get(self, kind: type[Kept]) -> Kept:
        """The kept thing of this type."""
        found = self._kept[kind]
        assert isinstance(found, kind)
        return found

    async def readiness(self) -> tuple[bool, dict[str, str]]:
        """Whether it can do its work, and each part's state in words."""
        parts = {"version": self.version, "broker": "reading" if self.consumer.reading else "away"}
        try:
            async with asyncio.timeout(READY_SECONDS), self.database.pool.acquire() as connection:
                try:
                    missing = await schema.pending(connection, self.migrations)  # type: ignore[arg-type]
                except asyncio.CancelledError:
                    # To hand it back would wait for a server that may be frozen.
                    connection.terminate()
                    raise
            parts["database"] = f"migrations missing: {', '.join(missing)}" if missing else "ready"
        except AWAY as error:
            parts["database"] = f"away ({type(error).__name__})"
        if self.stopping.is_set():
            parts["state"] = "stopping"
        elif parts["database"] != "ready":
            parts["state"] = "not ready"
        else:
            parts["state"] = "ready" if self.consumer.reading else "degraded"
        return parts["state"] in {"ready", "degraded"}, parts


Check = Callable[[Any, asyncpg.Connection | None], Awaitable[list[Finding]]]


@dataclass(frozen=True)
class Service(Generic[S]):
    """A service's parts. `prepare` sets up what is its own and tears it down; `tasks` run until stopping.

    `checks` are what `check` looks at beside what it does for every service; each gets the settings and a connection
    to the database, or None while that can't be reached.
    `restate` holds, for each noun, a function that says the present state of all of them in one transaction.
    """

    name: str
    about: str
    settings: type[S]
    migrations: Path
    handlers: Handlers
    routers: Sequence[APIRouter] = ()
    jobs: Sequence[Job[S]] = ()
    tasks: Sequence[Callable[[Runtime[S]], Awaitable[None]]] = ()
    prepare: Callable[[Runtime[S]], contextlib.AbstractAsyncContextManager[None]] | None = None
    restate: dict[str, Callable[[Transaction], Awaitable[int]]] = field(default_factory=dict)
    large_paths: frozenset[str] = frozenset()
    append_only: frozenset[str] = frozenset()
    """Tables the service adds to and may never change, beside those every service has."""
    checks: Sequence[Check] = ()
    show: http.Show = http.as_problem_details
    """How whoever asks over HTTP is told of a problem."""

    def listens(self) -> list[type[Event]]:
        return list(self.handlers)


@asynccontextmanager
async def runtime(service: Service[S], settings: S) -> AsyncIterator[Runtime[S]]:
    """The service's parts, connected to its database; the broker is reached when it is there."""
    clock = Clock(settings.mode)
    try:
        base = await database.connect(
            settings.database_url.get_secret_value(),
            connections=settings.database_connections,
            clock=clock,
            speaker=service.name,
        )
    except (*AWAY, asyncpg.PostgresError, ValueError) as error:
        # The message of a URL that can't be read would repeat it, password and all.
        raise SystemExit(
            f"{service.name}: can't use its database ({type(error).__name__}): check that PostgreSQL runs and"
            " SP_DATABASE_URL names it, with the right role and password."
        ) from None
    locks = Locks(settings.database_url.get_secret_value())
    bus = Bus(settings.broker_url.get_secret_value(), service.name)
    try:
        async with base.pool.acquire() as connection:
            if missing := await schema.pending(connection, service.migrations):  # type: ignore[arg-type]
                raise SystemExit(
                    f"{service.name}: the database lacks {', '.join(missing)};"
                    f" run `python -m services.{service.name} migrate` first."
                )
            await clock.refresh(connection)  # type: ignore[arg-type]
        running = Runtime(
            name=service.name,
            version=VERSION,
            settings=settings,
            clock=clock,
            database=base,
            bus=bus,
            verifier=Verifier(settings.jwks_url, clock),
            consumer=Consumer(service.name, base, bus, service.handlers, concurrency=settings.consumer_concurrency),
            relay=Relay(base, bus, settings.database_url.get_secret_value()),
            locks=locks,
            migrations=service.migrations,
        )
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(traces.sending(service.name, VERSION, settings.traces_url))
            except traces.TracesUnavailable as error:
                raise SystemExit(f"{service.name}: {error}") from None
            if service.prepare is not None:
                await stack.enter_async_context(service.prepare(running))
            yield running
    finally:
        await bus.close()
        await locks.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(base.close(), 5)


async def serve(service: Service[S], settings: S) -> None:
    """Run until SIGTERM or SIGINT, then finish what is in hand and leave."""
    async with runtime(service, settings) as running:
        listening = listen(service.name, settings)
        app = http.create_app(service, version=VERSION, root_path=settings.root_path)
        app.state.runtime = running
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.listen_host,
                port=settings.listen_port,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=math.ceil(settings.stop_seconds),
                server_header=False,
                ssl_certfile=settings.tls_certificate,
                ssl_keyfile=settings.tls_key,
                h11_max_incomplete_event_size=32 * 1024,
            )
        )
        try:
            server.config.load()
        except OSError as error:
            raise SystemExit(
                f"{service.name}: the HTTP API can't use its certificate ({failure.told(error)}); set"
                " SP_TLS_CERTIFICATE and SP_TLS_KEY to PEM files of a certificate and its key, or neither."
            ) from None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.stopping.set)
        # What was loaded lasts: not to be looked through by every full collection, which then stops the service for
        # the better part of 100 ms.
        gc.collect()
        gc.freeze()
        await _run_all(service, running, server, listening)
    log.info("stopped")


def listen(name: str, settings: Settings) -> socket.socket:
    """The socket the HTTP API is asked at. Raises SystemExit where the address can't be had."""
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    try:
        listening = socket.create_server((settings.listen_host, settings.listen_port), family=family, backlog=1024)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise SystemExit(
            f"{name}: can't listen on {settings.listen_host}:{settings.listen_port} ({why});"
            " set SP_LISTEN_HOST and SP_LISTEN_PORT to an address of this machine and a free port."
        ) from None
    # Handed down to what is accepted here, for which asyncio does it only where the protocol was named. Else the body
    # of an answer waits for its head to be acknowledged: 40 ms on every connection that is used again.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def _run_all(service: Service[S], running: Runtime[S], server: _Server, listening: socket.socket) -> None:
    stopping = running.stopping
    # What is finished on stopping, and what is simply cut off once that is done.
    finishing = {
        "consumer": running.consumer.run(stopping),
        "dead letters": DeadLetters(service.name, running.database, running.bus).run(stopping),
        **{f"task {number}": task(running) for number, task in enumerate(service.tasks)},
        **{f"job {job.name}": _repeat(job, running) for job in (*_own_jobs(), *service.jobs)},
    }
    serving = asyncio.create_task(server.serve([listening]), name="http")
    relaying = asyncio.create_task(running.relay.run(), name="relay")
    tasks = [asyncio.create_task(_awaited(work), name=name) for name, work in finishing.items()]
    if running.clock.mode == "demonstration":
        tasks.append(asyncio.create_task(_follow_clock(running), name="clock"))
    waiter = asyncio.create_task(stopping.wait())
    log.info("started", port=running.settings.listen_port, mode=running.clock.mode, version=running.version)
    done, _ = await asyncio.wait([waiter, serving, relaying, *tasks], return_when=asyncio.FIRST_COMPLETED)
    # No part ends before it is told to; one that does, even without a word, takes the service with it.
    failed = None if stopping.is_set() else next(task for task in done if task is not waiter)
    stopping.set()
    log.info("stopping")
    server.should_exit = True
    _, late = await asyncio.wait([serving, *tasks], timeout=running.settings.stop_seconds)
    for unfinished in late:
        log.warning("cut_off", task=unfinished.get_name())
    # Said last, published last: one more look at the outbox before the relay goes.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(LAST_WORDS_SECONDS), running.database.pool.acquire() as connection:
            while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                running.database.spoken.set()
                await asyncio.sleep(0.1)
    for cut in (*late, relaying, waiter):
        cut.cancel()
    parts = [serving, *tasks, relaying, waiter]
    for part, ended in zip(parts, await asyncio.gather(*parts, return_exceptions=True), strict=True):
        if isinstance(ended, Exception) and part is not failed:
            log.error("stopped_badly", part=part.get_name(), exc_info=ended)
    if failed is not None:
        error = None if failed.cancelled() else failed.exception()
        log.critical("a_part_failed", part=failed.get_name(), exc_info=error)
        raise SystemExit(f"{running.name}: {failed.get_name()} ended by itself; see the log.")


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def _follow_clock(running: Runtime[Any]) -> None:
    while not running.stopping.is_set():
        with contextlib.suppress(*AWAY):
            async with running.database.pool.acquire(timeout=database.ACQUIRE_SECONDS) as connection:
                await running.clock.refresh(connection)  # type: ignore[arg-type]
        await asyncio.sleep(CLOCK_SECONDS)


async def _repeat(job: Job[Any], running: Runtime[Any]) -> None:
    """Run a job again and again, on one copy at a time; a failure is logged and the next run comes."""
    while not running.stopping.is_set():
        try:
            # Each run is an act of its own: what it says and records can be told from the run before.
            with correlated(None):
                async with running.locks.hold(f"job {job.name}") as ours:
                    if ours:
                        await job.run(running)
                        metrics.JOB_RUNS.labels(job.name, "done").inc()
        except (*AWAY, DatabaseAway) as error:
            metrics.JOB_RUNS.labels(job.name, "away").inc()
            log.warning("job_waits", job=job.name, error=type(error).__name__)
        except Exception:
            metrics.JOB_RUNS.labels(job.name, "failed").inc()
            log.exception("job_failed", job=job.name)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.stopping.wait(), job.seconds)


def _own_jobs() -> tuple[Job[Any], ...]:
    async def retry_parked(running: Runtime[Any]) -> None:
        await running.consumer.retry_parked()
        async with running.database.pool.acquire(timeout=database.ACQUIRE_SECONDS) as connection:
            retry, person = await parking.counts(connection)  # type: ignore[arg-type]
        metrics.PARKED_ROWS.labels("retry").set(retry)
        metrics.PARKED_ROWS.labels("person").set(person)

    async def chain_audit(running: Runtime[Any]) -> None:
        async with running.database.transaction() as tx:
            await audit.chain(tx.connection)

    async def forget_claims(running: Runtime[Any]) -> None:
        async with running.database.transaction() as tx:
            await inbox.forget(tx.connection, tx.clock.real_now() - INBOX_KEPT)

    async def forget_said(running: Runtime[Any]) -> None:
        async with running.database.transaction() as tx:
            await outbox.forget_said(tx.connection, running.name, real_now=tx.clock.real_now())

    return (
        Job("retry parked", 2.0, retry_parked),
        Job("chain audit", 5.0, chain_audit),
        Job("forget claims", 3600.0, forget_claims),
        Job("forget said", 60.0, forget_said),
    )


class _Server(uvicorn.Server):
    """uvicorn, without its hand on the signals: the service stops its parts in its own order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def fail(sentence: str) -> NoReturn:
    """End the process with one clear sentence."""
    print(sentence, file=sys.stderr)  # noqa: T201
    raise SystemExit(1)
