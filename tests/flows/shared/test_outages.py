"""A running service while its servers go and come back: it waits, says so, and goes on by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local import places
from deploy.local.ports import LOOPBACK, free_block
from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.secrets import Secrets
from deploy.postgres import setup
from shared import topology
from tests.flows.shared.processes import LISTENS, Place, copy, prepared
from tests.servers import ServiceDatabase


@dataclass(frozen=True)
class Servers:
    """A PostgreSQL and a RabbitMQ that no other test uses, to be stopped and started at will."""

    postgres: Postgres
    rabbitmq: RabbitMQ
    secrets: Secrets


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    directory = tmp_path_factory.mktemp("outages")
    ports, secrets = free_block(), Secrets.of_instance(directory)
    postgres = Postgres(directory, ports.postgres, secrets.database_admin)
    rabbitmq = RabbitMQ(
        directory,
        ports,
        passwords=secrets.broker,
        erlang_cookie=secrets.erlang_cookie,
        definitions=topology.definitions(LISTENS, secrets.broker),
        jwks_url=f"http://{LOOPBACK}:1/unused",
    )
    try:
        rabbitmq.start()
        postgres.start()
        postgres.wait_ready()
        rabbitmq.wait_ready()
        yield Servers(postgres, rabbitmq, secrets)
    finally:
        rabbitmq.kill()
        postgres.kill()
        for kind in ("postgres", "rabbitmq"):
            places.remove_data(directory, kind)


@pytest.fixture
async def place(servers: Servers) -> Place:
    passwords = setup.Passwords(servers.secrets.database, servers.secrets.database_owner)
    await setup.set_up(servers.postgres.admin_url, passwords)
    database = ServiceDatabase(
        name="notifier",
        url=servers.postgres.url("notifier", passwords.runtime["notifier"], "notifier"),
        owner_url=servers.postgres.url("notifier_owner", passwords.owner["notifier"], "notifier"),
    )
    await prepared(database)
    return Place(database.url, database.owner_url, servers.rabbitmq.url("notifier"), servers.rabbitmq.url("registry"))


@contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    """The server keeps its connections and answers nothing, like one behind a network that drops everything."""
    assert postgres.data is not None
    first = int((postgres.data / "cluster" / "postmaster.pid").read_text().splitlines()[0])
    # The first must not start others while they are looked up.
    os.kill(first, signal.SIGSTOP)
    others = [int(pid) for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split()]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in (first, *others):
            os.kill(pid, signal.SIGCONT)


async def test_readiness_is_told_while_the_database_is_frozen(servers: Servers, place: Place) -> None:
    async with copy(place) as one:
        await one.until_ready()
        with frozen(servers.postgres):
            told = await one.until_told(state="not ready", broker="reading")
            assert told["database"] == "away (TimeoutError)"
        await one.until_ready()

        code, said = await one.stop()

    assert code == 0, said


async def test_a_service_outlives_its_database_and_its_broker(servers: Servers, place: Place) -> None:
    async with copy(place) as one:
        await one.until_ready()
        await place.tell("before")
        await place.until("SELECT count(*) FROM seen", 1)

        servers.postgres.stop()
        await place.tell("meanwhile")
        told = await one.until_told(state="not ready", broker="away")
        assert told["database"].startswith("away (")
        refused = await one.client.get("/slow")
        assert (refused.status_code, refused.json()["code"]) == (503, "database.away")
        assert refused.headers["retry-after"] == "2"
        servers.postgres.start()
        servers.postgres.wait_ready()
        await one.until_ready()
        await place.until("SELECT array_agg(name ORDER BY position) FROM seen", ["before", "meanwhile"])

        servers.rabbitmq.kill()
        await one.until_told(state="degraded", database="ready", broker="away")
        assert (await one.client.get("/slow")).status_code == 200
        servers.postgres.kill()
        await one.until_told(state="not ready", broker="away")
        servers.rabbitmq.start()
        servers.postgres.start()
        servers.postgres.wait_ready()
        servers.rabbitmq.wait_ready()
        await one.until_ready()
        await place.tell("after")
        await place.until(
            "SELECT array_agg(name ORDER BY position) FROM seen", ["before", "meanwhile", "request", "after"]
        )
        await place.until("SELECT count(*) FROM outbox", 0)
        ran = await place.ask("SELECT count(*) FROM ran")
        await place.until(f"SELECT count(*) > {ran} FROM ran", True)

        code, said = await one.stop()

    assert code == 0, said
    assert servers.secrets.database["notifier"] not in said
    assert servers.secrets.broker["notifier"] not in said
