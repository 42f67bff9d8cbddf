"""Metering in this process on a real database, at a time the test sets, and a small world whose calls it counts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from clients.python.call import Call, encode
from clients.python.signing import Signer
from services.metering import jobs
from services.metering.__main__ import SERVICE
from services.metering.actions.door import Door
from services.metering.settings import MeteringSettings
from shared import http
from shared.clock import Clock
from shared.contracts.calls import Arrival
from shared.contracts.envelope import Envelope, decode
from shared.contracts.envelope import encode as encode_event
from shared.contracts.event import Environment, Event, Interval
from shared.contracts.registry import (
    Access,
    AccessGranted,
    Certificate,
    CertificateBound,
    System,
    SystemRegistered,
)
from shared.run import Runtime, runtime
from tests import tokens
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

NAMES = UUID("0b6f1f1e-9f2c-4b0a-8f8e-1d7f3f0a5c33")
START = datetime(2027, 2, 1, 12, tzinfo=UTC)
"""When every test begins."""
LONG_AGO = START - timedelta(days=300)


def known_id(name: str) -> UUID:
    return uuid5(NAMES, name)


class SetClock(Clock):
    """Platform time stands still until the test moves it."""

    def __init__(self, at: datetime) -> None:
        super().__init__("live")
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Keys:
    """A certificate with its private key."""

    certificate_pem: bytes
    private_key_pem: bytes
    public_key_pem: str
    signer: Signer


def make_keys(kind: str) -> Keys:
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "EC" else rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a system")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(START + timedelta(days=1000))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    return Keys(pem, private, public.decode(), Signer(pem, private))


@pytest.fixture(scope="session")
def some_keys() -> list[Keys]:
    """Made once: it is slow, and what is signed with them differs."""
    return [make_keys("EC"), make_keys("RSA"), make_keys("EC"), make_keys("EC")]


@dataclass
class World:
    """One supplier's system with one certificate, its grants, and how it sends."""

    keys: Keys
    supplier: UUID = field(default_factory=lambda: known_id("supplier"))
    system: UUID = field(default_factory=lambda: known_id("system"))
    environment: Environment = "production"
    municipality: UUID = field(default_factory=lambda: known_id("municipality"))
    cvr: str = "29189803"
    service: UUID = field(default_factory=lambda: known_id("service"))
    agreement: UUID = field(default_factory=lambda: known_id("agreement"))

    def registered(self, *active: Interval, sequence: int = 1) -> SystemRegistered:
        return SystemRegistered(
            system=System(
                id=self.system,
                sequence=sequence,
                supplier_id=self.supplier,
                supplier_name="Leverandør A/S",
                name="Omsorg",
                environment=self.environment,
                state="registered",
                active=active or (Interval(starts=LONG_AGO),),
            )
        )

    def bound(
        self, *bound: Interval, keys: Keys | None = None, sequence: int = 1, **changes: Any
    ) -> CertificateBound:
        used = keys or self.keys
        told: dict[str, Any] = {
            "id": uuid5(NAMES, used.signer.thumbprint),
            "sequence": sequence,
            "system_id": self.system,
            "supplier_id": self.supplier,
            "environment": self.environment,
            "kind": "VOCES",
            "subject_serial": "UI:DK-O:G:0",
            "x509_serial": "01",
            "issuer": "CN=Test",
            "x5t_s256": used.signer.thumbprint,
            "public_key_pem": used.public_key_pem,
            "valid_from": LONG_AGO,
            "valid_to": START + timedelta(days=1000),
            "bound": bound or (Interval(starts=LONG_AGO),),
        }
        return CertificateBound(certificate=Certificate(**{**told, **changes}))

    def granted(self, *valid: Interval, sequence: int = 1, **changes: Any) -> AccessGranted:
        told: dict[str, Any] = {
            "sequence": sequence,
            "source": "agreement",
            "source_id": self.agreement,
            "environment": self.environment,
            "supplier_id": self.supplier,
            "system_id": self.system,
            "municipality_id": self.municipality,
            "municipality_cvr": self.cvr,
            "service_id": self.service,
            "valid": valid or (Interval(starts=LONG_AGO),),
            **changes,
        }
        grant_id = uuid5(NAMES, f"{told['source_id']}/{told['service_id']}")
        return AccessGranted(access=Access(**{"id": grant_id, **told}))

    def call(self, call_id: str | None = None, at: datetime = START, **changes: Any) -> Call:
        told: dict[str, Any] = {
            "service": str(self.service),
            "municipality": str(self.municipality),
            "time": at,
            "id": call_id or str(uuid4()),
        }
        return Call(**{**told, **changes})

    def calls(self, number: int, prefix: str = "call", at: datetime = START) -> list[Call]:
        return [self.call(f"{prefix}-{index}", at) for index in range(number)]

    def arrival(
        self,
        calls: Sequence[Call] | bytes,
        message_id: str | None = None,
        *,
        keys: Keys | None = None,
        environment: str = "calls",
        **changes: Any,
    ) -> Arrival:
        """A message as the broker hands it over."""
        body = calls if isinstance(calls, bytes) else encode(calls, "urn:test")
        told: dict[str, Any] = {
            "routing_key": f"{self.system}.{environment}",
            "user": str(self.system),
            "message_id": message_id or str(uuid4()),
            "signature": (keys or self.keys).signer.detached(body),
            "body": body,
        }
        return Arrival(**{**told, **changes})

    def other(self, name: str, **changes: Any) -> World:
        """The same with another system, of another supplier."""
        return replace(
            self, **{"system": known_id(f"system {name}"), "supplier": known_id(f"supplier {name}"), **changes}
        )


