"""Tokens for signed-in people."""

from __future__ import annotations

from services.registry.domain.sign_in import Session, SignedInAs
from services.registry.settings import RegistrySettings
from services.registry.signing import SigningKeys
from shared.clock import Clock
from shared.identity import Claims


def for_person(keys: SigningKeys, settings: RegistrySettings, clock: Clock, signed_in: SignedInAs) -> Session:
    """A token for the person in the organisation they chose."""
    organisation = signed_in.standing.organisation
    claims = Claims(
        sub=signed_in.person.id,
        kind="person",
        org=organisation.id,
        org_kinds=organisation.kinds,
        roles=signed_in.standing.roles,
        test=organisation.test,
    )
    minted = keys.mint(claims, real_now=clock.real(), seconds=settings.person_token_seconds)
    return Session(minted.token, minted.expires_at, signed_in)
