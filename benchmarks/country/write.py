"""Writing a country into the services' databases with COPY: each database in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Range

from benchmarks.country.plan import Country
from demo.authority import Authority
from services.registry.domain.certificate import read_certificate

Url = Callable[[str], str]
"""The address of a service's database, with all rights."""
RESENT = "country"


@dataclass(frozen=True)
class Base:
    """What the country is written with beside its plan."""

    authority: Authority
    password_hash: str


@asynccontextmanager
async def database(url: Url, service: str) -> Any:
    """A connection in one transaction, that copies jsonb from Python values."""
    connection = await asyncpg.connect(url(service))
    try:
        await connection.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            format="binary",
            encoder=lambda value: b"\x01" + json.dumps(value, default=str).encode(),
            decoder=lambda data: json.loads(data[1:]),
        )
        async with connection.transaction():
            yield connection
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def copy(connection: asyncpg.Connection, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows to a table; `columns` with commas between."""
    await connection.copy_records_to_table(table, records=rows, columns=[one.strip() for one in columns.split(",")])


async def registry(connection: asyncpg.Connection, country: Country, base: Base) -> list[tuple[Any, ...]]:
    """Organisations, people, systems, certificates and grants. Returns metering's certificates."""
    await copy(
        connection,
        "organisations",
        "id, sequence, name, cvr, kinds, municipality_code, test, mailbox, invoice_mailbox, ean, buyer_reference,"
        " active, created_at",
        (
            (
                one.id,
                1,
                one.name,
                one.cvr,
                list(one.kinds),
                None,
                False,
                one.mailbox,
                None,
                None,
                None,
                True,
                _long_ago(country),
            )
            for one in country.suppliers
        ),
    )
    await copy(
        connection,
        "people",
        "id, sequence, name, email, password_hash, created_at",
        ((one.id, 2, one.name, one.email, base.password_hash, _long_ago(country)) for one in country.people),
    )
    await copy(
        connection,
        "memberships",
        "person_id, organisation_id, roles, active, since",
        ((one.id, one.organisation_id, list(one.roles), True, _long_ago(country)) for one in country.people),
    )
    await copy(
        connection,
        "systems",
        "id, sequence, supplier_id, name, environment, state, active, registered_at",
        (
            (
                one.id,
                1,
                one.supplier.id,
                one.name,
                one.environment,
                "registered",
                [since(one.registered_at)],
                one.registered_at,
            )
            for one in country.systems
        ),
    )
    known = await _certificates(connection, country, base)
    await _grants(connection, country)
    return known


async def _certificates(connection: asyncpg.Connection, country: Country, base: Base) -> list[tuple[Any, ...]]:
    """Real certificates of the instance's own authority, all with one key: it is their making that takes time."""
    key = base.authority.new_key()
    holders, rows, history, known = [], [], [], []
    by_supplier = {one.organisation_id: one.id for one in reversed(country.people)}
    for system in country.systems:
        serial = None
        actor = str(by_supplier[system.supplier.id])
        history.append(
            (system.id, system.registered_at, "registered", system.certificates[0].id, "registered", "person", actor)
        )
        for place, bound in enumerate(system.certificates):
            issued = base.authority.issue(
                "VOCES",
                cvr=system.supplier.cvr,
                name=system.name,
                organisation=system.supplier.name,
                environment="test" if system.environment == "test" else "production",
                subject_serial=serial,
                valid_from=bound.bound_from.replace(microsecond=0) - timedelta(days=1),
                key=key,
            )
            read = read_certificate(issued.certificate_pem)
            if serial is None:
                holders.append((read.subject_serial, system.id))
            serial = read.subject_serial
            if place:
                history.append(
                    (system.id, bound.bound_from, "certificate bound", bound.id, "registered", "person", actor)
                )
            rows.append(
                (
                    bound.id,
                    2 if bound.bound_to else 1,
                    system.id,
                    "VOCES",
                    read.subject_serial,
                    read.cvr,
                    read.common_name,
                    read.organisation_name,
                    read.issuer,
                    read.x509_serial_hex,
                    bytes.fromhex(read.thumbprint_sha256),
                    read.x5t_s256,
                    read.public_key_pem,
                    read.pem,
                    read.valid_from,
                    read.valid_to,
                    bound.bound_from,
                    bound.bound_to,
                )
            )
            known.append(
                (
                    bound.id,
                    2 if bound.bound_to else 1,
                    system.id,
                    read.x5t_s256,
                    read.public_key_pem,
                    read.valid_from,
                    read.valid_to,
                    [since(bound.bound_from, bound.bound_to)],
                )
            )
    await copy(connection, "certificate_holders", "subject_serial, system_id", holders)
    await copy(
        connection,
        "certificates",
        "id, sequence, system_id, kind, subject_serial, cvr, common_name, organisation_name, issuer, x509_serial,"
        " thumbprint, x5t_s256, public_key_pem, pem, valid_from, valid_to, bound_from, bound_to",
        rows,
    )
    await copy(
        connection, "system_history", "system_id, at, what, certificate_id, state, actor_kind, actor_id", history
    )
    return known


async def _grants(connection: asyncpg.Connection, country: Country) -> None:
    begun = [one for one in country.agreements if one.begun]
    await copy(
        connection,
        "access_sources",
        "id, kind, sequence",
        [
            *((one.id, "agreement", one.sequence) for one in begun),
            *((one.id, "trial", 1) for one in country.trials),
        ],
    )
    await copy(
        connection,
        "access",
        "id, sequence, source, source_id, environment, supplier_id, system_id, municipality_id, service_id, valid",
        (grant[:8] + grant[9:] for grant in grants(country)),
    )
    await copy(
        connection,
        "access_history",
        "access_id, at, source_sequence, valid",
        ((grant[0], grant[10][0].lower, grant[1], grant[10]) for grant in grants(country)),
    )


def grants(country: Country) -> Iterator[tuple[Any, ...]]:
    """Every grant as metering keeps it."""
    for one in country.agreements:
        if not one.begun or one.decided_at is None:
            continue
        system, valid = one.request.system, [since(one.decided_at, one.ends)]
        for line in one.lines:
            if line.decision == "approved":
                yield (
                    line.grant_id,
                    2 if one.ends else 1,
                    "agreement",
                    one.id,
                    system.environment,
                    system.supplier.id,
                    system.id,
                    one.municipality.id,
                    one.municipality.cvr,
                    line.service.id,
                    valid,
                )
    where = country.test_municipality
    for trial in country.trials:
        assert where is not None
        for service in trial.services:
            yield (
                derived(trial.id, service.id),
                1,
                "trial",
                trial.id,
                "test",
                trial.system.supplier.id,
                trial.system.id,
                where.id,
                where.cvr,
                service.id,
                [since(trial.starts)],
            )


def derived(one: UUID, other: UUID) -> UUID:
    """An id that follows from two others."""
    return UUID(bytes=hashlib.sha256(one.bytes + other.bytes).digest()[:16], version=4)


def since(starts: datetime, ends: datetime | None = None) -> Range[datetime]:
    """A span of time, one part of a multirange."""
    return Range(starts, ends, lower_inc=True, upper_inc=False)


def _long_ago(country: Country) -> datetime:
    return country.now - timedelta(days=1100)
