"""Creating and changing organisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.registry.domain.organisation import checked
from services.registry.domain.person import checked_roles
from services.registry.store import organisation as store
from services.registry.store import person as people
from shared.audit import Actor
from shared.contracts.registry import (
    Organisation,
    OrganisationChanged,
    OrganisationCreated,
    OrganisationKind,
    OrganisationRestated,
)
from shared.database import Transaction
from shared.problem import Conflict, Invalid, NotFound


async def create(tx: Transaction, actor: Actor, organisation: Organisation) -> Organisation:
    """Add an organisation. Raises Invalid for a number that does not hold, Conflict for one that is taken."""
    new = checked(organisation)
    await store.add(tx.connection, new, now=tx.now)
    await tx.say(OrganisationCreated(organisation=new))
    await tx.record(actor, "organisation.create", new.id, {"kinds": list(new.kinds), "test": new.test})
    return new


async def change(tx: Transaction, actor: Actor, organisation_id: UUID, changes: Mapping[str, Any]) -> Organisation:
    """Set these fields; nothing happens when they are so already. Raises NotFound, Invalid, Conflict."""
    old = await get(tx, organisation_id)
    new = checked(old.model_copy(update={**changes}))
    if new == old:
        return old
    if "operator" in old.kinds and (new.kinds != old.kinds or not new.active):
        raise Conflict(
            "organisation.operator", "The platform's operator stays what it is: neither kinds nor active can change."
        )
    if new.kinds != old.kinds:
        await _require_roles_still_fit(tx, new.id, new.kinds)
    new = new.model_copy(update={"sequence": old.sequence + 1})
    await store.change(tx.connection, new)
    await tx.say(OrganisationChanged(organisation=new))
    changed = sorted(field for field in changes if getattr(new, field) != getattr(old, field))
    await tx.record(actor, "organisation.change", new.id, {"fields": changed})
    return new


async def _require_roles_still_fit(
    tx: Transaction, organisation_id: UUID, kinds: tuple[OrganisationKind, ...]
) -> None:
    for member in await people.members(tx.connection, organisation_id):
        if not member.active:
            continue
        try:
            checked_roles(kinds, member.roles)
        except Invalid as error:
            raise Conflict(
                "organisation.roles_in_use",
                f"People in it have roles that would no longer exist; change those first. {error.detail}",
            ) from None


async def get(tx: Transaction, organisation_id: UUID) -> Organisation:
    """The organisation, kept from other changes until the transaction ends. Raises NotFound."""
    found = await store.find(tx.connection, organisation_id, to_change=True)
    if found is None:
        raise not_found(organisation_id)
    return found


def not_found(organisation_id: UUID) -> NotFound:
    return NotFound("organisation.unknown", f"There is no organisation {organisation_id} that you may see.")


async def restate(tx: Transaction) -> int:
    """Say the present state of every organisation; how many there are."""
    found = await store.every(tx.connection)
    for organisation in found:
        await tx.say(OrganisationRestated(organisation=organisation))
    return len(found)
