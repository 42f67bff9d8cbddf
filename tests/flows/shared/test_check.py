"""`check`: what it finds in order, and each thing it is there to find."""

from __future__ import annotations

import asyncio
import importlib
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.places import PROJECT
from deploy.local.secrets import signing_key
from deploy.local.smtp import Mailbox
from shared import check, tls
from shared.check import Finding
from shared.contracts import SERVICES
from shared.run import Service
from tests.conftest import MakeBroker, MakeDatabase
from tests.servers import Broker, ServiceDatabase

Prepare = Callable[..., Service[Any]]


def certificate(folder: Path, days: int, *, authority: bool = True, name: str = "Prøve-CA") -> Path:
    """A self-signed certificate, and its key beside it, that holds for so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Prepare:
    """`prepare("registry", database_url=…)`: the service, and its settings in the environment."""

    def prepared(name: str, **settings: object) -> Service[Any]:
        told: dict[str, object] = {
            "listen_port": 1,
            "public_url": "https://platform.example",
            "jwks_url": "http://127.0.0.1:1/none",
            "smtp_host": "127.0.0.1",
            "smtp_port": 1,
            "signing_key_file": signing_key(tmp_path),
            "trust_directory": tmp_path / "trust",
            "operator_name": "Driften",
            "operator_cvr": "12345674",
            "mode": "demonstration",
            **{f"{service}_url": "http://127.0.0.1:1" for service in SERVICES},
            **settings,
        }
        for variable, value in told.items():
            monkeypatch.setenv(f"SP_{variable.upper()}", str(value))
        service: Service[Any] = importlib.import_module(f"services.{name}.__main__").SERVICE
        return service

    return prepared


async def found(service: Service[Any]) -> list[Finding]:
    return [finding async for finding in check.examine(service)]


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {finding.what: finding.detail for finding in findings if finding.level == "FAIL"}


async def as_owner(database: ServiceDatabase, *statements: str) -> None:
    owner = await asyncpg.connect(database.owner_url)
    for statement in statements:
        await owner.execute(statement)
    await owner.close()


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_that_is_set_up_as_it_should_be(  # noqa: PLR0917 - what pytest hands in by name
    name: str,
    make_database: MakeDatabase,
    make_broker: MakeBroker,
    mailbox: Mailbox,
    tmp_path: Path,
    prepare: Prepare,
) -> None:
    database, broker = await make_database(name), await make_broker()
    certificate(tmp_path / "trust" / "production", 900)
    certificate(tmp_path / "trust" / "test", 20)
    if name == "metering":
        await as_owner(database, "SELECT make_partitions((now() - interval '200 days')::date, now()::date)")
    service = prepare(
        name,
        database_url=database.url,
        broker_url=broker.url(name),
        smtp_host=mailbox.host,
        smtp_port=mailbox.port,
    )

    findings = await found(service)

    assert not wrong(findings)
    assert {
        "settings",
        "database",
        "schema",
        "rights",
        "clock",
        "platform time",
        "broker",
        "queue",
        "publishing",
        "broker rights",
    } <= {finding.what for finding in findings if finding.level == "ok"}
    own = {
        "registry": {("ok", "signing keys"), ("ok", "authority (production)"), ("warn", "authority (test)")},
        "notifier": {("ok", "mail server")},
        "metering": {("ok", "partitions")},
        "invoicing": {("ok", "e-invoice rules")},
        "agreements": set(),
        "portal": set(),
    }
    assert own[name] <= {(finding.level, finding.what) for finding in findings}


async def test_every_history_is_known_as_one(make_database: MakeDatabase) -> None:
    for name in SERVICES:
        connection = await asyncpg.connect((await make_database(name)).url)
        histories = await connection.fetch("SELECT tablename FROM pg_tables WHERE tablename LIKE '%history'")
        known = importlib.import_module(f"services.{name}.__main__").SERVICE.append_only
        present = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = ANY($1)", list(known))
        await connection.close()
        assert {row["tablename"] for row in histories} <= known
        assert present == len(known)


async def test_rights_too_many(make_database: MakeDatabase, broker: Broker, prepare: Prepare) -> None:
    database = await make_database("agreements")
    await as_owner(
        database,
        "GRANT CREATE ON SCHEMA public TO agreements",
        "GRANT DELETE ON agreement_history TO agreements",
        "REVOKE SELECT ON trial FROM agreements",
    )
    service = prepare("agreements", database_url=database.url, broker_url=broker.url("agreements"))

    faults = [finding.detail for finding in await found(service) if finding.what == "rights"]

    assert [fault.partition(":")[0] for fault in faults] == [
        "agreements may create tables",
        "agreements can't read trial",
        "agreements may change the history in agreement_history",
    ]


async def test_a_schema_that_is_older_or_newer(make_database: MakeDatabase, broker: Broker, prepare: Prepare) -> None:
    empty, newer = await make_database("agreements", migrated=False), await make_database("agreements")
    await as_owner(newer, "INSERT INTO migrations (name, checksum) VALUES ('service/9999_later', '')")

    older = await found(prepare("agreements", database_url=empty.url, broker_url=broker.url("agreements")))
    later = await found(prepare("agreements", database_url=newer.url, broker_url=broker.url("agreements")))

    assert "service/0001_agreements: run" in wrong(older)["schema"]
    assert [(one.level, one.detail) for one in later if one.what == "schema"] == [
        ("warn", "is of a newer release, which added service/9999_later")
    ]


async def test_a_clock_moved_ahead_under_a_live_service(
    make_database: MakeDatabase, broker: Broker, prepare: Prepare
) -> None:
    database = await make_database("agreements")
    await as_owner(database, "UPDATE clock SET offset_seconds = 86400")
    settings = {"database_url": database.url, "broker_url": broker.url("agreements")}

    live = await found(prepare("agreements", **settings, mode="live"))
    demonstration = await found(prepare("agreements", **settings))

    assert wrong(live) == {"platform time": "was moved 1 day, 0:00:00 ahead here: not a live database"}
    assert not wrong(demonstration)


async def test_broker_rights_too_many_too_few_and_a_queue_that_is_not_there(
    make_database: MakeDatabase, broker: Broker, prepare: Prepare
) -> None:
    database = await make_database("agreements")
    service = prepare("agreements", database_url=database.url, broker_url=broker.url("agreements"))
    await broker.manage("DELETE", "/api/queues/{vhost}/agreements.events")
    told = {"exchange": "platform.events", "write": "^(agreement\\..*|system\\..*|organisation\\..*)$", "read": "^$"}
    await broker.manage("PUT", "/api/topic-permissions/{vhost}/agreements", told)
    everything = {"configure": "^$", "write": ".*", "read": ".*"}
    await broker.manage("PUT", "/api/permissions/{vhost}/agreements", everything)

    faults = wrong(await found(service))

    assert faults["queue"].startswith("agreements.events is not there")
    assert faults["publishing"].startswith("agreements may not say trial.opened.v1, trial.closed.v1")
    assert "publish organisation.created.v1 to platform.events" in faults["broker rights"]
    assert "publish agreements.call to platform.calls" in faults["broker rights"]
    assert "read metering.events" in faults["broker rights"]
    unheard = await broker.manage("GET", "/api/queues/{vhost}")
    assert sum(queue.get("messages", 0) for queue in unheard) == 0


async def test_servers_that_are_away_are_all_told_of(prepare: Prepare, tmp_path: Path) -> None:
    nowhere = "127.0.0.1:1"
    service = prepare(
        "notifier",
        database_url=f"postgresql://notifier:hunter2@{nowhere}/notifier",
        broker_url=f"amqp://notifier:hunter2@{nowhere}/",
    )

    findings = await found(service)

    assert set(wrong(findings)) == {"database", "broker", "mail server"}
    assert "hunter2" not in "".join(map(str, findings))
    registry = prepare(
        "registry", database_url=f"postgresql://r:hunter2@{nowhere}/r", broker_url="amqp://hunter2@nonsense.invalid/"
    )
    (tmp_path / "registry-signing-key.pem").write_text("no key")
    faults = wrong(await found(registry))
    assert {"database", "broker", "signing keys", "authorities"} == set(faults)
    assert "hunter2" not in "".join(faults.values())


@pytest.mark.parametrize(
    ("mode", "level"),
    [("live", "FAIL"), ("demonstration", "warn")],
    ids=["live", "where the clock may just have moved"],
)
async def test_metering_without_a_month(
    make_database: MakeDatabase, broker: Broker, prepare: Prepare, mode: str, level: str
) -> None:
    database = await make_database("metering")
    service = prepare("metering", database_url=database.url, broker_url=broker.url("metering"), mode=mode)

    [finding] = [one for one in await found(service) if one.what == "partitions"]

    assert (finding.level, "missing for" in finding.detail) == (level, True)


def test_at_the_command_line_every_wrong_setting_is_a_line_and_the_exit_code_1() -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "services.notifier", "check"],
        cwd=PROJECT,
        env={"PATH": "", "SP_DATABASE_URL": "postgresql://hunter2", "SP_LISTEN_PORT": "no port"},
        capture_output=True,
        text=True,
        check=False,
    )

    lines = asked.stdout.splitlines()
    assert asked.returncode == 1, asked.stderr
    assert {line.split()[2] for line in lines} == {
        "SP_BROKER_URL:",
        "SP_LISTEN_PORT:",
        "SP_PUBLIC_URL:",
        "SP_JWKS_URL:",
        "SP_SMTP_HOST:",
    }
    assert all(line.startswith("FAIL  settings ") for line in lines)


def test_certificate_files(tmp_path: Path) -> None:
    fresh, soon, ended = (certificate(tmp_path / str(days), days) for days in (400, 20, -5))
    key = fresh.with_suffix(".key")
    key.chmod(0o600)

    assert [check.file("x", path).level for path in (fresh, soon, ended, key)] == ["ok", "warn", "FAIL", "ok"]
    both = tmp_path / "both.pem"
    both.write_bytes(ended.read_bytes() + fresh.read_bytes())
    assert check.file("x", both).level == "ok", "an old authority beside its successor"
    key.chmod(0o644)
    assert check.file("x", key) == check.warn("x", f"{key}: a private key that everybody here can read")
    (tmp_path / "empty").touch()
    (tmp_path / "garbage").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert [check.file("x", tmp_path / name).level for name in ("empty", "garbage", "missing")] == ["FAIL"] * 3


def test_what_a_url_says_of_hosts_and_files() -> None:
    url = "postgresql://a:b@h1:1,[::1]:2,h3/d?sslmode=verify-full&sslrootcert=/ca.pem&target_session_attrs=any"

    assert tls.endpoints(url, 5432) == [("h1", 1), ("::1", 2), ("h3", 5432)]
    assert tls.named_files(url) == [("sslrootcert", Path("/ca.pem"))]
    assert tls.parameter(url, "sslmode") == "verify-full"
    assert [tls.is_here(host) for host in ("localhost", "127.0.0.9", "::1", "db", "10.0.0.1")] == [
        True,
        True,
        True,
        False,
        False,
    ]


@asynccontextmanager
async def showing(pem: Path, *, postgres: bool) -> AsyncIterator[int]:
    """A server that shows a certificate, at once or when it is asked to as PostgreSQL is; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, pem.with_suffix(".key"))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if postgres:
            assert len(await reader.readexactly(8)) == 8
            writer.write(b"S")
            await writer.start_tls(context)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if postgres else context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("postgres", [True, False])
async def test_the_certificate_a_server_shows(tmp_path: Path, postgres: bool) -> None:
    async with showing(certificate(tmp_path, 20), postgres=postgres) as port:
        ends = await tls.shown_until("127.0.0.1", port, postgres=postgres)

    assert timedelta(days=20) < ends - datetime.now(UTC) < timedelta(days=20, hours=2)
    assert check.until("x", "y", ends).level == "warn"


async def test_own_checks_are_told_beside_the_common_ones(prepare: Prepare) -> None:
    async def own(_: object, connection: object) -> list[Finding]:
        assert connection is None
        return [check.warn("own", "as it is")]

    service = prepare("agreements", database_url="postgresql://a@127.0.0.1:1/a", broker_url="amqp://a@127.0.0.1:1/")

    assert (await found(replace(service, checks=[own])))[-1] == Finding("warn", "own", "as it is")
