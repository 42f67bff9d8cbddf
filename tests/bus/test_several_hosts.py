"""Connection strings that name several hosts, one of them dead or deaf: the living one is used."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared import bus as shared_bus
from shared import database
from shared.bus import Bus, BusAway, hosts
from shared.clock import Clock
from shared.contracts.envelope import Envelope, encode
from shared.locks import Locks
from tests.bus.stage import LISTENS, created
from tests.conftest import MakeBroker, MakeDatabase

DEAD = "127.0.0.1:1"


@pytest.fixture
def deaf() -> Iterator[str]:
    """A host that takes connections and never says a word, as a frozen one does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_list_of_urls_is_cut_between_them_only() -> None:
    assert hosts("amqp://a:x,y@h:1/?heartbeat=10, amqps://a@i:2/") == [
        "amqp://a:x,y@h:1/?heartbeat=10",
        "amqps://a@i:2/",
    ]
    assert hosts("amqp://a@h/") == ["amqp://a@h/"]


@pytest.mark.parametrize("first", ["dead", "deaf"])
async def test_the_broker_host_that_answers_is_used(
    make_broker: MakeBroker, deaf: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_bus, "CONNECT_SECONDS", 2.0)
    broker = await make_broker(LISTENS)
    wrong = f"amqp://registry:x@{DEAD if first == 'dead' else deaf}/"
    speaking = Bus(f"{wrong},{broker.url('registry')}", "registry")
    listening = Bus(f"{wrong},{broker.url('notifier')}", "notifier")
    event = created("Billund Kommune")
    envelope = Envelope(uuid4(), "registry", datetime.now(UTC), str(uuid4()), None, None, event)
    try:
        assert await speaking.publish([(event.type, envelope.id, envelope.correlation_id, encode(envelope))]) == [
            True
        ]
        async with listening.subscription("notifier.events", prefetch=5) as subscription:
            delivery = await subscription.get(10)
            assert delivery is not None
            assert delivery.message_id == str(envelope.id)
            assert subscription.oldest_unacknowledged() > 0
            await delivery.ack()
            assert subscription.oldest_unacknowledged() == 0
    finally:
        await speaking.close()
        await listening.close()


async def test_without_any_broker_host_it_is_away() -> None:
    bus = Bus(f"amqp://registry:x@{DEAD}/,amqp://registry:x@{DEAD}/", "registry")
    with pytest.raises(BusAway):
        async with bus.subscription("registry.events", prefetch=1):
            pass


async def test_the_database_host_that_can_be_written_is_used(make_database: MakeDatabase) -> None:
    made = await make_database("registry")
    before, _, after = made.url.partition("@")
    url = f"{before}@{DEAD},{after}?target_session_attrs=read-write"
    clock = Clock("live")
    pool = await database.connect(url, connections=2, clock=clock, speaker="registry")
    locks = Locks(url)
    try:
        async with pool.transaction() as tx:
            assert await tx.connection.fetchval("SELECT NOT pg_is_in_recovery()")
        async with locks.hold("once") as ours:
            assert ours
    finally:
        await locks.close()
        await pool.close()
