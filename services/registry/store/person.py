"""People and their memberships in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.registry.domain.person import Member, Person, Standing
from services.registry.store.organisation import organisation_of
from shared.contracts.registry import Role
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def add(
    connection: asyncpg.Connection, person_id: UUID, *, name: str, email: str, now: datetime
) -> Person | None:
    """A new person; None when the mail address is somebody's already."""
    row = await connection.fetchrow(QUERIES["add"], person_id, name, email, now)
    return _person(row) if row else None


async def find(connection: asyncpg.Connection, person_id: UUID, *, to_change: bool = False) -> Person | None:
    row = await connection.fetchrow(QUERIES["find_to_change" if to_change else "find"], person_id)
    return _person(row) if row else None


async def find_by_email(connection: asyncpg.Connection, email: str, *, to_change: bool = False) -> Person | None:
    """Whose mail address this is, without regard to case."""
    row = await connection.fetchrow(QUERIES["find_by_email_to_change" if to_change else "find_by_email"], email)
    return _person(row) if row else None


async def change(connection: asyncpg.Connection, person_id: UUID, *, name: str) -> Person:
    """The person's next version."""
    row = await connection.fetchrow(QUERIES["change"], person_id, name)
    assert row is not None
    return _person(row)


async def set_password(
    connection: asyncpg.Connection, person_id: UUID, password_hash: str, *, real_now: datetime
) -> Person:
    row = await connection.fetchrow(QUERIES["set_password"], person_id, password_hash, real_now)
    assert row is not None
    return _person(row)


async def put_membership(
    connection: asyncpg.Connection,
    person_id: UUID,
    organisation_id: UUID,
    *,
    roles: tuple[Role, ...],
    active: bool,
    now: datetime,
) -> None:
    """Give the person this place in the organisation, instead of the one they may have had."""
    await connection.execute(QUERIES["put_membership"], person_id, organisation_id, list(roles), active, now)


async def standings(connection: asyncpg.Connection, person_id: UUID) -> list[Standing]:
    """All the person's places, ended ones too, in the order of the organisations' names."""
    rows = await connection.fetch(QUERIES["standings"], person_id)
    return [Standing(organisation_of(row), tuple(row["held_roles"]), row["held"]) for row in rows]


async def members(connection: asyncpg.Connection, organisation_id: UUID) -> list[Member]:
    """Everybody who has or had a place in the organisation, in the order of names."""
    return [_member(row) for row in await connection.fetch(QUERIES["members"], organisation_id)]


async def members_listed(
    connection: asyncpg.Connection, organisation_id: UUID, *, after: UUID | None, limit: int
) -> list[Member]:
    return [_member(row) for row in await connection.fetch(QUERIES["members_listed"], organisation_id, after, limit)]


async def names(connection: asyncpg.Connection, person_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of those of these people who are known."""
    return {row["id"]: row["name"] for row in await connection.fetch(QUERIES["names"], person_ids)}


async def every(connection: asyncpg.Connection) -> list[Person]:
    return [_person(row) for row in await connection.fetch(QUERIES["all"])]


def _person(row: asyncpg.Record) -> Person:
    return Person(row["id"], row["sequence"], row["name"], row["email"], row["password_hash"], row["password_set_at"])


def _member(row: asyncpg.Record) -> Member:
    return Member(_person(row), tuple(row["roles"]), row["active"])
