"""Signing in, and who one is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, Field

from services.registry.actions import sign_in as actions
from services.registry.actions import token
from services.registry.api.asking import RegistryRuntime, Running
from services.registry.api.fields import Address, Password
from services.registry.domain.sign_in import Session, SignedInAs
from services.registry.passwords import Passwords
from services.registry.signing import SigningKeys
from shared.asking import Body
from shared.contracts.registry import OrganisationKind, Role
from shared.identity import Caller, NeedsToken, SignedIn, bearer_token
from shared.problem import Forbidden

router = APIRouter(tags=["sign-in"])


async def _renewing(request: Request, running: Running, _: NeedsToken) -> Caller:
    over_for = running.settings.sign_in_idle_minutes * 60
    return await running.verifier.caller(bearer_token(request), over_for=over_for)


Renewing = Annotated[Caller, Depends(_renewing)]
"""Whoever calls, also a person whose token ran out a little while ago."""


class SignIn(Body):
    """Mail address and password; without `organisation_id` it is the person's first organisation by name."""

    email: Address
    password: Password = Field(repr=False)
    organisation_id: UUID | None = None


class ChosenOrganisation(Body):
    """Which of the person's organisations to act for."""

    organisation_id: UUID


class PersonShown(BaseModel):
    """The signed-in person."""

    id: UUID
    name: str
    email: str


class OrganisationShown(BaseModel):
    """The organisation the person acts for."""

    id: UUID
    name: str
    kinds: tuple[OrganisationKind, ...]
    test: bool


class MembershipShown(BaseModel):
    """An organisation the person could act for, and their roles there."""

    organisation_id: UUID
    name: str
    kinds: tuple[OrganisationKind, ...]
    roles: tuple[Role, ...]


class Me(BaseModel):
    """A person, the organisation they act for with their roles there, and all they could act for."""

    person: PersonShown
    organisation: OrganisationShown
    roles: tuple[Role, ...]
    memberships: tuple[MembershipShown, ...]


class SignedInShown(Me):
    """A sign-in: send `token` as `Authorization: Bearer …` until `expires_at` (real time, UTC)."""

    token: str
    expires_at: AwareDatetime


@router.post("/sign-in")
async def sign_in(body: SignIn, running: Running) -> SignedInShown:
    """Sign in. 401 `sign_in.refused` whatever was wrong; 429 `sign_in.too_many` after too many failures."""
    signed_in = await actions.with_password(
        running.database,
        running.get(Passwords),
        running.settings,
        email=body.email,
        password=body.password,
        organisation_id=body.organisation_id,
    )
    return _session(running, signed_in)


@router.post("/sign-in/organisation")
async def sign_in_to_organisation(body: ChosenOrganisation, running: Running, caller: Renewing) -> SignedInShown:
    """Act for another of one's organisations, or renew the sign-in for the same one.

    A token that has run out is renewed too, for `SP_SIGN_IN_IDLE_MINUTES`; a system's never. 401 `sign_in.over`
    when signing in was `SP_SIGN_IN_HOURS` ago, or before the password was set anew; 403 `sign_in.no_membership`.
    """
    _require_person(caller)
    assert caller.signed_in_at is not None  # every token says when it was made
    signed_in = await actions.for_organisation(
        running.database,
        running.settings,
        person_id=caller.id,
        acts_for=caller.organisation_id,
        organisation_id=body.organisation_id,
        signed_in_at=caller.signed_in_at,
    )
    return _session(running, signed_in, since=caller.signed_in_at)


@router.get("/me")
async def me(running: Running, caller: SignedIn) -> Me:
    """The signed-in person as things stand now, which may be newer than the token."""
    _require_person(caller)
    async with running.database.reading() as connection:
        found = await actions.present(connection, person_id=caller.id, organisation_id=caller.organisation_id)
    return Me(**_shown(found))


def _require_person(caller: Caller) -> None:
    if caller.kind != "person":
        raise Forbidden("rights.person_only", "This is for people; a system has its own sign-in.")


def _session(running: RegistryRuntime, signed_in: SignedInAs, *, since: datetime | None = None) -> SignedInShown:
    keys = running.get(SigningKeys)
    session: Session = token.for_person(keys, running.settings, running.clock, signed_in, since=since)
    return SignedInShown(token=session.token, expires_at=session.expires_at, **_shown(signed_in))


def _shown(found: SignedInAs) -> dict[str, object]:
    organisation = found.standing.organisation
    return {
        "person": PersonShown(id=found.person.id, name=found.person.name, email=found.person.email),
        "organisation": OrganisationShown(
            id=organisation.id, name=organisation.name, kinds=organisation.kinds, test=organisation.test
        ),
        "roles": found.standing.roles,
        "memberships": tuple(
            MembershipShown(
                organisation_id=standing.organisation.id,
                name=standing.organisation.name,
                kinds=standing.organisation.kinds,
                roles=standing.roles,
            )
            for standing in found.standings
        ),
    }
