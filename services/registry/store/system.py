"""Systems in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.registry.domain.system import State, Supplier, System
from shared.audit import Actor
from shared.contracts.event import Environment
from shared.spans import intervals
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened to a system, and who did it."""

    at: datetime
    what: str
    certificate_id: UUID | None
    state: State
    actor_kind: str
    actor_id: str


async def find_supplier(connection: asyncpg.Connection, organisation_id: UUID) -> Supplier | None:
    """The organisation a system belongs to, or would."""
    row = await connection.fetchrow(QUERIES["find_supplier"], organisation_id)
    return Supplier(**{**dict(row), "kinds": tuple(row["kinds"])}) if row else None


async def add(
    connection: asyncpg.Connection,
    system_id: UUID,
    supplier_id: UUID,
    name: str,
    environment: Environment,
    *,
    now: datetime,
) -> None:
    """Write a new system; it is active from `now` on."""
    await connection.execute(QUERIES["add_system"], system_id, supplier_id, name, environment, now)


async def find(connection: asyncpg.Connection, system_id: UUID) -> System | None:
    """One system, whoever's it is."""
    row = await connection.fetchrow(QUERIES["find_system"], system_id)
    return _system(row) if row else None


async def lock(connection: asyncpg.Connection, system_id: UUID) -> System | None:
    """One system, held until the transaction ends."""
    row = await connection.fetchrow(QUERIES["lock_system"], system_id)
    return _system(row) if row else None


async def listed(
    connection: asyncpg.Connection,
    *,
    supplier_id: UUID | None,
    environment: Environment | None = None,
    state: State | None = None,
    q: str | None = None,
    after: UUID | None,
    limit: int,
) -> list[System]:
    """Systems in the order of registration: a supplier's, or everybody's. `q` is part of a name, or an id."""
    rows = await connection.fetch(QUERIES["list_systems"], supplier_id, environment, state, q, after, limit)
    return [_system(row) for row in rows]


async def rename(connection: asyncpg.Connection, system_id: UUID, name: str, *, states: list[str]) -> System | None:
    """The renamed system; None when it is in none of the states."""
    row = await connection.fetchrow(QUERIES["rename_system"], system_id, name, states)
    return _system(row) if row else None


async def change_state(
    connection: asyncpg.Connection, system_id: UUID, to: State, *, states: list[str], now: datetime
) -> System | None:
    """The system in its new state, its active span opened or closed at `now`; None when in none of the states."""
    row = await connection.fetchrow(QUERIES["change_system_state"], system_id, to, now, states)
    return _system(row) if row else None


async def remember(
    connection: asyncpg.Connection,
    system: System,
    what: str,
    actor: Actor,
    *,
    now: datetime,
    certificate_id: UUID | None = None,
) -> None:
    """Add a line to the system's history."""
    await connection.execute(
        QUERIES["add_system_history"], system.id, now, what, certificate_id, system.state, actor.kind, actor.id
    )


async def history(connection: asyncpg.Connection, system_id: UUID) -> list[HistoryLine]:
    """What happened to a system, oldest first."""
    return [HistoryLine(**dict(row)) for row in await connection.fetch(QUERIES["system_history"], system_id)]


def _system(row: asyncpg.Record) -> System:
    return System(**{**dict(row), "active": intervals(row["active"])})
