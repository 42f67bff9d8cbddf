"""The notifier in this process, on a real database and a real mail server, and events to hand to it."""

from __future__ import annotations

import email.message
import email.policy
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from deploy.local.smtp import Mailbox
from services.notifier.__main__ import SERVICE
from services.notifier.actions.send import Sending
from services.notifier.letter import Letters
from services.notifier.postman import Postman
from services.notifier.settings import NotifierSettings
from shared import http
from shared.contracts import agreements, registry
from shared.contracts.envelope import Envelope, decode, encode
from shared.contracts.event import Event, Interval
from shared.contracts.invoicing import Dispatch, Document, InvoiceDispatched
from shared.run import Runtime, runtime
from tests import tokens
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

SECRET = "https://platform.example/link/hemmeligt-link-4711"


@dataclass
class PostOffice:
    """One running copy. Nothing sends by itself: ``send_due`` does what the senders do until nothing is due."""

    running: Runtime[NotifierSettings]
    client: httpx.AsyncClient
    database: ServiceDatabase
    moved: int = 0

    def sending(self) -> Sending:
        settings = self.running.settings
        return Sending(self.running.database, Letters(settings.public_url), Postman(settings), settings.smtp_from)

    async def send_due(self) -> int:
        """Send what is due; returns how many attempts that took."""
        sending = self.sending()
        attempts = 0
        while await sending.send_next():
            attempts += 1
        await sending.close()
        return attempts

    async def hear(self, *events: Event, event_id: UUID | None = None) -> None:
        """Hand over events as they would come off the queue; fails where one is parked."""
        for event in events:
            envelope = Envelope(
                id=event_id or uuid4(),
                speaker=event.speaker,
                time=self.running.clock.now(),
                correlation_id="0f0e0d0c-the-act",
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

    async def notices(self, **filters: str) -> list[dict[str, Any]]:
        """Newest first, as helpdesk sees them."""
        answer = await self.client.get("/notices", params=filters, headers=tokens.as_helpdesk())
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def whole_database(self) -> str:
        """Everything in every table as text: what must not linger is not in it."""
        tables = await self.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        parts = []
        for table in tables:
            parts += [str(dict(row)) for row in await self.fetch(f'SELECT * FROM "{table["tablename"]}"')]
        return "\n".join(parts)


@asynccontextmanager
async def opened(database: ServiceDatabase, port: int, **changes: Any) -> AsyncIterator[PostOffice]:
    """A copy of the service that sends to this port."""
    told: dict[str, Any] = {
        "database_url": SecretStr(database.url),
        "broker_url": SecretStr("amqp://notifier:unused@127.0.0.1:1/none"),
        "listen_port": 1,
        "public_url": "https://platform.example",
        "jwks_url": "http://127.0.0.1:1/unused",
        "mode": "demonstration",
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_timeout_seconds": 10.0,
    }
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(runtime(SERVICE, NotifierSettings(**{**told, **changes})))
        running.verifier = tokens.verifier(running.clock)
        app = http.create_app(SERVICE, version=running.version)
        app.state.runtime = running
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://notifier.example")
        )
        yield PostOffice(running, client, database)


@pytest.fixture
async def notifier_database(make_database: MakeDatabase) -> ServiceDatabase:
    return await make_database("notifier")


@pytest.fixture
async def office(notifier_database: ServiceDatabase, mailbox: Mailbox) -> AsyncIterator[PostOffice]:
    """The notifier with nothing in it, sending to ``mailbox``."""
    async with opened(notifier_database, mailbox.port) as found:
        yield found


