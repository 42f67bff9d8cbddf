"""One-time links: sent to a person's mailbox, used once to set a password."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg

from services.registry.domain.link import OpenLink, Purpose, digest, not_valid
from services.registry.domain.password import check_password
from services.registry.domain.person import Person
from services.registry.domain.sign_in import address_digest
from services.registry.passwords import Passwords
from services.registry.settings import RegistrySettings
from services.registry.store import link as store
from services.registry.store import person as people
from services.registry.store import sign_in as sign_ins
from shared.audit import Actor
from shared.contracts.registry import Link, Organisation, UserLinkIssued
from shared.database import Database, Transaction

ANYBODY = Actor("service", "registry")
"""Who to name in the audit log when somebody asked for a link without being signed in."""

_HOUR = timedelta(hours=1)


async def issue(
    tx: Transaction,
    settings: RegistrySettings,
    person: Person,
    organisation: Organisation,
    purpose: Purpose,
    *,
    asked_for: bool = False,
) -> datetime:
    """Send the person a new link, which replaces an older one; returns when it expires (platform time)."""
    secret = secrets.token_urlsafe(32)
    holds = (
        timedelta(days=settings.invitation_days)
        if purpose == "invitation"
        else timedelta(minutes=settings.reset_minutes)
    )
    link = Link(
        id=uuid4(),
        sequence=1,
        user_id=person.id,
        name=person.name,
        email=person.email,
        organisation_name=organisation.name,
        purpose=purpose,
        url=settings.link_url.format(public_url=settings.public_url.rstrip("/"), secret=secret),
        expires_at=tx.now + holds,
    )
    await store.replace(
        tx.connection,
        link.id,
        person_id=person.id,
        organisation_id=organisation.id,
        purpose=purpose,
        asked_for=asked_for,
        secret_digest=digest(secret),
        now=tx.now,
        expires_at=link.expires_at,
    )
    await tx.say(UserLinkIssued(link=link))
    return link.expires_at


async def ask(tx: Transaction, settings: RegistrySettings, email: str) -> None:
    """Send whoever has this mail address a link; nothing happens when nobody has, or after too many of them.

    Who never used their invitation gets it again: a link that holds for an hour must not replace it.
    """
    person = await people.find_by_email(tx.connection, email, to_change=True)
    if person is None:
        return
    standings = [found for found in await people.standings(tx.connection, person.id) if found.holds]
    if not standings:
        return
    if await store.asked_since(tx.connection, person.id, tx.now - _HOUR) >= settings.link_requests:
        return
    purpose: Purpose = "reset" if person.password_hash else "invitation"
    await issue(tx, settings, person, standings[0].organisation, purpose, asked_for=True)
    await tx.record(ANYBODY, "link.ask", person.id, {"purpose": purpose})


async def look(connection: asyncpg.Connection, secret: str, *, now: datetime) -> OpenLink:
    """What the link is for, without using it up. Raises NotFound `link.not_valid`."""
    found = await store.find_open(connection, digest(secret), now=now)
    if found is None:
        raise not_valid()
    return found


async def redeem(database: Database, passwords: Passwords, secret: str, password: str) -> None:
    """Use the link up and set the password. Raises NotFound `link.not_valid`, or Invalid for the password.

    A password that is not good enough leaves the link as it was.
    """
    async with database.reading() as connection:
        link = await look(connection, secret, now=database.clock.now())
    check_password(password, email=link.email)
    password_hash = await passwords.hash(password)
    async with database.transaction() as tx:
        # The person before the link, as when a new link is issued: else the two could wait for each other.
        await people.find(tx.connection, link.person_id, to_change=True)
        if await store.use(tx.connection, digest(secret), now=tx.now) is None:
            raise not_valid()
        person = await people.set_password(
            tx.connection, link.person_id, password_hash, real_now=database.clock.real_now()
        )
        await sign_ins.forget(tx.connection, address_digest(person.email))
        await tx.record(Actor("person", str(person.id)), "link.redeem", person.id, {"purpose": link.purpose})
