"""People: which roles an organisation can give, and who must be left in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.contracts.registry import Membership, Organisation, OrganisationKind, Role, User
from shared.problem import Conflict, Invalid

ROLES: dict[OrganisationKind, tuple[Role, ...]] = {
    "operator": ("helpdesk",),
    "supplier": ("administrator", "user"),
    "municipality": ("administrator", "signatory", "economy", "user"),
}
"""The roles of each kind of organisation; one that is of several kinds has them all."""

_ORDER: tuple[Role, ...] = ("helpdesk", "administrator", "signatory", "economy", "user")
_CHIEFS: frozenset[Role] = frozenset({"helpdesk", "administrator"})


@dataclass(frozen=True)
class Person:
    """A person as the registry keeps them; None as password hash: they have not yet set one."""

    id: UUID
    sequence: int
    name: str
    email: str
    password_hash: str | None = field(repr=False)
    password_set_at: datetime | None = None
    """In real time (UTC), like the sign-ins that a new password ends."""


@dataclass(frozen=True)
class Standing:
    """A person's place in one organisation."""

    organisation: Organisation
    roles: tuple[Role, ...]
    active: bool

    @property
    def holds(self) -> bool:
        """Whether the person can act for the organisation now."""
        return self.active and self.organisation.active


@dataclass(frozen=True)
class Member:
    """A person as their organisation sees them."""

    person: Person
    roles: tuple[Role, ...]
    active: bool


def checked_roles(kinds: Collection[OrganisationKind], roles: Collection[Role]) -> tuple[Role, ...]:
    """Each role once, in a fixed order. Raises Invalid `person.roles`."""
    allowed = {role for kind in kinds for role in ROLES[kind]}
    if wrong := [role for role in _ORDER if role in roles and role not in allowed]:
        raise Invalid(
            "person.roles",
            f"{', '.join(wrong)}: not a role in this organisation. It has: {', '.join(_sorted(allowed))}.",
        )
    if not roles:
        raise Invalid("person.roles", f"A person needs at least one role of: {', '.join(_sorted(allowed))}.")
    return _sorted(roles)


def _sorted(roles: Collection[Role]) -> tuple[Role, ...]:
    return tuple(role for role in _ORDER if role in roles)


def chief(member: Member) -> bool:
    """Whether this person may look after the organisation's people."""
    return member.active and bool(_CHIEFS & set(member.roles))


def require_chief_left(before: Iterable[Member], after: Member) -> None:
    """Raise Conflict `person.last_administrator` when the change would leave nobody to look after the people."""
    others = [member for member in before if member.person.id != after.person.id]
    was = next((member for member in before if member.person.id == after.person.id), None)
    if was is not None and chief(was) and not chief(after) and not any(chief(member) for member in others):
        raise Conflict(
            "person.last_administrator",
            "This is the organisation's last administrator: give another person that role first.",
        )


def as_user(person: Person, standings: Iterable[Standing]) -> User:
    """The person as others may know them: memberships that ended are left out."""
    memberships = tuple(
        Membership(organisation_id=standing.organisation.id, roles=standing.roles)
        for standing in standings
        if standing.active
    )
    return User(
        id=person.id,
        sequence=person.sequence,
        name=person.name,
        email=person.email,
        memberships=memberships,
        active=bool(memberships),
    )
