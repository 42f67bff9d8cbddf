"""People sign in with mail address and password, and choose which organisation they act for."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from services.registry.domain.sign_in import SignedInAs, address_digest, choose, refused, require_renewable, too_many
from services.registry.passwords import Passwords
from services.registry.settings import RegistrySettings
from services.registry.store import person as people
from services.registry.store import sign_in as store
from shared.audit import Actor
from shared.database import Database


async def with_password(
    database: Database,
    passwords: Passwords,
    settings: RegistrySettings,
    *,
    email: str,
    password: str,
    organisation_id: UUID | None,
) -> SignedInAs:
    """Who this is, for the organisation asked for or the first by name.

    Raises Unauthorised `sign_in.refused` (the same, after the same time, whatever is wrong), TooMany
    `sign_in.too_many`, Forbidden `sign_in.no_membership`.
    """
    address = address_digest(email)
    await _count(database, settings, address)
    async with database.reading() as connection:
        person = await people.find_by_email(connection, email)
    # Outside of any transaction: it takes long enough to run out of connections.
    fits = await passwords.check(person.password_hash if person else None, password)
    if person is None or not fits:
        raise refused()
    async with database.transaction() as tx:
        signed_in = await _standing(tx.connection, person.id, organisation_id)
        await store.forget(tx.connection, address)
        organisation = signed_in.standing.organisation
        await tx.record(Actor("person", str(person.id), organisation.id), "sign_in", organisation.id)
    return signed_in


async def for_organisation(
    database: Database,
    settings: RegistrySettings,
    *,
    person_id: UUID,
    acts_for: UUID,
    organisation_id: UUID,
    signed_in_at: datetime,
) -> SignedInAs:
    """The signed-in person in one of their organisations, as things stand now. Raises as `with_password`.

    Going on for the organisation they act for already is no act of its own, and is not audited.

    Raises Unauthorised `sign_in.over` too, when the sign-in is too old to go on.
    """
    async with database.transaction() as tx:
        signed_in = await _standing(tx.connection, person_id, organisation_id)
        require_renewable(
            signed_in_at,
            hours=settings.sign_in_hours,
            password_set_at=signed_in.person.password_set_at,
            now=database.clock.real_now(),
        )
        if organisation_id != acts_for:
            await tx.record(Actor("person", str(person_id), organisation_id), "sign_in.organisation", organisation_id)
    return signed_in


async def present(connection: asyncpg.Connection, *, person_id: UUID, organisation_id: UUID) -> SignedInAs:
    """The signed-in person as things stand now."""
    return await _standing(connection, person_id, organisation_id)


async def _standing(connection: asyncpg.Connection, person_id: UUID, organisation_id: UUID | None) -> SignedInAs:
    person = await people.find(connection, person_id)
    if person is None:
        raise refused()
    return choose(person, await people.standings(connection, person_id), organisation_id)


async def _count(database: Database, settings: RegistrySettings, address: bytes) -> None:
    async with database.transaction() as tx:
        allowed = await store.begin(
            tx.connection,
            address,
            most=settings.sign_in_failures,
            since=tx.now - timedelta(minutes=settings.sign_in_minutes),
            now=tx.now,
        )
    if not allowed:
        raise too_many(settings.sign_in_minutes)
