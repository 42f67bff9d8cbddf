"""The service catalogue in the database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

import asyncpg

from services.registry.domain.catalogue import Service, ServiceState
from shared.audit import Actor
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def add(
    connection: asyncpg.Connection,
    service_id: UUID,
    *,
    name: str,
    version: str,
    number: str | None,
    entity_id: str | None,
    description: str,
    data_categories: str,
    now: datetime,
) -> Service | None:
    """The new service; None when its id, or its name and version, are taken."""
    row = await connection.fetchrow(
        QUERIES["add_service"], service_id, name, version, number, entity_id, description, data_categories, now
    )
    return Service(**dict(row)) if row else None


async def find(connection: asyncpg.Connection, service_id: UUID) -> Service | None:
    """One service of the catalogue."""
    row = await connection.fetchrow(QUERIES["find_service"], service_id)
    return Service(**dict(row)) if row else None


async def listed(
    connection: asyncpg.Connection, *, q: str | None, state: ServiceState | None, after: UUID | None, limit: int
) -> list[Service]:
    """The catalogue in alphabetical order, from after a service on."""
    rows = await connection.fetch(QUERIES["list_services"], q, after, limit, state)
    return [Service(**dict(row)) for row in rows]


async def change(
    connection: asyncpg.Connection,
    service_id: UUID,
    *,
    description: str | None,
    data_categories: str | None,
    state: ServiceState | None,
) -> Service | None:
    """The service as changed; None when nothing of it changed, or there is no such service."""
    row = await connection.fetchrow(QUERIES["change_service"], service_id, description, data_categories, state)
    return Service(**dict(row)) if row else None


async def remember(
    connection: asyncpg.Connection,
    service: Service,
    what: Literal["published", "changed"],
    actor: Actor,
    *,
    now: datetime,
) -> None:
    """Add a line to the service's history."""
    await connection.execute(
        QUERIES["add_service_history"], service.id, now, what, service.state, actor.kind, actor.id
    )
