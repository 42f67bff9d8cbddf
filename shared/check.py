"""What `check` looks at before anybody depends on it: settings, database, broker, clock, certificates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import asyncpg
import httpx

from shared import failure, schema, tls
from shared.bus import CALLS, EVENTS, Bus, BusAway, Probe, hosts
from shared.clock import Clock
from shared.contracts import SERVICES, said_by
from shared.settings import Settings, SettingsError, load_settings
from shared.sql import Queries
from shared.topology import CALLS_QUEUE

if TYPE_CHECKING:
    from shared.run import Service

QUERIES = Queries(Path(__file__).with_suffix(".sql"))

SKEW_WARNS = timedelta(seconds=1)
SKEW_FAILS = timedelta(seconds=30)
"""A minute apart, tokens and certificates would be judged wrongly; half of it is no time to wait."""
EXPIRY_WARNS = timedelta(days=30)
CONNECT_SECONDS = 5.0

COMMON_HISTORY = ("audit", "audit_chain")
"""Tables of every service that are added to and never changed."""

Level = Literal["ok", "warn", "FAIL"]


@dataclass(frozen=True)
class Finding:
    """One line of `check`: `FAIL` will not work, or breaks a promise; `warn` should be seen to."""

    level: Level
    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.level:<4}  {self.what:<22}  {self.detail}"


def ok(what: str, detail: str) -> Finding:
    return Finding("ok", what, detail)


def warn(what: str, detail: str) -> Finding:
    return Finding("warn", what, detail)


def fail(what: str, detail: str) -> Finding:
    return Finding("FAIL", what, detail)


async def examine(service: Service[Any]) -> AsyncIterator[Finding]:
    """Everything that can be found out without changing anything; safe while the service runs."""
    try:
        settings = load_settings(service.settings)
    except SettingsError as error:
        for fault in error.faults:
            yield fail("settings", f"{fault} See docs/settings.md.")
        return
    yield ok("settings", f"{len(service.settings.model_fields)} parameters, {settings.mode} mode")
    connection = await _connect(settings)
    try:
        if isinstance(connection, Finding):
            yield connection
        else:
            for finding in await _database(connection, service, settings):
                yield finding
        for finding in (*await _broker(service, settings), *await _certificates(settings)):
            yield finding
        for look in service.checks:
            for finding in await look(settings, None if isinstance(connection, Finding) else connection):
                yield finding
    finally:
        if not isinstance(connection, Finding):
            await connection.close()


async def _connect(settings: Settings) -> asyncpg.Connection | Finding:
    try:
        return await asyncpg.connect(settings.database_url.get_secret_value(), timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        # Its message could repeat the URL, password and all.
        return fail(
            "database",
            f"can't be used ({type(error).__name__}): does PostgreSQL run, and does SP_DATABASE_URL name it, with"
            " the right role and password?",
        )


async def _database(connection: asyncpg.Connection, service: Service[Any], settings: Settings) -> list[Finding]:
    role = await connection.fetchrow(QUERIES["role"])
    assert role is not None
    found = [ok("database", f"PostgreSQL {role['version']} as {role['name']}")]
    missing = await schema.pending(connection, service.migrations)
    unknown = await schema.unknown(connection, service.migrations)
    if missing:
        found.append(fail("schema", f"lacks {', '.join(missing)}: run `python -m services.{service.name} migrate`"))
    elif unknown:
        found.append(warn("schema", f"is of a newer release, which added {', '.join(unknown)}"))
    else:
        found.append(ok("schema", f"{len(schema.files(service.migrations))} migrations, none missing"))
    found.extend(await _rights(connection, service, role))
    if not missing:
        found.extend(await _clock(connection, settings))
    return found


async def _rights(connection: asyncpg.Connection, service: Service[Any], role: asyncpg.Record) -> list[Finding]:
    tables = await connection.fetch(QUERIES["tables"])
    fixed = {*COMMON_HISTORY, *service.append_only}
    wrong = []
    if role["mighty"]:
        wrong.append(f"{role['name']} is a superuser or may create roles or databases")
    if role["creates"]:
        wrong.append(f"{role['name']} may create tables")
    for fault, names in (
        ("owns", [row["name"] for row in tables if row["owned"]]),
        ("can't read", [row["name"] for row in tables if not row["readable"]]),
        ("may change the history in", [row["name"] for row in tables if row["changeable"] and row["name"] in fixed]),
    ):
        if names:
            wrong.append(f"{role['name']} {fault} {', '.join(names[:5])}{' and others' if len(names) > 5 else ''}")  # noqa: PLR2004
    others = await connection.fetch(QUERIES["enterable"], [name for name in SERVICES if name != service.name])
    if others:
        wrong.append(f"{role['name']} may enter {', '.join(row['datname'] for row in others)}")
    if wrong:
        return [fail("rights", f"{fault}: see `rights` in docs/operations.md") for fault in wrong]
    return [ok("rights", "reads and writes rows, changes no table, no history and no other service's database")]


async def _clock(connection: asyncpg.Connection, settings: Settings) -> list[Finding]:
    clock = Clock(settings.mode)
    before = clock.real()
    there: datetime = await connection.fetchval(QUERIES["time"])
    here = datetime.fromtimestamp((before + clock.real()) / 2, UTC)
    apart = abs(there - here)
    told = f"{apart.total_seconds():.1f} s between this machine and the database"
    level: Level = "FAIL" if apart > SKEW_FAILS else "warn" if apart > SKEW_WARNS else "ok"
    found = [Finding(level, "clock", told if level == "ok" else f"{told}: keep both with NTP")]
    offset: int = await connection.fetchval(QUERIES["offset"])
    if offset and settings.mode == "live":
        found.append(fail("platform time", f"was moved {timedelta(seconds=offset)} ahead here: not a live database"))
    elif settings.mode == "live":
        found.append(ok("platform time", "live: real time"))
    else:
        found.append(ok("platform time", f"demonstration: {timedelta(seconds=offset)} ahead of real time"))
    return found


async def _broker(service: Service[Any], settings: Settings) -> list[Finding]:
    bus = Bus(settings.broker_url.get_secret_value(), service.name)
    try:
        async with bus.probe() as probe:
            return [
                ok("broker", f"reached as {service.name}"),
                *await _queues(probe, service.name),
                await _publishing(probe, service.name),
                await _keeping_out(probe, service.name),
            ]
    except (BusAway, ValueError) as error:
        return [fail("broker", f"{failure.told(error)}: does RabbitMQ run, and is SP_BROKER_URL right?")]


async def _queues(probe: Probe, name: str) -> list[Finding]:
    found = []
    own = [f"{name}.events", *([CALLS_QUEUE] if CALLS_QUEUE.startswith(f"{name}.") else [])]
    for queue in own:
        waiting = await probe.waiting(queue)
        if waiting is None:
            found.append(fail("queue", f"{queue} is not there: load the broker's definitions"))
        elif not await probe.may_read(queue):
            found.append(fail("queue", f"{queue} may not be read by {name}: load the broker's definitions"))
        else:
            found.append(ok("queue", f"{queue}: {waiting} waiting"))
    return found


async def _publishing(probe: Probe, name: str) -> Finding:
    own = [event.type for event in said_by(name)]
    refused = [key for key in own if not await probe.may_publish(EVENTS, key)]
    if refused:
        return fail("publishing", f"{name} may not say {', '.join(refused)}: load the broker's definitions")
    return ok("publishing", f"may say its own {len(own)} types")


async def _keeping_out(probe: Probe, name: str) -> Finding:
    tried = [(EVENTS, said_by(other)[0].type) for other in SERVICES if other != name and said_by(other)]
    tried.append((CALLS, f"{name}.call"))
    allowed = [f"publish {key} to {exchange}" for exchange, key in tried if await probe.may_publish(exchange, key)]
    foreign = [f"{other}.events" for other in SERVICES if other != name]
    allowed += [f"read {queue}" for queue in foreign if await probe.may_read(queue)]
    if allowed:
        return fail("broker rights", f"{name} may {', '.join(allowed)}: load the broker's definitions")
    return ok("broker rights", "may say nothing for others and read nobody else's queue")


async def _certificates(settings: Settings) -> list[Finding]:
    database = settings.database_url.get_secret_value()
    brokers = hosts(settings.broker_url.get_secret_value())
    named = [("SP_DATABASE_URL", database), *(("SP_BROKER_URL", url) for url in brokers)]
    own = (("SP_TLS_CERTIFICATE", settings.tls_certificate), ("SP_TLS_KEY", settings.tls_key))
    found = [
        file(f"{setting} {parameter}", path) for setting, url in named for parameter, path in tls.named_files(url)
    ]
    found += [file(setting, path) for setting, path in own if path is not None]
    if tls.parameter(database, "sslmode") not in {"require", "verify-ca", "verify-full"}:
        found.append(_in_the_clear("database", [host for host, _ in tls.endpoints(database, 5432)]))
    else:
        for host, port in tls.endpoints(database, 5432):
            found.append(await _shown("database", host, port, postgres=True))
    for url in brokers:
        if url.startswith("amqps:"):
            for host, port in tls.endpoints(url, 5671):
                found.append(await _shown("broker", host, port))
        else:
            found.append(_in_the_clear("broker", [host for host, _ in tls.endpoints(url, 5672)]))
    return [*found, await _public_keys(settings.jwks_url)]


def _in_the_clear(what: str, names: Iterable[str]) -> Finding:
    away = [host for host in names if not tls.is_here(host)]
    if away:
        return warn(f"{what} TLS", f"the connection to {', '.join(away)} is not surely encrypted")
    return ok(f"{what} TLS", "on this machine alone, in the clear")


async def _shown(what: str, host: str, port: int, *, postgres: bool = False) -> Finding:
    try:
        ends = await tls.shown_until(host, port, postgres=postgres)
    except (OSError, TimeoutError, EOFError, ValueError) as error:
        return fail(f"{what} TLS", f"{host}:{port} shows no certificate ({type(error).__name__})")
    return until(f"{what} TLS", f"{host}:{port}", ends)


def until(what: str, whose: str, ends: datetime) -> Finding:
    """Whether a certificate holds, and for long enough; `ends` in UTC, judged by real time."""
    now = datetime.fromtimestamp(Clock("live").real(), UTC)
    if ends <= now:
        return fail(what, f"the certificate of {whose} ended on {ends:%Y-%m-%d}: renew it")
    if ends - now < EXPIRY_WARNS:
        return warn(what, f"the certificate of {whose} ends on {ends:%Y-%m-%d}: renew it")
    return ok(what, f"{whose}: holds until {ends:%Y-%m-%d}")


def file(what: str, path: Path) -> Finding:
    """Whether a file of certificates or a key can be read, and until when it holds."""
    try:
        content = path.read_bytes()
        ends = tls.expiry(content)
    except OSError as error:
        return fail(what, f"{path} can't be read ({error.strerror})")
    except ValueError:
        return fail(what, f"{path} holds a certificate that can't be read")
    if ends is not None:
        return until(what, str(path), ends)
    if b"PRIVATE KEY" not in content:
        return fail(what, f"{path} holds neither a certificate nor a key in PEM")
    return _private(what, path)


def _private(what: str, path: Path) -> Finding:
    if path.stat().st_mode & 0o004:
        return warn(what, f"{path}: a private key that everybody here can read")
    return ok(what, f"{path}: readable by this account")


async def _public_keys(url: str) -> Finding:
    try:
        async with asyncio.timeout(CONNECT_SECONDS), httpx.AsyncClient() as client:
            keys = (await client.get(url)).raise_for_status().json()["keys"]
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, KeyError, TypeError) as error:
        return warn("sign-in keys", f"{url} does not give them ({type(error).__name__}): does the registry run?")
    return ok("sign-in keys", f"{len(keys)} at {url}")
