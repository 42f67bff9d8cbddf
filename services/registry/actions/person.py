"""Inviting people into an organisation and changing their place in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from services.registry.actions import link as links
from services.registry.actions import organisation as organisations
from services.registry.domain.person import (
    Member,
    Person,
    as_user,
    checked_roles,
    require_chief_left,
)
from services.registry.settings import RegistrySettings
from services.registry.store import person as store
from shared.audit import Actor
from shared.contracts.registry import Role, UserChanged, UserCreated, UserRestated
from shared.database import Transaction
from shared.problem import Conflict, Forbidden, NotFound


@dataclass(frozen=True)
class Invited:
    """A member with a fresh invitation. `expires_at` is in platform time (UTC)."""

    member: Member
    expires_at: datetime


async def invite(
    tx: Transaction,
    actor: Actor,
    settings: RegistrySettings,
    organisation_id: UUID,
    *,
    name: str,
    email: str,
    roles: Collection[Role],
) -> Invited:
    """Give whoever has this mail address these roles, and send a link to set a password.

    A person the platform knows keeps their name and gets a place here; otherwise they are new. Raises NotFound,
    Invalid `person.roles`, Conflict `person.exists`.
    """
    organisation = await organisations.get(tx, organisation_id)
    given = checked_roles(organisation.kinds, roles)
    person = await store.add(tx.connection, uuid4(), name=name, email=email, now=tx.now)
    new = person is not None
    if person is None:
        person = await store.find_by_email(tx.connection, email, to_change=True)
        assert person is not None  # people are never deleted
        await _require_no_place(tx, person.id, organisation_id)
        person = await store.change(tx.connection, person.id, name=person.name)
    await store.put_membership(tx.connection, person.id, organisation_id, roles=given, active=True, now=tx.now)
    user = as_user(person, await store.standings(tx.connection, person.id))
    await tx.say(UserCreated(user=user) if new else UserChanged(user=user))
    await tx.record(
        actor, "person.invite", person.id, {"organisation_id": str(organisation_id), "roles": list(given)}
    )
    expires_at = await links.issue(tx, settings, person, organisation, "invitation")
    return Invited(Member(person, given, active=True), expires_at)


async def _require_no_place(tx: Transaction, person_id: UUID, organisation_id: UUID) -> None:
    for standing in await store.standings(tx.connection, person_id):
        if standing.active and standing.organisation.id == organisation_id:
            raise Conflict(
                "person.exists", "A person with this mail address is in the organisation already; change their roles."
            )


async def invite_again(
    tx: Transaction, actor: Actor, settings: RegistrySettings, organisation_id: UUID, person_id: UUID
) -> Invited:
    """Send the link once more; the older one ends. Raises NotFound, Conflict `person.not_active`."""
    organisation = await organisations.get(tx, organisation_id)
    member = await _member(tx, organisation_id, person_id)
    if not member.active:
        raise Conflict("person.not_active", "This person's place in the organisation has ended; set active first.")
    expires_at = await links.issue(tx, settings, member.person, organisation, "invitation")
    await tx.record(actor, "person.invite_again", person_id, {"organisation_id": str(organisation_id)})
    return Invited(member, expires_at)


async def change(
    tx: Transaction,
    actor: Actor,
    organisation_id: UUID,
    person_id: UUID,
    *,
    name: str | None,
    roles: Collection[Role] | None,
    active: bool | None,
    any_name: bool,
) -> Member:
    """Change what is not None; nothing happens when it is so already.

    `any_name`: may also rename a person who acts for other organisations. Raises NotFound, Invalid
    `person.roles`, Forbidden `person.name_shared`, Conflict `person.last_administrator`.
    """
    organisation = await organisations.get(tx, organisation_id)
    before = await store.members(tx.connection, organisation_id)
    old = await _member(tx, organisation_id, person_id)
    if name is not None and name != old.person.name and not any_name:
        await _require_only_here(tx, organisation_id, person_id)
    given = old.roles if roles is None else checked_roles(organisation.kinds, roles)
    new = Member(old.person, given, old.active if active is None else active)
    if new.active and not old.active:
        checked_roles(organisation.kinds, given)  # the organisation's kinds may have changed meanwhile
    require_chief_left(before, new)
    if new == old and name in {None, old.person.name}:
        return old
    person = await store.change(tx.connection, person_id, name=name or old.person.name)
    await store.put_membership(
        tx.connection, person_id, organisation_id, roles=new.roles, active=new.active, now=tx.now
    )
    await _say_changed(tx, person)
    await tx.record(
        actor,
        "person.change",
        person_id,
        {
            "organisation_id": str(organisation_id),
            "roles": list(new.roles),
            "active": new.active,
            "renamed": person.name != old.person.name,
        },
    )
    return Member(person, new.roles, new.active)


async def _member(tx: Transaction, organisation_id: UUID, person_id: UUID) -> Member:
    person = await store.find(tx.connection, person_id, to_change=True)
    if person is not None:
        for standing in await store.standings(tx.connection, person_id):
            if standing.organisation.id == organisation_id:
                return Member(person, standing.roles, standing.active)
    raise NotFound("person.unknown", f"There is no person {person_id} in this organisation.")


async def _require_only_here(tx: Transaction, organisation_id: UUID, person_id: UUID) -> None:
    standings = await store.standings(tx.connection, person_id)
    if any(standing.active and standing.organisation.id != organisation_id for standing in standings):
        raise Forbidden(
            "person.name_shared", "This person acts for other organisations too: only the helpdesk can rename them."
        )


async def _say_changed(tx: Transaction, person: Person) -> None:
    await tx.say(UserChanged(user=as_user(person, await store.standings(tx.connection, person.id))))


async def restate(tx: Transaction) -> int:
    """Say the present state of every person; how many there are."""
    found = await store.every(tx.connection)
    for person in found:
        await tx.say(UserRestated(user=as_user(person, await store.standings(tx.connection, person.id))))
    return len(found)