@dataclass
class Metering:
    """One running copy of metering. Nothing reads its outbox: ``said`` tells what it had to say, in order."""

    running: Runtime[MeteringSettings]
    client: httpx.AsyncClient
    database: ServiceDatabase
    clock: SetClock

    @property
    def door(self) -> Door:
        return self.running.get(Door)

    async def hear(self, *events: Event) -> None:
        """Hand over events as they would come off the queue; fails where one is parked."""
        for event in events:
            envelope = Envelope(
                id=uuid4(),
                speaker=event.speaker,
                time=self.clock.now(),
                correlation_id=str(uuid4()),
                causation_id=None,
                traceparent=None,
                event=event,
            )
            body = encode_event(envelope)
            assert await self.running.consumer.handle(decode(body), body), f"{event.type} was parked"

    async def know(self, world: World) -> None:
        await self.hear(world.registered(), world.bound(), world.granted())

    async def take(self, *arrivals: Arrival) -> None:
        """A batch from the broker."""
        await self.door.batch(arrivals)

    async def judge_again(self) -> None:
        await jobs.judge_again(self.running)

    async def tell(self) -> None:
        await jobs.tell(self.running)

    async def seal(self) -> None:
        await jobs.seal(self.running)

    async def fates(self) -> dict[str, int]:
        """All calls by what became of them: counted, duplicate, or the reason of the refusal."""
        rows = await self.fetch(
            "SELECT 'counted' AS fate, sum(calls)::int AS calls FROM counts"
            " UNION ALL SELECT 'duplicate', sum(calls)::int FROM duplicates"
            " UNION ALL SELECT reason, count(*)::int FROM refusals WHERE state = 'refused' GROUP BY 1"
        )
        return {row["fate"]: row["calls"] for row in rows if row["calls"]}

    async def balance(self) -> dict[str, Any]:
        answer = await self.client.get("/reconciliation", headers=tokens.as_helpdesk())
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def said(self, *kinds: type[Event]) -> list[Any]:
        rows = await self.fetch("SELECT body FROM outbox ORDER BY position")
        events = [decode(bytes(row["body"])).event for row in rows]
        return [event for event in events if not kinds or isinstance(event, kinds)]

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.running.database.pool.acquire() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return rows


def settings_for(database: ServiceDatabase, **changes: Any) -> MeteringSettings:
    told: dict[str, Any] = {
        "database_url": SecretStr(database.url),
        "broker_url": SecretStr("amqp://metering:unused@127.0.0.1:1/none"),
        "listen_port": 1,
        "public_url": "https://platform.example",
        "jwks_url": "http://127.0.0.1:1/unused",
        **changes,
    }
    return MeteringSettings(**told)


@asynccontextmanager
async def started(database: ServiceDatabase, clock: SetClock, **changes: Any) -> AsyncIterator[Metering]:
    """A copy of metering on this database."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(runtime(SERVICE, settings_for(database, **changes)))
        running.clock = clock
        running.database.clock = clock
        running.verifier = tokens.verifier(Clock("live"))
        # The months were made ready for the real time; these are for the test's.
        await jobs.prepare_partitions(running.database, running.settings.late)
        app = http.create_app(SERVICE, version=running.version)
        app.state.runtime = running
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://metering.example")
        )
        yield Metering(running, client, database, clock)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


@pytest.fixture
async def metering(make_database: MakeDatabase, clock: SetClock) -> AsyncIterator[Metering]:
    """Metering that has heard of nothing."""
    async with started(await make_database("metering"), clock) as found:
        yield found


@pytest.fixture
def world(some_keys: list[Keys]) -> World:
    return World(some_keys[0])


@pytest.fixture
async def known(metering: Metering, world: World) -> Metering:
    """Metering that knows the world: its system, certificate and one grant."""
    await metering.know(world)
    return metering


def sum_of(counts: Iterable[Any]) -> int:
    return sum(count.calls for count in counts)
