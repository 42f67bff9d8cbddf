"""What keeps a service from starting is told in one sentence that says what to do, and shows no secret."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import asyncpg
import pytest
from click.testing import Result
from pydantic import SecretStr
from typer.testing import CliRunner

from shared import commands
from shared.run import listen, runtime, serve
from shared.settings import Settings
from tests.conftest import MakeDatabase
from tests.flows.shared.processes import free_port, prepared
from tests.flows.shared.tiny.__main__ import SERVICE
from tests.servers import ServiceDatabase


def settings(url: str, **others: Any) -> Settings:
    return Settings(
        database_url=SecretStr(url),
        broker_url=SecretStr("amqp://notifier:unused@127.0.0.1:1/none"),
        public_url="https://platform.example",
        jwks_url="http://127.0.0.1:1/unused",
        **{"listen_port": free_port(), **others},
    )


async def migrate(owner_url: str) -> Result:
    """`python -m … migrate`; the command runs a loop of its own, so it takes a thread of its own."""
    environment = {
        "SP_DATABASE_URL": "postgresql://unused",
        "SP_DATABASE_OWNER_URL": owner_url,
        "SP_BROKER_URL": "amqp://unused",
        "SP_LISTEN_PORT": "1",
        "SP_PUBLIC_URL": "https://platform.example",
        "SP_JWKS_URL": "http://127.0.0.1:1/unused",
    }
    return await asyncio.to_thread(CliRunner().invoke, commands.build(SERVICE), ["migrate"], env=environment)


def test_what_a_service_answers_is_sent_at_once() -> None:
    """Without Nagle's delay, which holds the body of an answer back until its head is acknowledged."""
    with (
        listen("notifier", settings("postgresql://unused")) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def test_a_taken_port(make_database: MakeDatabase) -> None:
    database = await prepared(await make_database("notifier", migrated=False))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SystemExit) as ended:
            await serve(SERVICE, settings(database.url, listen_port=port))

    assert ended.value.code == (
        f"notifier: can't listen on 127.0.0.1:{port} (Address already in use);"
        " set SP_LISTEN_HOST and SP_LISTEN_PORT to an address of this machine and a free port."
    )


async def test_missing_migrations_and_their_cure(make_database: MakeDatabase) -> None:
    database = await make_database("notifier", migrated=False)

    with pytest.raises(SystemExit) as ended:
        async with runtime(SERVICE, settings(database.url)):
            pass

    assert ended.value.code == (
        "notifier: the database lacks shared/0001_messaging, shared/0002_said, shared/0003_audit_search,"
        " service/0001_tiny; run `python -m services.notifier migrate` first."
    )
    assert (
        await migrate(database.owner_url)
    ).output == "notifier: shared/0001_messaging, shared/0002_said, shared/0003_audit_search, service/0001_tiny\n"
    assert (await migrate(database.owner_url)).output == "notifier: nothing to migrate\n"
    async with runtime(SERVICE, settings(database.url)):
        pass


def wrong(database: ServiceDatabase, url: str) -> str:
    return database.url.replace("notifier:", "notifier:hunter2", 1) if url == "wrong password" else url


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("postgresql://notifier:hunter2@127.0.0.1:1/nowhere", "ConnectionRefusedError"),
        ("postgresql://notifier:hunter2@no-such-host.invalid/nowhere", "ConnectionError"),
        ("postgresql://notifier:hunter2@127.0.0.1/nowhere?sslmode=nonsense", "ClientConfigurationError"),
        ("wrong password", "InvalidPasswordError"),
    ],
)
async def test_a_database_that_can_not_be_used(make_database: MakeDatabase, url: str, kind: str) -> None:
    database = await make_database("notifier", migrated=False)

    with pytest.raises(SystemExit) as ended:
        async with runtime(SERVICE, settings(wrong(database, url))):
            pass

    assert ended.value.code == (
        f"notifier: can't use its database ({kind}): check that PostgreSQL runs and SP_DATABASE_URL names it,"
        " with the right role and password."
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://owner:hunter2@127.0.0.1:1/nowhere",
        "postgresql://notifier:hunter2@127.0.0.1/nowhere?sslmode=nonsense",
        "wrong password",
    ],
)
async def test_migrations_whose_database_can_not_be_used(make_database: MakeDatabase, url: str) -> None:
    database = await make_database("notifier", migrated=False)

    result = await migrate(wrong(database, url))

    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert line.startswith("notifier: can't use the database of SP_DATABASE_OWNER_URL (")
    assert "hunter2" not in line


async def test_an_edited_migration(make_database: MakeDatabase) -> None:
    database = await prepared(await make_database("notifier", migrated=False))
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("UPDATE migrations SET checksum = 'another' WHERE name = 'service/0001_tiny'")
    await owner.close()

    result = await migrate(database.owner_url)

    assert (result.exit_code, result.output) == (
        1,
        "notifier: service/0001_tiny was edited after it was applied; add a new migration instead.\n",
    )
