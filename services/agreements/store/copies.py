"""Copies of organisations, systems and services: the highest sequence is kept, whatever the order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg

from services.agreements.domain import request as domain
from shared.contracts import registry
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def keep_organisation(connection: asyncpg.Connection, told: registry.Organisation) -> None:
    await connection.execute(
        QUERIES["keep_organisation"], told.id, told.sequence, told.name, list(told.kinds), told.test, told.active
    )


async def keep_system(connection: asyncpg.Connection, told: registry.System) -> None:
    await connection.execute(
        QUERIES["keep_system"],
        told.id,
        told.sequence,
        told.supplier_id,
        told.supplier_name,
        told.name,
        told.environment,
        told.state,
    )


async def keep_service(connection: asyncpg.Connection, told: registry.Service) -> None:
    await connection.execute(QUERIES["keep_service"], told.id, told.sequence, told.name, told.version, told.state)


async def lock_system(connection: asyncpg.Connection, system_id: UUID) -> domain.System | None:
    """The system, locked for the transaction: two requests for the same system come one after the other."""
    row = await connection.fetchrow(QUERIES["lock_system"], system_id)
    return domain.System(**dict(row)) if row else None


async def system_state(connection: asyncpg.Connection, system_id: UUID) -> str | None:
    state: str | None = await connection.fetchval(QUERIES["system_state"], system_id)
    return state


async def services(connection: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, domain.Service]:
    """Those of these services that are known."""
    rows = await connection.fetch(QUERIES["services"], list(ids))
    return {row["id"]: domain.Service(**dict(row)) for row in rows}


async def organisations(connection: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, domain.Organisation]:
    """Those of these organisations that are known."""
    rows = await connection.fetch(QUERIES["organisations"], list(ids))
    return {row["id"]: _organisation(row) for row in rows}


async def trial_municipality(connection: asyncpg.Connection) -> domain.Organisation | None:
    """The platform's own municipality for trial calls."""
    row = await connection.fetchrow(QUERIES["trial_municipality"])
    return _organisation(row) if row else None


def _organisation(row: asyncpg.Record) -> domain.Organisation:
    return domain.Organisation(
        id=row["id"], name=row["name"], kinds=frozenset(row["kinds"]), test=row["test"], active=row["active"]
    )
