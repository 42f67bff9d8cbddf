"""What a pasted certificate or serial number is, before anyone registers it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from services.registry.actions.binding import already_used
from services.registry.domain.binding import Binding, foreign_holder
from services.registry.domain.certificate import Certificate, read_certificate
from services.registry.domain.judgement import checks
from services.registry.domain.refusal import Unreadable
from services.registry.domain.serial import LONGEST_SERIAL_TEXT, Serial, read_serial
from services.registry.domain.system import Supplier, require_environment
from services.registry.domain.trust import Trust
from services.registry.store import binding as store
from services.registry.store import system as system_store
from shared.contracts.event import Environment
from shared.database import Database
from shared.identity import Caller
from shared.problem import Problem

SEARCHED = 500
"""In how many of the supplier's certificates a pasted number is looked for, the newest."""


class CertificateRead(BaseModel):
    """A certificate as it was understood. `subject_serial` is the holder's number, `x509_serial` its own (hex)."""

    kind: str
    generation: str
    common_name: str
    organisation_name: str | None
    cvr: str | None
    subject_serial: str
    x509_serial: str
    x509_serial_decimal: str
    issuer: str
    valid_from: datetime
    valid_to: datetime
    thumbprint_sha1: str
    thumbprint_sha256: str
    x5t_s256: str
    key: str


class CheckRead(BaseModel):
    """One thing that was checked. Where it is not `ok`, `code` and `detail` say why.

    `holder` alone is no condition: where it is not ok the certificate is accepted all the same.
    """

    check: Literal["environment", "kind", "validity", "strength", "issuer", "unused", "holder"]
    ok: bool
    code: str | None = None
    detail: str | None = None


class Acceptance(BaseModel):
    """Whether a new system could be registered with the certificate in an environment; if not, the first why.

    `checks` are all that bear on it, each judged by itself.
    """

    accepted: bool
    code: str | None = None
    detail: str | None = None
    checks: list[CheckRead]


class SerialReading(BaseModel):
    """One way to understand a number."""

    meaning: str
    value: str
    said: str


class SerialRead(BaseModel):
    """What a pasted number can be, the likeliest first; `said` puts it in a sentence."""

    ambiguous: bool
    readings: list[SerialReading]
    said: str


class Match(BaseModel):
    """A certificate of the caller's own that fits the pasted text."""

    system_id: UUID
    certificate_id: UUID
    common_name: str
    ended: bool


class Understood(BaseModel):
    """What a pasted text is: a `certificate` (with `environments`) or a `serial` number.

    `registered` are the supplier's own certificates that it fits. A number alone can't be judged.
    """

    what: Literal["certificate", "serial"]
    certificate: CertificateRead | None = None
    environments: dict[Environment, Acceptance] | None = None
    serial: SerialRead | None = None
    registered: list[Match]


async def understand(database: Database, caller: Caller, text: str, *, trust: Trust) -> Understood:
    """Read a pasted text. Raises the certificate's refusal, or SerialUnreadable when it is no number either."""
    found = _read(text)
    async with database.reading() as connection:
        now = database.clock.now()
        newest = await store.newest_of_supplier(connection, caller.organisation_id, limit=SEARCHED)
        supplier = await system_store.find_supplier(connection, caller.organisation_id)
        used = await _used(connection, caller, found) if isinstance(found, Certificate) else None
    # Each has to be read again: milliseconds that neither others nor a connection should have to wait for.
    registered = await asyncio.to_thread(_matching, found, newest)
    if isinstance(found, Serial):
        return Understood(what="serial", serial=_serial(found), registered=registered)
    environments: dict[Environment, Acceptance] = {
        environment: _acceptance(found, environment, trust=trust, now=now, used=used, supplier=supplier)
        for environment in _ENVIRONMENTS
    }
    return Understood(
        what="certificate", certificate=_certificate(found), environments=environments, registered=registered
    )


_ENVIRONMENTS: tuple[Environment, ...] = ("production", "test")


def _read(text: str) -> Certificate | Serial:
    try:
        return read_certificate(text.encode())
    except Unreadable:
        if len(text) > LONGEST_SERIAL_TEXT or "-----BEGIN" in text:
            raise
    return read_serial(text)


def _matching(found: Certificate | Serial, newest: list[Binding]) -> list[Match]:
    return [
        Match(
            system_id=one.system_id,
            certificate_id=one.id,
            common_name=one.common_name,
            ended=one.bound_to is not None,
        )
        for one in newest
        if (
            found.matches(read_certificate(one.pem.encode()))
            if isinstance(found, Serial)
            else one.x5t_s256 == found.x5t_s256
        )
    ]


async def _used(connection: asyncpg.Connection, caller: Caller, certificate: Certificate) -> Problem | None:
    if await store.owner(connection, certificate) is None:
        return None
    return await already_used(connection, caller, certificate)


def _acceptance(
    certificate: Certificate,
    environment: Environment,
    *,
    trust: Trust,
    now: datetime,
    used: Problem | None,
    supplier: Supplier | None,
) -> Acceptance:
    judged = checks(certificate, environment=environment, trust=trust, now=now)
    told = [
        _check("environment", _not_here(environment, supplier)),
        *(_check(name, refusal) for name, refusal in judged.items()),
        _check("unused", used),
    ]
    first = next((one for one in told if not one.ok), None)
    foreign = foreign_holder(certificate, supplier.cvr) if supplier else []
    told.append(
        CheckRead(
            check="holder",
            ok=not foreign,
            code="certificate.foreign_holder" if foreign else None,
            detail=foreign[0] if foreign else None,
        )
    )
    return Acceptance(
        accepted=first is None,
        code=first.code if first else None,
        detail=first.detail if first else None,
        checks=told,
    )


def _not_here(environment: Environment, supplier: Supplier | None) -> Problem | None:
    try:
        require_environment(environment, test_organisation=supplier is not None and supplier.test)
    except Problem as refused:
        return refused
    return None


def _check(name: str, refusal: Problem | None) -> CheckRead:
    return CheckRead.model_validate(
        {
            "check": name,
            "ok": refusal is None,
            "code": refusal.code if refusal else None,
            "detail": refusal.detail if refusal else None,
        }
    )


def _certificate(certificate: Certificate) -> CertificateRead:
    return CertificateRead(
        kind=certificate.kind.value,
        generation=certificate.generation.value,
        common_name=certificate.common_name,
        organisation_name=certificate.organisation_name,
        cvr=certificate.cvr,
        subject_serial=certificate.subject_serial,
        x509_serial=certificate.x509_serial_hex,
        x509_serial_decimal=str(certificate.x509_serial),
        issuer=certificate.issuer,
        valid_from=certificate.valid_from,
        valid_to=certificate.valid_to,
        thumbprint_sha1=certificate.thumbprint_sha1,
        thumbprint_sha256=certificate.thumbprint_sha256,
        x5t_s256=certificate.x5t_s256,
        key=f"{certificate.key_type} {certificate.key_size}",
    )


def _serial(serial: Serial) -> SerialRead:
    return SerialRead(
        ambiguous=serial.ambiguous,
        readings=[
            SerialReading(meaning=reading.meaning.value, value=reading.value, said=str(reading))
            for reading in serial.readings
        ],
        said=str(serial),
    )
