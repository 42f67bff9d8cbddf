"""Invoicing in this process on a real database, and the events of a small world to hand to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from services.invoicing.__main__ import SERVICE
from services.invoicing.actions.papers import Press
from services.invoicing.jobs import bill
from services.invoicing.settings import InvoicingSettings
from shared import http
from shared.contracts.agreements import Agreement, AgreementApproved, AgreementLine
from shared.contracts.envelope import Envelope, decode, encode
from shared.contracts.event import Environment, Event, Interval
from shared.contracts.invoicing import PriceStep
from shared.contracts.metering import Count, QuarterSealed, SealedQuarter, SealedTotal, Usage, UsageCounted
from shared.contracts.registry import Clock as ClockState
from shared.contracts.registry import (
    ClockMoved,
    Organisation,
    OrganisationCreated,
    Service,
    ServicePublished,
)
from shared.quarters import Quarter, digest
from shared.run import Runtime, runtime
from tests import tokens
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

NAMES = UUID("6f3c1a52-3e0f-4b6a-9a0e-2f6f0d5b8a11")


def known_id(name: str) -> UUID:
    """The same id for the same name, so that what is sorted by id is the same in every run."""
    return uuid5(NAMES, name)


@dataclass
class Invoicing:
    """One running copy of invoicing. Nothing reads its outbox: ``said`` tells what it had to say, in order."""

    running: Runtime[InvoicingSettings]
    client: httpx.AsyncClient
    database: ServiceDatabase
    moved: int = 0

    @property
    def press(self) -> Press:
        return self.running.get(Press)

    async def hear(self, *events: Event, event_id: UUID | None = None) -> None:
        """Hand over events as they would come off the queue; fails where one is parked."""
        for event in events:
            assert await self.hears(event, event_id=event_id), f"{event.type} was parked: {await self.parked()}"

    async def hears(self, event: Event, *, event_id: UUID | None = None) -> bool:
        """Whether this event is handled, rather than parked."""
        envelope = Envelope(
            id=event_id or uuid4(),
            speaker=event.speaker,
            time=self.running.clock.now(),
            correlation_id=str(uuid4()),
            causation_id=None,
            traceparent=None,
            event=event,
        )
        body = encode(envelope)
        return await self.running.consumer.handle(decode(body), body)

    async def parked(self) -> list[str]:
        return [row["reason"] for row in await self.fetch("SELECT reason FROM parked WHERE state = 'waiting'")]

    async def move_clock(self, to: datetime) -> None:
        """Move platform time ahead to this instant, as the registry would."""
        ahead = int((to - datetime.now(UTC)).total_seconds()) + 1
        self.moved += 1
        clock = ClockState(id=known_id("clock"), sequence=self.moved, offset_seconds=ahead)
        await self.hear(ClockMoved(clock=clock))
        async with self.running.database.pool.acquire() as connection:
            await self.running.clock.refresh(connection)  # type: ignore[arg-type]

    async def bill(self, times: int = 1) -> None:
        """What the job does in a run; every quarter that waits is due."""
        for _ in range(times):
            await self.execute("UPDATE billing SET look_at = 'epoch' WHERE state NOT IN ('invoiced', 'no_usage')")
            await bill(self.running)

    async def said(self, *kinds: type[Event]) -> list[Any]:
        rows = await self.fetch("SELECT body FROM outbox ORDER BY position")
        events = [decode(bytes(row["body"])).event for row in rows]
        return [event for event in events if not kinds or isinstance(event, kinds)]

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.running.database.pool.acquire() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return rows

    async def execute(self, sql: str, *arguments: object) -> None:
        async with self.running.database.pool.acquire() as connection:
            await connection.execute(sql, *arguments)

    async def state(self, world: World, quarter: str) -> str:
        rows = await self.fetch(
            "SELECT state FROM billing WHERE municipality_id = $1 AND quarter = $2", world.municipality, quarter
        )
        return str(rows[0]["state"]) if rows else "not_sealed"


@asynccontextmanager
async def started(database: ServiceDatabase, **changes: Any) -> AsyncIterator[Invoicing]:
    """A copy of invoicing in demonstration mode; tokens of ``tests.tokens`` are accepted."""
    told: dict[str, Any] = {
        "database_url": SecretStr(database.url),
        "broker_url": SecretStr("amqp://invoicing:unused@127.0.0.1:1/none"),
        "listen_port": 1,
        "public_url": "https://platform.example",
        "jwks_url": "http://127.0.0.1:1/unused",
        "mode": "demonstration",
    }
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(runtime(SERVICE, InvoicingSettings(**{**told, **changes})))
        running.verifier = tokens.verifier(running.clock)
        app = http.create_app(SERVICE, version=running.version)
        app.state.runtime = running
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://invoicing.example")
        )
        yield Invoicing(running, client, database)


@pytest.fixture
async def invoicing(make_database: MakeDatabase) -> AsyncIterator[Invoicing]:
    """Invoicing with nothing in it."""
    database = await make_database("invoicing")
    async with started(database) as found:
        yield found


@dataclass
class World:
    """A municipality that lets a supplier's system call services; makes the events the others would say.

    Counts are kept by what tells them apart, so that the seal made of them is what metering would say.
    """

    name: str = "Aabenraa Kommune"
    counted: dict[tuple[object, ...], Count] = field(default_factory=dict)
    sequence: int = 0

    @property
    def municipality(self) -> UUID:
        return known_id(self.name)

    @property
    def supplier(self) -> UUID:
        return known_id("supplier")

    @property
    def system(self) -> UUID:
        return known_id("system")

    @property
    def agreement(self) -> UUID:
        return known_id(f"agreement {self.name}")

    def service(self, number: int = 1) -> UUID:
        return known_id(f"service {number}")

    def organisation(self, **changes: Any) -> OrganisationCreated:
        state = {
            "id": self.municipality,
            "sequence": 1,
            "name": self.name,
            "cvr": "29189854",
            "kinds": ("municipality",),
            "municipality_code": "0580",
            "ean": "5798009811578",
            "mailbox": "post@aabenraa.example",
        }
        return OrganisationCreated(organisation=Organisation(**{**state, **changes}))

    def catalogue(self, services: int = 2) -> list[ServicePublished]:
        return [
            ServicePublished(
                service=Service(id=self.service(number), sequence=1, name=f"Opslag {number}", version="1.0")
            )
            for number in range(1, services + 1)
        ]

    def approved(self, services: int = 2, **changes: Any) -> AgreementApproved:
        begun = datetime(2026, 11, 24, tzinfo=UTC)
        state = {
            "id": self.agreement,
            "sequence": 2,
            "request_id": known_id("request"),
            "environment": "production",
            "supplier_id": self.supplier,
            "supplier_name": "Nordlys Data ApS",
            "municipality_id": self.municipality,
            "municipality_name": self.name,
            "system_id": self.system,
            "system_name": "Borgerportal",
            "purpose": "Opslag i sagsbehandlingen",
            "lines": tuple(
                AgreementLine(service_id=self.service(number), service_name=f"Opslag {number}", decision="approved")
                for number in range(1, services + 1)
            ),
            "state": "approved",
            "valid": (Interval(starts=begun),),
            "requested_at": begun,
        }
        return AgreementApproved(agreement=Agreement(**{**state, **changes}))

    def calls(
        self,
        calls: int,
        at: datetime,
        *,
        service: int = 1,
        billed_in: str | None = None,
        accounting_info: str = "",
        environment: Environment = "production",
        trial: bool = False,
    ) -> Count:
        """That many more calls in the hour of an instant, as metering's new total."""
        hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        quarter = billed_in or str(Quarter.of(hour))
        source = known_id(f"trial {self.name}") if trial else self.agreement
        key = (source, service, hour, quarter, accounting_info)
        known = self.counted.get(key)
        count = Count(
            source="trial" if trial else "agreement",
            source_id=source,
            access_id=known_id(f"access {source} {service}"),
            environment=environment,
            supplier_id=self.supplier,
            system_id=self.system,
            municipality_id=self.municipality,
            service_id=self.service(service),
            certificate_id=known_id("certificate"),
            hour=hour,
            billing_quarter=quarter,
            accounting_info=accounting_info,
            calls=calls + (known.calls if known else 0),
        )
        self.counted[key] = count
        return count

    def told(self, *counts: Count) -> UsageCounted:
        return usage(counts)

    def seal(self, quarter: str, *, sequence: int = 1) -> QuarterSealed:
        """The seal over all that was counted for a quarter."""
        sums: dict[tuple[UUID, UUID, str], int] = {}
        for count in self.counted.values():
            if count.billing_quarter == quarter and count.source == "agreement" and count.environment == "production":
                key = (count.source_id, count.service_id, str(Quarter.of(count.hour)))
                sums[key] = sums.get(key, 0) + count.calls
        totals = tuple(
            SealedTotal(source_id=source, service_id=service, made_in_quarter=made_in, calls=calls)
            for (source, service, made_in), calls in sums.items()
            if calls
        )
        return QuarterSealed(
            sealed=SealedQuarter(
                id=known_id(f"seal {self.name} {quarter}"),
                sequence=sequence,
                quarter=quarter,
                municipality_id=self.municipality,
                sealed_at=Quarter.parse(quarter).ends + timedelta(days=5),
                calls=sum(sums.values()),
                totals=totals,
                digest=digest(totals),
            )
        )


def usage(counts: Iterable[Count]) -> UsageCounted:
    return UsageCounted(usage=Usage(id=uuid4(), sequence=1, counts=tuple(counts)))


@pytest.fixture
def world() -> World:
    return World()


async def set_price(invoicing: Invoicing, service: UUID, starts: date, per_call: str) -> httpx.Response:
    """Set a price as helpdesk would."""
    return await invoicing.client.put(
        f"/prices/{service}",
        json={"starts": starts.isoformat(), "per_call": per_call},
        headers=tokens.as_helpdesk(),
    )


async def settle(invoicing: Invoicing, world: World, **prices: str) -> None:
    """The world's organisation, services, agreement, and prices from 1 November 2026 (service 1, 2)."""
    await invoicing.hear(world.organisation(), *world.catalogue(), world.approved())
    for number, per_call in enumerate(prices.values() or ("0.0485", "1.35"), start=1):
        answer = await set_price(invoicing, world.service(number), date(2026, 11, 1), per_call)
        assert answer.status_code == 200, answer.text


def step(starts: str, per_call: str) -> PriceStep:
    return PriceStep(starts=date.fromisoformat(starts), per_call=Decimal(per_call))
