"""The people of an organisation as its pages show them: which roles it can give, and who looks after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.portal.domain.language import later

ROLES: dict[str, tuple[str, str]] = {
    "administrator": (
        later("Administrator"),
        later("inviterer og fjerner brugere, giver roller og retter organisationens kontaktoplysninger"),
    ),
    "signatory": (
        later("Underskriftsberettiget"),
        later("godkender, afviser og opsiger serviceaftaler på kommunens vegne"),
    ),
    "economy": (later("Økonomi"), later("ser forbrug med beløb og henter fakturaer")),
    "user": (later("Bruger"), later("ser og arbejder med det, der ikke kræver en af de andre roller")),
}
"""The roles in the order they are told in: each one's name, and what it lets people do."""
OF_KIND: dict[str, tuple[str, ...]] = {
    "supplier": ("administrator", "user"),
    "municipality": ("administrator", "signatory", "economy", "user"),
}
SUPPLIER_USER = later("registrerer it-systemer, anmoder om serviceaftaler og følger antallet af kald")


def roles_of(kinds: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The roles that an organisation of these kinds can give."""
    kinds = tuple(kinds)
    given = {role for kind in kinds for role in OF_KIND.get(kind, ())}
    found = {role: told for role, told in ROLES.items() if role in given}
    if "supplier" in kinds and "user" in found:
        found["user"] = (found["user"][0], SUPPLIER_USER)
    return found


def lacking(kinds: Iterable[str], people: Iterable[Mapping[str, Any]]) -> set[str]:
    """The roles that somebody must have and nobody active has: without them the organisation comes to a stop."""
    needed = {"administrator"} | ({"signatory"} if "municipality" in kinds else set())
    return needed - {role for one in people if one["active"] for role in one["roles"]}


def only_one_with(role: str, person_id: str, people: Iterable[Mapping[str, Any]]) -> bool:
    """Whether nobody active but this person has the role."""
    return [one["id"] for one in people if one["active"] and role in one["roles"]] == [person_id]
