"""What every test may ask for: real servers, databases, virtual hosts, a mailbox, the real certificates."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import hypothesis
import pytest

from deploy.local.places import PROJECT
from deploy.local.smtp import Mailbox
from deploy.rabbitmq.definitions import listens as platform_listens
from shared.contracts.event import Event
from tests.servers import Broker, DatabaseServer, Run, ServiceDatabase

RUN = pytest.StashKey[Run]()
REAL_DATA = PROJECT.parent / "shared" / "data"

MakeDatabase = Callable[..., Awaitable[ServiceDatabase]]
MakeBroker = Callable[..., Awaitable[Broker]]


def pytest_configure(config: pytest.Config) -> None:
    # How long an example takes says more about what else the machine does than about the code.
    hypothesis.settings.register_profile("patient", deadline=None)
    hypothesis.settings.load_profile("patient")
    config.stash[RUN] = Run.join()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[RUN].leave()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones first: what is left at the end is short, and no worker waits for another."""
    usual = float(config.getini("timeout"))

    def is_short(item: pytest.Item) -> bool:
        marked = item.get_closest_marker("timeout")
        return marked is None or marked.args[0] <= usual

    items.sort(key=is_short)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How long the platform took to recover from the faults that were played."""
    told = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "recovery" and getattr(report, "when", None) == "call"
    ]
    seconds: dict[str, list[float]] = {}
    for fault, _, passed in told:
        seconds.setdefault(fault, []).append(passed)
    if seconds:
        terminalreporter.section("recovery after faults, in seconds (times, median, worst)")
    for fault, times in sorted(seconds.items()):
        terminalreporter.line(f"{fault:<44} {len(times):>3} {median(times):>7.1f} {max(times):>7.1f}")


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> DatabaseServer:
    """The PostgreSQL server of this test run; most tests want ``make_database`` instead."""
    return DatabaseServer(request.config.stash[RUN].server("postgres"))


@pytest.fixture
async def make_database(database_server: DatabaseServer) -> AsyncIterator[MakeDatabase]:
    """``await make_database("registry")``: a fresh, migrated database for that service, dropped after the test.

    ``migrated=False`` gives one with roles and rights but without any table.
    """
    made: list[str] = []

    async def make(service: str, *, migrated: bool = True) -> ServiceDatabase:
        database = await database_server.make(service, migrated=migrated)
        made.append(database.name)
        return database

    yield make
    for name in made:
        await database_server.drop(name)


@pytest.fixture(scope="session")
def broker_server(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """How to reach the RabbitMQ server of this test run; most tests want ``broker`` instead."""
    return request.config.stash[RUN].server("rabbitmq")


@pytest.fixture
async def make_broker(broker_server: Mapping[str, Any]) -> AsyncIterator[MakeBroker]:
    """``await make_broker()``: a virtual host with the platform's topology, removed after the test.

    ``listens`` says who hears what, {service: [event type, …]}; left out, it is what the services' handlers say.
    """
    made: list[Broker] = []

    async def make(listens: Mapping[str, list[type[Event]]] | None = None) -> Broker:
        broker = Broker(broker_server, f"test-{uuid.uuid4().hex[:12]}")
        made.append(broker)
        await broker.load(platform_listens() if listens is None else listens)
        return broker

    yield make
    for broker in made:
        await broker.remove()


@pytest.fixture
async def broker(make_broker: MakeBroker) -> Broker:
    """A virtual host of this test's own, with every service listening to what its handlers say."""
    return await make_broker()


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    """A real SMTP server on a free port (``mailbox.host``, ``mailbox.port``) that keeps mails as files."""
    async with Mailbox(tmp_path / "mail") as box:
        yield box


@pytest.fixture(scope="session")
def real_certificates() -> Path:
    """The folder with real OCES certificates; a test that asks for it is skipped where they are not at hand."""
    folder = REAL_DATA / "oces"
    if not folder.is_dir():
        pytest.skip(f"the real OCES certificates are not beside this checkout ({folder})")
    return folder
