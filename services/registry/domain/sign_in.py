"""Signing in: for which organisation, and the one answer to everything that is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.registry.domain.person import Person, Standing
from shared.problem import Forbidden, TooMany, Unauthorised


@dataclass(frozen=True)
class SignedInAs:
    """A person, the organisation they act for, and those they could."""

    person: Person
    standing: Standing
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class Session:
    """A sign-in with its token. `expires_at` is in real time (UTC)."""

    token: str
    expires_at: datetime
    signed_in: SignedInAs


def address_digest(email: str) -> bytes:
    """What failures are counted by: the address itself may be anybody's."""
    return hashlib.sha256(email.strip().casefold().encode()).digest()


def choose(person: Person, standings: Sequence[Standing], organisation_id: UUID | None) -> SignedInAs:
    """The organisation asked for, or the first. Raises Forbidden, or Unauthorised when there is none at all."""
    holding = tuple(standing for standing in standings if standing.holds)
    if not holding:
        raise refused()
    if organisation_id is None:
        return SignedInAs(person, holding[0], holding)
    for standing in holding:
        if standing.organisation.id == organisation_id:
            return SignedInAs(person, standing, holding)
    raise Forbidden("sign_in.no_membership", "You have no role in that organisation; choose one of your own.")


def require_renewable(signed_in_at: datetime, *, hours: int, password_set_at: datetime | None, now: datetime) -> None:
    """Raise Unauthorised `sign_in.over` when a sign-in is too old to go on (real time).

    A sign-in from before the password was set anew ends with it: whoever had the old one is out.
    """
    ends_at = signed_in_at + timedelta(hours=hours)
    # Tokens tell whole seconds.
    replaced = password_set_at is not None and signed_in_at < password_set_at.replace(microsecond=0)
    if now >= ends_at or replaced:
        raise Unauthorised("sign_in.over", "This sign-in can't be renewed any more; sign in with the password again.")


def refused() -> Unauthorised:
    """The one answer to a wrong address, a wrong password and a person who may no longer sign in."""
    return Unauthorised("sign_in.refused", "Mail address and password do not fit each other; check both.")


def too_many(minutes: int) -> TooMany:
    return TooMany(
        "sign_in.too_many",
        f"Too many sign-ins failed for this mail address; try again in {minutes} minutes, or choose a new password.",
    )