@dataclass
class World:
    """A supplier and a municipality, and what is told about them."""

    supplier: UUID = field(default_factory=uuid4)
    municipality: UUID = field(default_factory=uuid4)

    def organisation(self, which: UUID, *, sequence: int = 1, **changes: Any) -> registry.OrganisationChanged:
        is_supplier = which == self.supplier
        told: dict[str, Any] = {
            "id": which,
            "sequence": sequence,
            "name": "Nordlys IT" if is_supplier else "Aabenraa Kommune",
            "cvr": "12345674",
            "kinds": ("supplier",) if is_supplier else ("municipality",),
            "mailbox": "aftaler@nordlys.example" if is_supplier else "digital@aabenraa.example",
        }
        return registry.OrganisationChanged(organisation=registry.Organisation(**{**told, **changes}))

    def both(self) -> tuple[Event, Event]:
        return self.organisation(self.supplier), self.organisation(self.municipality)

    def person(
        self,
        address: str,
        *roles: registry.Role,
        at: UUID | None = None,
        person: UUID | None = None,
        sequence: int = 1,
        active: bool = True,
    ) -> registry.UserChanged:
        memberships = (registry.Membership(organisation_id=at or self.municipality, roles=roles),)
        return registry.UserChanged(
            user=registry.User(
                id=person or uuid4(),
                sequence=sequence,
                name="Signe Sørensen",
                email=address,
                memberships=memberships,
                active=active,
            )
        )

    def agreement(self, **changes: Any) -> agreements.Agreement:
        at = datetime(2026, 11, 23, 12, tzinfo=UTC)
        told: dict[str, Any] = {
            "id": uuid4(),
            "sequence": 1,
            "request_id": uuid4(),
            "environment": "production",
            "supplier_id": self.supplier,
            "supplier_name": "Nordlys IT",
            "municipality_id": self.municipality,
            "municipality_name": "Aabenraa Kommune",
            "system_id": uuid4(),
            "system_name": "Omsorg",
            "purpose": "Opslag ved sagsbehandling i hjemmeplejen",
            "lines": self.lines("pending", "pending"),
            "state": "requested",
            "valid": (),
            "requested_at": at,
        }
        return agreements.Agreement(**{**told, **changes})

    def lines(self, *decisions: Literal["pending", "approved", "rejected"]) -> tuple[agreements.AgreementLine, ...]:
        return tuple(
            agreements.AgreementLine(service_id=uuid4(), service_name=f"CPR Opslag {place}", decision=decision)
            for place, decision in enumerate(decisions, 1)
        )

    def requested(self, **changes: Any) -> agreements.AgreementRequested:
        return agreements.AgreementRequested(agreement=self.agreement(**changes))

    def approved(self, *decisions: Literal["approved", "rejected"]) -> agreements.AgreementApproved:
        at = datetime(2026, 11, 24, 12, tzinfo=UTC)
        return agreements.AgreementApproved(
            agreement=self.agreement(
                lines=self.lines(*decisions), state="approved", decided_at=at, valid=(Interval(starts=at),)
            )
        )

    def terminated(self, by: agreements.By, **changes: Any) -> agreements.AgreementTerminated:
        at = datetime(2026, 11, 24, 12, tzinfo=UTC)
        told: dict[str, Any] = {
            "lines": self.lines("approved", "rejected"),
            "state": "terminated",
            "decided_at": at,
            "valid": (Interval(starts=at, ends=at + timedelta(days=2)),),
            "reason": "Kontrakten er ophørt",
        }
        return agreements.AgreementTerminated(agreement=self.agreement(**{**told, **changes}), by=by)

    def link(
        self, purpose: Literal["invitation", "reset"] = "invitation", *, expires_at: datetime | None = None
    ) -> registry.UserLinkIssued:
        return registry.UserLinkIssued(
            link=registry.Link(
                id=uuid4(),
                sequence=1,
                user_id=uuid4(),
                name="Signe Sørensen",
                email="signe@aabenraa.example",
                organisation_name="Aabenraa Kommune",
                purpose=purpose,
                url=SECRET,
                expires_at=expires_at or datetime.now(UTC) + timedelta(days=14),
            )
        )

    def dispatched(self, **changes: Any) -> InvoiceDispatched:
        told: dict[str, Any] = {
            "id": uuid4(),
            "sequence": 1,
            "number": "FAK-000001",
            "municipality_id": self.municipality,
            "municipality_name": "Aabenraa Kommune",
            "quarter": "2026Q4",
            "mailbox": "faktura-fra-kopien@aabenraa.example",
            "due_on": date(2027, 2, 3),
            "gross": Decimal("12345.60"),
            "documents": (
                document("FAK-000001.pdf", "application/pdf", PDF),
                document("FAK-000001.xml", "application/xml", XML),
            ),
        }
        return InvoiceDispatched(dispatch=Dispatch(**{**told, **changes}))


PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400
XML = "<Invoice>1.234,56 kr. æøå\r\n.\r\n</Invoice>".encode()


def document(filename: str, media_type: Literal["application/pdf", "application/xml"], content: bytes) -> Document:
    return Document.model_construct(filename=filename, media_type=media_type, content=content)


@pytest.fixture
def world() -> World:
    return World()


def plain(mail: email.message.EmailMessage) -> str:
    """The mail's plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def one_line(mail: email.message.EmailMessage) -> str:
    """The mail's plain text without its line breaks."""
    return " ".join(plain(mail).split())
