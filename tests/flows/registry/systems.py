"""Steps that several flows take: suppliers, their systems with certificates, services, agreements."""

import base64
import hashlib
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from demo.authority import Authority, Issued
from services.registry.domain.assertion import ASSERTION_TYPE
from shared.contracts.agreements import Agreement, AgreementLine, Trial, TrialLine
from shared.contracts.envelope import Envelope, encode
from shared.contracts.event import Environment, Event, Interval
from tests.flows.registry.conftest import PUBLIC_URL, Registry
from tests.flows.registry.people import MUNICIPALITY, SUPPLIER, create
from tests.tokens import as_helpdesk, as_person

CVR = SUPPLIER["cvr"]
AUDIENCE = f"{PUBLIC_URL}/registry/oauth/token"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
"""When the agreements of these tests begin: well before any of them runs."""


class _Anything(JWSRegistry):
    """Lets a test sign whatever header it wants refused."""

    max_header_length = 8192

    def check_header(self, header: Any) -> None:
        pass


class Supplier:
    """A supplier, and its person with the role user who acts for it."""

    def __init__(self, registry: Registry, organisation: dict[str, Any]) -> None:
        self.registry = registry
        self.id = UUID(organisation["id"])
        self.cvr: str = organisation["cvr"]
        self.test: bool = organisation["test"]

    @property
    def headers(self) -> dict[str, str]:
        return as_person(["supplier"], "user", organisation=self.id, test=self.test)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.registry.client.post(path, json=body, headers=self.headers)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.registry.client.get(path, params=params, headers=self.headers)

    async def try_register(
        self, certificate: bytes, *, name: str = "Omsorg", environment: str = "production"
    ) -> httpx.Response:
        body = {"name": name, "environment": environment, "certificate": certificate.decode()}
        return await self.post("/systems", body)

    async def register(
        self, issued: Issued, *, name: str = "Omsorg", environment: str = "production"
    ) -> dict[str, Any]:
        answer = await self.try_register(issued.certificate_pem, name=name, environment=environment)
        assert answer.status_code == 201, answer.text
        system: dict[str, Any] = answer.json()
        return system


async def supplier(registry: Registry, **changes: Any) -> Supplier:
    return Supplier(registry, await create(registry, **{**SUPPLIER, **changes}))


async def municipality(registry: Registry, **changes: Any) -> UUID:
    return UUID((await create(registry, **{**MUNICIPALITY, **changes}))["id"])


async def service(registry: Registry, name: str = "CVR Online", **told: Any) -> UUID:
    body = {"name": name, "version": "2", **told}
    answer = await registry.client.post("/services", json=body, headers=as_helpdesk())
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


def issue(authority: Authority, kind: str = "VOCES", **wanted: Any) -> Issued:
    """A certificate that is valid since yesterday, of the usual supplier unless told otherwise."""
    begins = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    told = {"cvr": CVR, "name": "Omsorg", "valid_from": begins, **wanted}
    return authority.issue(kind, **told)


def x5t(issued: Issued) -> str:
    der = x509.load_pem_x509_certificate(issued.certificate_pem).public_bytes(Encoding.DER)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def assertion(
    system_id: str,
    issued: Issued,
    *,
    algorithm: str = "PS256",
    header: dict[str, Any] | None = None,
    key: RSAKey | ECKey | None = None,
    **changes: Any,
) -> str:
    """What a system signs to sign in; `changes` replace claims, and None leaves them out."""
    claims = {
        "iss": system_id,
        "sub": system_id,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 120,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    signing_key = key or RSAKey.import_key(issued.private_key_pem)
    told = {"alg": algorithm, "x5t#S256": x5t(issued), **(header or {})}
    return jwt.encode(
        {name: value for name, value in told.items() if value is not None},
        {name: value for name, value in claims.items() if value is not None},
        signing_key,
        registry=_Anything(algorithms=["RS256", "PS256", "ES256", "PS512"]),
    )


async def ask_token(registry: Registry, signed: str, **changes: Any) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed,
        **changes,
    }
    return await registry.client.post(
        "/oauth/token", data={name: value for name, value in form.items() if value is not None}
    )


async def ask_access(
    registry: Registry, headers: dict[str, str], issued: Issued, service_id: UUID, municipality: object, **more: Any
) -> dict[str, Any]:
    params = {"certificate": x5t(issued), "service": str(service_id), "municipality": str(municipality), **more}
    answer = await registry.client.get("/access", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    decision: dict[str, Any] = answer.json()
    return decision


def agreement(
    system: dict[str, Any],
    municipality_id: UUID,
    services: list[UUID],
    *,
    agreement_id: UUID | None = None,
    sequence: int = 2,
    ended: bool = False,
    rejected: tuple[UUID, ...] = (),
    environment: Environment = "production",
    begins: datetime = MOMENT,
) -> Agreement:
    """An agreement as its service tells of it, approved or, with `ended`, terminated an hour after it began."""
    return Agreement(
        id=agreement_id or uuid4(),
        sequence=sequence,
        request_id=uuid4(),
        environment=environment,
        supplier_id=UUID(system["supplier_id"]),
        supplier_name=system["supplier_name"],
        municipality_id=municipality_id,
        municipality_name="Ærø Kommune",
        system_id=UUID(system["id"]),
        system_name=system["name"],
        purpose="Sagsbehandling",
        lines=tuple(
            AgreementLine(
                service_id=one,
                service_name="Tjeneste",
                decision="rejected" if one in rejected else "approved",
            )
            for one in services
        ),
        state="terminated" if ended else "approved",
        valid=(Interval(starts=begins, ends=begins + timedelta(hours=1) if ended else None),),
        requested_at=begins - timedelta(days=1),
        decided_at=begins,
    )


def trial(system: dict[str, Any], municipality_id: UUID, services: list[UUID], *, sequence: int = 1) -> Trial:
    """An open trial connection."""
    return Trial(
        id=uuid4(),
        sequence=sequence,
        supplier_id=UUID(system["supplier_id"]),
        supplier_name=system["supplier_name"],
        system_id=UUID(system["id"]),
        system_name=system["name"],
        municipality_id=municipality_id,
        municipality_name="Testkommune",
        lines=tuple(TrialLine(service_id=one, service_name="Tjeneste") for one in services),
        state="open",
        valid=(Interval(starts=MOMENT),),
    )


async def hear(registry: Registry, event: Event) -> bool:
    """Let the registry handle an event as from the broker; whether it was handled rather than parked."""
    envelope = Envelope(
        id=uuid4(),
        speaker=type(event).speaker,
        time=MOMENT,
        correlation_id=str(uuid4()),
        causation_id=None,
        traceparent=None,
        event=event,
    )
    return await registry.running.consumer.handle(envelope, encode(envelope))
