"""Copies of systems, certificates and grants as the registry says them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from services.metering.domain.facts import Certificate, Facts, Grant, System
from shared.contracts import registry
from shared.spans import intervals, ranges
from shared.sql import Queries

SQL = Queries(Path(__file__).with_name("copies.sql"))


async def lock_system(connection: asyncpg.Connection, system_id: UUID) -> None:
    """Wait for the batches that judge this system's calls, and let later ones wait for this transaction.

    So a call is either judged with the news, or its refusal is there to be judged again.
    """
    await connection.execute(SQL["lock_system"], system_id)


async def keep_system(connection: asyncpg.Connection, system: registry.System) -> bool:
    """Keep a system's state; False when as new a one was known."""
    done = await connection.execute(
        SQL["keep_system"],
        system.id,
        system.sequence,
        system.supplier_id,
        system.supplier_name,
        system.name,
        system.environment,
        ranges(system.active),
    )
    return bool(done == "INSERT 0 1")


async def keep_certificate(connection: asyncpg.Connection, certificate: registry.Certificate) -> bool:
    """Keep a certificate's state; False when as new a one was known."""
    done = await connection.execute(
        SQL["keep_certificate"],
        certificate.id,
        certificate.sequence,
        certificate.system_id,
        certificate.x5t_s256,
        certificate.public_key_pem,
        certificate.valid_from,
        certificate.valid_to,
        ranges(certificate.bound),
    )
    return bool(done == "INSERT 0 1")


async def keep_grant(connection: asyncpg.Connection, access: registry.Access) -> bool:
    """Keep a grant's state; False when as new a one was known."""
    done = await connection.execute(
        SQL["keep_grant"],
        access.id,
        access.sequence,
        access.source,
        access.source_id,
        access.environment,
        access.supplier_id,
        access.system_id,
        access.municipality_id,
        access.municipality_cvr,
        access.service_id,
        ranges(access.valid),
    )
    return bool(done == "INSERT 0 1")


async def facts(
    connection: asyncpg.Connection,
    *,
    systems: Collection[UUID],
    thumbprints: Collection[str],
    called: Collection[tuple[UUID, UUID]],
) -> Facts:
    """What is known of these systems and certificates, and of all grants for the (system, service) pairs."""
    found_systems = await connection.fetch(SQL["systems_of"], list(systems))
    found_certificates = await connection.fetch(SQL["certificates_of"], list(thumbprints))
    pairs = sorted(called)
    found_grants = await connection.fetch(
        SQL["grants_of"], [system for system, _ in pairs], [service for _, service in pairs]
    )
    return Facts(
        (System(**_spans(row, "active")) for row in found_systems),
        (Certificate(**_spans(row, "bound")) for row in found_certificates),
        (Grant(**_spans(row, "valid")) for row in found_grants),
    )


def _spans(row: asyncpg.Record, column: str) -> dict[str, Any]:
    values = dict(row)
    values[column] = intervals(values[column])
    return values
