"""Grants, and the facts of an access decision, in the database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.registry.domain.access import Facts, Grant, Known, Present, Source, SourceKind
from shared.contracts.event import Environment, Interval
from shared.spans import intervals, ranges
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Access:
    """A grant as it is kept: this system may call this service for this municipality in the spans `valid`."""

    id: UUID
    sequence: int
    source: SourceKind
    source_id: UUID
    environment: Environment
    supplier_id: UUID
    system_id: UUID
    municipality_id: UUID
    municipality_cvr: str
    service_id: UUID
    valid: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Parties:
    """Who a grant would be between, as far as they are known here."""

    municipality_cvr: str | None
    supplier_id: UUID | None
    environment: Environment | None
    service_ids: frozenset[UUID]


async def facts(
    connection: asyncpg.Connection,
    thumbprint: bytes,
    service_id: UUID,
    *,
    municipality_id: UUID | None,
    municipality_cvr: str | None,
) -> Facts:
    """What bears on whether this certificate may call this service for this municipality: one query."""
    rows = await connection.fetch(QUERIES["decide_access"], thumbprint, service_id, municipality_id, municipality_cvr)
    if not rows:
        return Facts(None, None, municipality_known=False, grants=())
    first = rows[0]
    return Facts(
        known=Known(
            system_id=first["system_id"],
            system_name=first["system_name"],
            supplier_id=first["supplier_id"],
            state=first["system_state"],
            environment=first["environment"],
            valid_from=first["valid_from"],
            valid_to=first["valid_to"],
            ended=first["ended"],
        ),
        service_state=first["service_state"],
        municipality_known=any(row["municipality_id"] is not None for row in rows),
        grants=tuple(
            Grant(row["access_id"], row["source"], row["source_id"], intervals(row["valid"]))
            for row in rows
            if row["access_id"] is not None
        ),
    )


async def hear(connection: asyncpg.Connection, source: Source) -> bool:
    """Whether this is the newest that was heard of the agreement or trial; it is held until the transaction ends."""
    return (await connection.fetchval(QUERIES["hear_source"], source.id, source.kind, source.sequence)) is not None


async def parties(connection: asyncpg.Connection, source: Source) -> Parties:
    """What is known of those an agreement or trial names."""
    row = await connection.fetchrow(
        QUERIES["parties"], source.municipality_id, source.system_id, list(source.service_ids)
    )
    assert row is not None
    return Parties(**{**dict(row), "service_ids": frozenset(row["service_ids"])})


async def of_source(connection: asyncpg.Connection, source_id: UUID) -> list[Present]:
    """The grants an agreement or trial has made so far."""
    rows = await connection.fetch(QUERIES["grants_of_source"], source_id)
    return [Present(row["service_id"], intervals(row["valid"])) for row in rows]


async def write(
    connection: asyncpg.Connection,
    source: Source,
    new_id: UUID,
    service_id: UUID,
    valid: Iterable[Interval],
    *,
    now: datetime,
) -> Access:
    """Write a grant's spans; `new_id` becomes its id when the source had none for the service."""
    row = await connection.fetchrow(
        QUERIES["write_grant"],
        new_id,
        source.kind,
        source.id,
        source.environment,
        source.supplier_id,
        source.system_id,
        source.municipality_id,
        service_id,
        ranges(tuple(valid)),
    )
    assert row is not None
    await connection.execute(QUERIES["add_access_history"], row["id"], now, source.sequence, row["valid"])
    return _access(row)


async def listed(connection: asyncpg.Connection, *, after: UUID | None, limit: int) -> list[Access]:
    """Every grant, by id."""
    return [_access(row) for row in await connection.fetch(QUERIES["list_access"], after, limit)]


def _access(row: asyncpg.Record) -> Access:
    return Access(**{**dict(row), "valid": intervals(row["valid"])})
