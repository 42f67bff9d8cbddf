"""An organisation's people: invited and looked after by its administrator or the helpdesk."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.registry.actions import organisation as organisations
from services.registry.actions import person as actions
from services.registry.api.asking import Running
from services.registry.api.fields import Address
from services.registry.api.rights import require_administrator, require_colleague
from services.registry.domain.person import Member
from services.registry.store import organisation as organisation_store
from services.registry.store import person as store
from shared.asking import Body
from shared.contracts.registry import Role
from shared.identity import SignedIn
from shared.page import After, Limit, Page, page
from shared.text import Line

router = APIRouter(tags=["people"])

Roles = Annotated[tuple[Role, ...], Field(min_length=1, max_length=5)]


class NewPerson(Body):
    """A person to invite. Roles: administrator and user; in a municipality also signatory and economy."""

    name: Line
    email: Address
    roles: Roles


class PersonChanges(Body):
    """What to change; what is left out stays. `active` false ends the person's place in this organisation."""

    name: Line | None = None
    roles: Roles | None = None
    active: bool | None = None


class MemberShown(BaseModel):
    """A person as their organisation sees them. `signed_up`: they have set a password."""

    id: UUID
    name: str
    email: str
    roles: tuple[Role, ...]
    active: bool
    signed_up: bool


class ColleagueShown(BaseModel):
    """A person as the others of the organisation see them: who they are and what they may do."""

    id: UUID
    name: str
    roles: tuple[Role, ...]
    active: bool


class InvitedShown(MemberShown):
    """A person who is sent a link; it holds until `link_expires_at` (platform time, UTC)."""

    link_expires_at: AwareDatetime


@router.post("/organisations/{organisation_id}/people", status_code=201)
async def invite_person(organisation_id: UUID, body: NewPerson, running: Running, caller: SignedIn) -> InvitedShown:
    """Invite a person by mail. Who has the mail address already keeps their name and gets a place here too.

    409 `person.exists`; 422 `person.roles`.
    """
    require_administrator(caller, organisation_id)
    async with running.database.transaction() as tx:
        invited = await actions.invite(
            tx,
            caller.actor,
            running.settings,
            organisation_id,
            name=body.name,
            email=body.email,
            roles=body.roles,
        )
    return _invited(invited)


@router.get("/organisations/{organisation_id}/people")
async def list_people(
    organisation_id: UUID, running: Running, caller: SignedIn, limit: Limit = 100, after: After = None
) -> Page[MemberShown]:
    """The organisation's people in the order of Danish names, those whose place has ended too."""
    require_administrator(caller, organisation_id)
    async with running.database.reading() as connection:
        if await organisation_store.find(connection, organisation_id) is None:
            raise organisations.not_found(organisation_id)
        found = await store.members_listed(connection, organisation_id, after=after, limit=limit + 1)
    return page(found, limit, _member)


@router.get("/organisations/{organisation_id}/colleagues")
async def list_colleagues(
    organisation_id: UUID, running: Running, caller: SignedIn, limit: Limit = 100, after: After = None
) -> Page[ColleagueShown]:
    """Who else is in the organisation and with which roles, for all its people: whom to ask, and who did what."""
    require_colleague(caller, organisation_id)
    async with running.database.reading() as connection:
        if await organisation_store.find(connection, organisation_id) is None:
            raise organisations.not_found(organisation_id)
        found = await store.members_listed(connection, organisation_id, after=after, limit=limit + 1)
    return page(found, limit, _colleague)


@router.patch("/organisations/{organisation_id}/people/{person_id}")
async def change_person(
    organisation_id: UUID, person_id: UUID, body: PersonChanges, running: Running, caller: SignedIn
) -> MemberShown:
    """Rename a person, change their roles, or end or resume their place in the organisation.

    409 `person.last_administrator`; 403 `person.name_shared` for who acts for other organisations too.
    """
    require_administrator(caller, organisation_id)
    async with running.database.transaction() as tx:
        member = await actions.change(
            tx,
            caller.actor,
            organisation_id,
            person_id,
            name=body.name,
            roles=body.roles,
            active=body.active,
            any_name=caller.helpdesk,
        )
    return _member(member)


@router.post("/organisations/{organisation_id}/people/{person_id}/invitation")
async def invite_again(organisation_id: UUID, person_id: UUID, running: Running, caller: SignedIn) -> InvitedShown:
    """Send the person a new link; the one sent before can't be used any more. 409 `person.not_active`."""
    require_administrator(caller, organisation_id)
    async with running.database.transaction() as tx:
        invited = await actions.invite_again(tx, caller.actor, running.settings, organisation_id, person_id)
    return _invited(invited)


def _member(member: Member) -> MemberShown:
    return MemberShown(
        id=member.person.id,
        name=member.person.name,
        email=member.person.email,
        roles=member.roles,
        active=member.active,
        signed_up=member.person.password_hash is not None,
    )


def _colleague(member: Member) -> ColleagueShown:
    return ColleagueShown(id=member.person.id, name=member.person.name, roles=member.roles, active=member.active)


def _invited(invited: actions.Invited) -> InvitedShown:
    return InvitedShown(**_member(invited.member).model_dump(), link_expires_at=invited.expires_at)
