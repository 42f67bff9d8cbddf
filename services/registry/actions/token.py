"""Tokens for signed-in people."""

from __future__ import annotations

from datetime import datetime

from services.registry.domain.sign_in import Session, SignedInAs
from services.registry.settings import RegistrySettings
from services.registry.signing import SigningKeys
from shared.clock import Clock
from shared.identity import Claims


def for_person(
    keys: SigningKeys,
    settings: RegistrySettings,
    clock: Clock,
    signed_in: SignedInAs,
    *,
    since: datetime | None = None,
) -> Session:
    """A token for the person in the organisation they chose; `since`: when they signed in, left out: now.

    It holds no longer than the sign-in can be renewed for.
    """
    now = int(clock.real())
    auth_time = now if since is None else int(since.timestamp())
    left = auth_time + settings.sign_in_hours * 3600 - now
    organisation = signed_in.standing.organisation
    claims = Claims(
        sub=signed_in.person.id,
        kind="person",
        org=organisation.id,
        org_kinds=organisation.kinds,
        roles=signed_in.standing.roles,
        test=organisation.test,
        auth_time=auth_time,
    )
    minted = keys.mint(claims, real_now=now, seconds=min(settings.person_token_seconds, left))
    return Session(minted.token, minted.expires_at, signed_in)
