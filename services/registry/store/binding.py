"""Certificates bound to systems, in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.registry.domain.binding import Binding
from services.registry.domain.certificate import Certificate
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Owner:
    """The system a certificate, its number or its holder's number was ever bound to."""

    system_id: UUID
    system_name: str
    supplier_id: UUID


async def add(
    connection: asyncpg.Connection, certificate_id: UUID, system_id: UUID, certificate: Certificate, *, now: datetime
) -> bool:
    """Bind a certificate; False when it, or its holder's serial number, is or was bound and may not be again.

    Two that bind the same at once wait for each other here, and one gets False.
    """
    await connection.execute(QUERIES["claim_holder"], certificate.subject_serial, system_id)
    holder = await connection.fetchval(QUERIES["holder_system"], certificate.subject_serial)
    if holder != system_id:
        return False
    written = await connection.fetchval(
        QUERIES["add_certificate"],
        certificate_id,
        system_id,
        certificate.kind.value,
        certificate.subject_serial,
        certificate.cvr,
        certificate.common_name,
        certificate.organisation_name,
        certificate.issuer,
        certificate.x509_serial_hex,
        bytes.fromhex(certificate.thumbprint_sha256),
        certificate.x5t_s256,
        certificate.public_key_pem,
        certificate.pem,
        certificate.valid_from,
        certificate.valid_to,
        now,
    )
    return written is not None


async def owner(connection: asyncpg.Connection, certificate: Certificate) -> Owner | None:
    """Whose this certificate is or was; None when nobody has bound it, its number or its holder's."""
    row = await connection.fetchrow(
        QUERIES["certificate_owner"],
        bytes.fromhex(certificate.thumbprint_sha256),
        certificate.issuer,
        certificate.x509_serial_hex,
        certificate.subject_serial,
    )
    return Owner(**dict(row)) if row else None


async def of_system(connection: asyncpg.Connection, system_id: UUID) -> list[Binding]:
    """A system's certificates, ended ones too, in the order they were bound."""
    return (await of_systems(connection, [system_id]))[system_id]


async def of_systems(connection: asyncpg.Connection, system_ids: Sequence[UUID]) -> dict[UUID, list[Binding]]:
    """The certificates of each of these systems."""
    found: dict[UUID, list[Binding]] = {system_id: [] for system_id in system_ids}
    for row in await connection.fetch(QUERIES["certificates_of_systems"], list(system_ids)):
        found[row["system_id"]].append(Binding(**dict(row)))
    return found


async def find(connection: asyncpg.Connection, thumbprint: bytes) -> Binding | None:
    """The certificate with this SHA-256 thumbprint."""
    row = await connection.fetchrow(QUERIES["find_certificate"], thumbprint)
    return Binding(**dict(row)) if row else None


async def newest_of_supplier(connection: asyncpg.Connection, supplier_id: UUID, *, limit: int) -> list[Binding]:
    """A supplier's certificates, those bound last first."""
    rows = await connection.fetch(QUERIES["newest_certificates_of_supplier"], supplier_id, limit)
    return [Binding(**dict(row)) for row in rows]


async def listed(connection: asyncpg.Connection, *, after: UUID | None, limit: int) -> list[Binding]:
    """Everybody's certificates, by id."""
    return [Binding(**dict(row)) for row in await connection.fetch(QUERIES["list_certificates"], after, limit)]


async def every_pem(connection: asyncpg.Connection) -> AsyncIterator[tuple[bytes, str]]:
    """Everybody's certificates as PEM, each with its SHA-256 thumbprint; in a transaction."""
    async for row in connection.cursor(QUERIES["every_pem"]):
        yield row["thumbprint"], row["pem"]


async def fitting(
    connection: asyncpg.Connection,
    *,
    thumbprints: Sequence[bytes],
    x509_serials: Sequence[str],
    subject_serials: Sequence[str],
    subject_numbers: Sequence[str],
    limit: int,
) -> list[Binding]:
    """The certificates with any of these numbers, those bound last first.

    `subject_numbers`: the FID or UID digits at the end of the holder's serial number.
    """
    rows = await connection.fetch(
        QUERIES["fitting_certificates"], thumbprints, x509_serials, subject_serials, subject_numbers, limit
    )
    return [Binding(**dict(row)) for row in rows]


async def end(
    connection: asyncpg.Connection, certificate_id: UUID, system_id: UUID, *, now: datetime
) -> Binding | None:
    """The certificate, ended at `now`; None when the system has no such certificate bound."""
    row = await connection.fetchrow(QUERIES["end_certificate"], certificate_id, system_id, now)
    return Binding(**dict(row)) if row else None


async def note_use(connection: asyncpg.Connection, used: Iterable[tuple[UUID, datetime]]) -> set[UUID]:
    """Keep the latest hour each certificate was used in; returns those of them that are known."""
    pairs = list(used)
    rows = await connection.fetch(
        QUERIES["note_use"], [certificate_id for certificate_id, _ in pairs], [hour for _, hour in pairs]
    )
    return {row["id"] for row in rows}
