"""The service agreements in this process, on a real database, with a small world to ask in."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from services.agreements.__main__ import SERVICE
from services.agreements.settings import AgreementsSettings
from shared import http
from shared.contracts import registry
from shared.contracts.envelope import Envelope, decode, encode
from shared.contracts.event import Event, Interval
from shared.run import Runtime, runtime
from tests import tokens
from tests.conftest import MakeDatabase

PURPOSE = "Opslag ved sagsbehandling i hjemmeplejen"


@dataclass
class Office:
    """One running copy. Nothing reads its outbox: ``said`` tells what it had to say, in order."""

    running: Runtime[AgreementsSettings]
    client: httpx.AsyncClient
    moved: int = 0

    async def hear(self, *events: Event) -> None:
        """Hand over events as they would come off the queue; fails where one is parked."""
        for event in events:
            envelope = Envelope(
                id=uuid4(),
                speaker=event.speaker,
                time=self.running.clock.now(),
                correlation_id=str(uuid4()),
                causation_id=None,
                traceparent=None,
                event=event,
            )
            body = encode(envelope)
            assert await self.running.consumer.handle(decode(body), body), f"{event.type} was parked"

    async def move_clock(self, by: timedelta) -> None:
        """Move platform time ahead, as the registry would."""
        self.moved += int(by.total_seconds())
        clock = registry.Clock(id=uuid4(), sequence=self.moved, offset_seconds=self.moved)
        await self.hear(registry.ClockMoved(clock=clock))
        async with self.running.database.pool.acquire() as connection:
            await self.running.clock.refresh(connection)  # type: ignore[arg-type]

    async def said(self, *kinds: type[Event]) -> list[Any]:
        rows = await self.fetch("SELECT body FROM outbox ORDER BY position")
        events = [decode(bytes(row["body"])).event for row in rows]
        return [event for event in events if not kinds or isinstance(event, kinds)]

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.running.database.pool.acquire() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return rows


@dataclass
class Party:
    """An organisation and the sign-ins of its people."""

    name: str
    kinds: tuple[registry.OrganisationKind, ...]
    test: bool = False
    id: UUID = field(default_factory=uuid4)
    person: UUID = field(default_factory=uuid4)

    def signed_in(self, *roles: registry.Role) -> dict[str, str]:
        return tokens.as_person(self.kinds, *roles, organisation=self.id, person=self.person, test=self.test)

    @property
    def asker(self) -> dict[str, str]:
        return self.signed_in("user")

    @property
    def administrator(self) -> dict[str, str]:
        return self.signed_in("administrator")

    @property
    def signatory(self) -> dict[str, str]:
        return self.signed_in("signatory")

    def created(self, **changes: Any) -> registry.OrganisationCreated:
        told: dict[str, Any] = {
            "id": self.id,
            "sequence": 1,
            "name": self.name,
            "cvr": "12345674",
            "kinds": self.kinds,
            "test": self.test,
        }
        return registry.OrganisationCreated(organisation=registry.Organisation(**{**told, **changes}))


@dataclass
class World:
    """Two suppliers, three municipalities, the test municipality, three services and some systems, all told."""

    office: Office
    supplier: Party = field(default_factory=lambda: Party("Nordlys IT", ("supplier",)))
    other_supplier: Party = field(default_factory=lambda: Party("Sydvest Data", ("supplier",)))
    first: Party = field(default_factory=lambda: Party("Aabenraa Kommune", ("municipality",)))
    second: Party = field(default_factory=lambda: Party("Vejle Kommune", ("municipality",)))
    both: Party = field(default_factory=lambda: Party("Byens Kommune", ("supplier", "municipality")))
    test: Party = field(default_factory=lambda: Party("Testkommunen", ("municipality",), test=True))
    services: list[UUID] = field(default_factory=lambda: [uuid4(), uuid4(), uuid4()])
    system: UUID = field(default_factory=uuid4)
    test_system: UUID = field(default_factory=uuid4)
    both_system: UUID = field(default_factory=uuid4)

    @property
    def client(self) -> httpx.AsyncClient:
        return self.office.client

    async def tell(self) -> None:
        parties = (self.supplier, self.other_supplier, self.first, self.second, self.both, self.test)
        await self.office.hear(*(party.created() for party in parties))
        await self.office.hear(
            *(self.service(place) for place in range(len(self.services))),
            self.registered(self.system, self.supplier),
            self.registered(self.test_system, self.supplier, environment="test"),
            self.registered(self.both_system, self.both),
        )

    def service(self, place: int, **changes: Any) -> registry.ServicePublished:
        told: dict[str, Any] = {"id": self.services[place], "sequence": 1, "name": f"Opslag {place}", "version": "1"}
        return registry.ServicePublished(service=registry.Service(**{**told, **changes}))

    def registered(self, system: UUID, supplier: Party, **changes: Any) -> registry.SystemRegistered:
        told: dict[str, Any] = {
            "id": system,
            "sequence": 1,
            "supplier_id": supplier.id,
            "supplier_name": supplier.name,
            "name": "Omsorg",
            "environment": "production",
            "state": "registered",
            "active": (Interval(starts=self.office.running.clock.now()),),
        }
        return registry.SystemRegistered(system=registry.System(**{**told, **changes}))

    def order(self, *municipalities: Party, **changes: Any) -> dict[str, Any]:
        told: dict[str, Any] = {
            "system_id": str(self.system),
            "service_ids": [str(one) for one in self.services],
            "municipality_ids": [str(one.id) for one in municipalities or (self.first,)],
            "purpose": PURPOSE,
        }
        return {**told, **changes}

    async def ask(self, *municipalities: Party, **changes: Any) -> dict[str, Any]:
        """A request that is taken; its answer."""
        answer = await self.client.post(
            "/requests", json=self.order(*municipalities, **changes), headers=self.supplier.asker
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def asked(self, municipality: Party | None = None) -> str:
        """The id of an undecided agreement with one municipality."""
        answer = await self.ask(municipality or self.first)
        return str(answer["agreements"][0]["id"])

    async def act(
        self, agreement: str, act: str, headers: dict[str, str], body: dict[str, Any] | None = None
    ) -> httpx.Response:
        return await self.client.post(f"/agreements/{agreement}/{act}", json=body, headers=headers)

    async def approved(self, service_ids: Iterable[UUID] | None = None) -> str:
        """The id of an agreement that runs."""
        agreement = await self.asked()
        body = {"service_ids": [str(one) for one in service_ids]} if service_ids is not None else {}
        answer = await self.act(agreement, "approve", self.first.signatory, body)
        assert answer.status_code == 200, answer.text
        return agreement


@pytest.fixture
async def office(make_database: MakeDatabase) -> AsyncIterator[Office]:
    """The service in demonstration mode with nothing in it."""
    database = await make_database("agreements")
    settings = AgreementsSettings(
        database_url=SecretStr(database.url),
        broker_url=SecretStr("amqp://agreements:unused@127.0.0.1:1/none"),
        listen_port=1,
        public_url="https://platform.example",
        jwks_url="http://127.0.0.1:1/unused",
        mode="demonstration",
    )
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(runtime(SERVICE, settings))
        running.verifier = tokens.verifier(running.clock)
        app = http.create_app(SERVICE, version=running.version)
        app.state.runtime = running
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://agreements.example")
        )
        yield Office(running, client)


@pytest.fixture
async def world(office: Office) -> World:
    found = World(office)
    await found.tell()
    return found
