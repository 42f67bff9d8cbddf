"""Where a notice goes: an organisation's mailbox or, where it has none, those of its people it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.notifier.domain.kind import Audience
from shared.address import wire_address

Via = Literal["person", "mailbox", "invoice_mailbox", "administrators", "deciders", "economy"]
"""Why these addresses: it is what the mail tells its reader."""


@dataclass(frozen=True)
class Organisation:
    """An organisation's name and mailboxes."""

    name: str
    mailbox: str | None
    invoice_mailbox: str | None


@dataclass(frozen=True)
class Person:
    """An active person's address and roles in the organisation."""

    email: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Addressed:
    """To whom a notice goes, and why to them."""

    addresses: tuple[str, ...]
    via: Via
    organisation_name: str


class NoAddress(Exception):
    """There is nowhere to send a notice; the text says what would cure that."""


def resolve(
    audience: Audience, organisation: Organisation, people: Sequence[Person], told: str | None = None
) -> Addressed:
    """Where an organisation's notice goes at this moment. `told`: a mailbox its event named, taken last.

    Raises NoAddress.
    """
    for via, address in _mailboxes(audience, organisation, told):
        plain = wire_address(address) if address else None
        if plain:
            return Addressed((plain,), via, organisation.name)
    via, roles = _ROLES[audience]
    found = {wire_address(person.email) for person in people if person.roles & roles}
    addresses = tuple(sorted(one for one in found if one))
    if not addresses:
        raise NoAddress(
            f"{organisation.name} has no usable mailbox, and nobody active there has the role"
            f" {' or '.join(sorted(roles))}; register a mailbox or invite an administrator"
        )
    return Addressed(addresses, via, organisation.name)


_ROLES: dict[Audience, tuple[Via, frozenset[str]]] = {
    "organisation": ("administrators", frozenset({"administrator"})),
    "deciders": ("deciders", frozenset({"administrator", "signatory"})),
    "invoices": ("economy", frozenset({"administrator", "economy"})),
}


def _mailboxes(audience: Audience, organisation: Organisation, told: str | None) -> list[tuple[Via, str | None]]:
    common: list[tuple[Via, str | None]] = [("mailbox", organisation.mailbox)]
    if audience == "invoices":
        return [("invoice_mailbox", organisation.invoice_mailbox), *common, ("invoice_mailbox", told)]
    return common
