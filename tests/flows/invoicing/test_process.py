"""The service as it is run: its own process, the real broker, from what others say to what it says."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from deploy.local.places import PROJECT
from services.invoicing.documents import check_xml
from shared.bus import Bus
from shared.contracts.envelope import Envelope, decode, encode
from shared.contracts.event import Event
from shared.contracts.invoicing import InvoiceDispatched
from shared.contracts.registry import Clock, ClockMoved
from tests.conftest import MakeDatabase
from tests.flows.invoicing.conftest import World, known_id, settle, started
from tests.servers import Broker, ServiceDatabase

Q1 = datetime(2027, 1, 12, 9, 30, tzinfo=UTC)


@asynccontextmanager
async def process(database: ServiceDatabase, broker: Broker) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`python -m services.invoicing serve`, and where it listens; killed if it does not stop by itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.invoicing",
        "serve",
        cwd=PROJECT,
        env={
            **os.environ,
            "SP_DATABASE_URL": database.url,
            "SP_BROKER_URL": broker.url("invoicing"),
            "SP_LISTEN_PORT": str(port),
            "SP_PUBLIC_URL": "https://platform.example",
            "SP_JWKS_URL": "http://127.0.0.1:1/unused",
            "SP_MODE": "demonstration",
            "SP_LOG_FORMAT": "json",
        },
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield running, f"http://127.0.0.1:{port}"
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def publish(broker: Broker, *events: Event) -> None:
    """Say events as their speakers do."""
    for event in events:
        bus = Bus(broker.url(event.speaker), event.speaker)
        envelope = Envelope(uuid4(), event.speaker, datetime.now(UTC), str(uuid4()), None, None, event)
        assert await bus.publish([(event.type, envelope.id, envelope.correlation_id, encode(envelope))]) == [True]
        await bus.close()


async def test_a_seal_on_the_broker_becomes_documents_for_the_notifier(
    make_database: MakeDatabase, broker: Broker, world: World
) -> None:
    database = await make_database("invoicing")
    async with started(database) as helpdesk:
        await settle(helpdesk, world)
    async with process(database, broker) as (running, address), httpx.AsyncClient() as client:
        async with asyncio.timeout(30):
            while True:
                try:
                    if (await client.get(f"{address}/readyz")).json()["state"] == "ready":
                        break
                except httpx.HTTPError:
                    assert running.returncode is None, "it did not start"
                await asyncio.sleep(0.1)
        assert len((await client.get(f"{address}/prices")).json()["items"]) == 2

        ahead = int((datetime(2027, 4, 6, 8, tzinfo=UTC) - datetime.now(UTC)).total_seconds())
        count = world.calls(1234, Q1)
        await publish(
            broker,
            world.seal("2027Q1"),
            ClockMoved(clock=Clock(id=known_id("clock"), sequence=1, offset_seconds=ahead)),
            world.told(count),
        )
        listener = Bus(broker.url("notifier"), "notifier")
        async with asyncio.timeout(30), listener.subscription("notifier.events", prefetch=10) as heard:
            while True:
                delivery = await heard.get()
                assert delivery is not None
                await delivery.ack()
                if delivery.routing_key == InvoiceDispatched.type:
                    break
        await listener.close()
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await running.wait() == 0

    event = decode(delivery.body).event
    assert isinstance(event, InvoiceDispatched)
    assert event.dispatch.number == "FAK-000001"
    check_xml(event.dispatch.documents[1].content)
    async with started(database) as afterwards:
        stored = await afterwards.fetch("SELECT content FROM invoice_document ORDER BY kind")
    assert [row["content"] for row in stored] == [document.content for document in event.dispatch.documents]
