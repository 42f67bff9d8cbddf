"""Over a real broker: what the registry says reaches both copies, and one request becomes many mails."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.smtp import Mailbox
from services.agreements.__main__ import SERVICE as AGREEMENTS
from services.notifier.__main__ import SERVICE as NOTIFIER
from shared import http
from shared.bus import Bus
from shared.contracts import registry
from shared.contracts.envelope import Envelope, encode
from shared.contracts.event import Event, Interval
from shared.run import Runtime, Service, runtime
from tests import tokens
from tests.conftest import MakeDatabase
from tests.servers import Broker

MUNICIPALITIES = 20


@asynccontextmanager
async def working(
    service: Service[Any], database_url: str, broker_url: str, **more: Any
) -> AsyncIterator[Runtime[Any]]:
    """The service in this process, reading its queue and publishing its outbox."""
    settings = service.settings.model_validate(
        {
            "database_url": SecretStr(database_url),
            "broker_url": SecretStr(broker_url),
            "listen_port": 1,
            "public_url": "https://platform.example",
            "jwks_url": "http://127.0.0.1:1/unused",
            "mode": "demonstration",
            **more,
        }
    )
    async with runtime(service, settings) as running:
        tasks = [
            asyncio.create_task(running.consumer.run(running.stopping)),
            asyncio.create_task(running.relay.run()),
            *(asyncio.create_task(task(running)) for task in service.tasks),  # type: ignore[arg-type]
        ]
        try:
            yield running
        finally:
            running.stopping.set()
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def publish(broker: Broker, *events: Event) -> None:
    """Say it as the registry, with the registry's rights."""
    bus = Bus(broker.url("registry"), "registry")
    messages = []
    for event in events:
        envelope = Envelope(uuid4(), "registry", datetime.now(UTC), str(uuid4()), None, None, event)
        messages.append((event.type, envelope.id, envelope.correlation_id, encode(envelope)))
    assert all(await bus.publish(messages))
    await bus.close()


def organisation(name: str, kind: registry.OrganisationKind, organisation_id: UUID) -> registry.OrganisationCreated:
    return registry.OrganisationCreated(
        organisation=registry.Organisation(
            id=organisation_id,
            sequence=1,
            name=name,
            cvr="12345674",
            kinds=(kind,),
            mailbox=f"{name.lower().replace(' ', '.')}@post.example",
        )
    )


@pytest.mark.timeout(120)
async def test_one_request_reaches_every_municipality_and_a_decision_the_supplier(
    make_database: MakeDatabase, broker: Broker, mailbox: Mailbox
) -> None:
    agreements_database, notifier_database = await make_database("agreements"), await make_database("notifier")
    supplier, system, service = uuid4(), uuid4(), uuid4()
    municipalities = [uuid4() for _ in range(MUNICIPALITIES)]
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            working(AGREEMENTS, agreements_database.url, broker.url("agreements"))
        )
        await stack.enter_async_context(
            working(
                NOTIFIER,
                notifier_database.url,
                broker.url("notifier"),
                smtp_host=mailbox.host,
                smtp_port=mailbox.port,
            )
        )
        running.verifier = tokens.verifier(running.clock)
        app = http.create_app(AGREEMENTS, version=running.version)
        app.state.runtime = running
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://agreements.example")
        )
        told = registry.System(
            id=system,
            sequence=1,
            supplier_id=supplier,
            supplier_name="Nordlys IT",
            name="Omsorg",
            environment="production",
            state="registered",
            active=(Interval(starts=running.clock.now()),),
        )
        await publish(
            broker,
            organisation("Nordlys IT", "supplier", supplier),
            *(organisation(f"Kommune {place}", "municipality", one) for place, one in enumerate(municipalities)),
            registry.SystemRegistered(system=told),
            registry.ServicePublished(service=registry.Service(id=service, sequence=1, name="Opslag", version="1")),
        )
        body = {
            "system_id": str(system),
            "service_ids": [str(service)],
            "municipality_ids": [str(one) for one in municipalities],
            "purpose": "Opslag ved sagsbehandling",
        }
        headers = {**tokens.as_person(["supplier"], "user", organisation=supplier), "Idempotency-Key": "en-gang"}

        answer = await client.post("/requests", json=body, headers=headers)
        while answer.status_code == 422:  # the copies are on their way
            await asyncio.sleep(0.05)
            answer = await client.post("/requests", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        await mails(mailbox, MUNICIPALITIES)
        first = answer.json()["agreements"][0]
        signatory = tokens.as_person(["municipality"], "signatory", organisation=UUID(first["municipality_id"]))
        await client.post(f"/agreements/{first['id']}/approve", headers=signatory)
        await mails(mailbox, MUNICIPALITIES + 1)

    sent = mailbox.messages()
    to = Counter(mail["To"] for mail in sent)
    assert set(to.values()) == {1}
    assert sent[-1]["To"] == "nordlys.it@post.example"
    assert sent[-1]["X-Serviceplatform-About"] == first["id"]


async def mails(mailbox: Mailbox, wanted: int) -> None:
    """Wait until so many mails are there; the test's own time limit ends a wait in vain."""
    while len(mailbox.files()) < wanted:  # noqa: ASYNC110 - a folder has no event to wait for
        await asyncio.sleep(0.05)
    assert len(mailbox.files()) == wanted
