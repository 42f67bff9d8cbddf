"""What the helpdesk finds things by: a person's mail address or id, a certificate's number or thumbprint."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints

from services.registry.actions import finding as actions
from services.registry.api.asking import Running
from services.registry.api.fields import Address
from services.registry.api.system_shown import CertificateShown
from services.registry.domain.person import Person, Standing
from services.registry.domain.serial import LONGEST_SERIAL_TEXT
from services.registry.store import person as people
from shared.asking import Body
from shared.contracts.event import Environment
from shared.contracts.registry import OrganisationKind, Role
from shared.identity import SignedIn
from shared.problem import NotFound

router = APIRouter(tags=["helpdesk"])


class Whose(Body):
    """A mail address; sent in a body, because addresses of pages and requests are logged."""

    email: Address


class PlaceShown(BaseModel):
    """A person's place in one organisation; `active` false: it has ended."""

    organisation_id: UUID
    organisation_name: str
    kinds: tuple[OrganisationKind, ...]
    roles: tuple[Role, ...]
    active: bool


class PersonShown(BaseModel):
    """A person with all their places. `signed_up`: they have set a password."""

    id: UUID
    name: str
    email: str
    signed_up: bool
    places: list[PlaceShown]

    @classmethod
    def of(cls, person: Person, standings: list[Standing]) -> Self:
        return cls(
            id=person.id,
            name=person.name,
            email=person.email,
            signed_up=person.password_hash is not None,
            places=[
                PlaceShown(
                    organisation_id=one.organisation.id,
                    organisation_name=one.organisation.name,
                    kinds=one.organisation.kinds,
                    roles=one.roles,
                    active=one.active,
                )
                for one in standings
            ],
        )


class PersonNamed(BaseModel):
    """A person's name."""

    id: UUID
    name: str


class CertificateFound(BaseModel):
    """A certificate that fits, and the system it is or was bound to."""

    system_id: UUID
    system_name: str
    supplier_id: UUID
    supplier_name: str
    environment: Environment
    certificate: CertificateShown


class CertificatesFound(BaseModel):
    """The certificates a number fits, those bound last first; at most 50."""

    items: list[CertificateFound]


@router.post("/people/find")
async def find_person(body: Whose, running: Running, caller: SignedIn) -> PersonShown:
    """Whose mail address this is (helpdesk). 404 `person.unknown`."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        person = await people.find_by_email(connection, body.email)
        standings = await people.standings(connection, person.id) if person else []
    if person is None:
        raise NotFound("person.unknown", "Nobody has this mail address.")
    return PersonShown.of(person, standings)


@router.get("/people")
async def name_people(
    running: Running,
    caller: SignedIn,
    ids: Annotated[list[UUID], Query(alias="id", min_length=1, max_length=500, description="Whose names")],
) -> list[PersonNamed]:
    """The names of people whom timelines and audit logs name by id (helpdesk); unknown ids are left out."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        found = await people.names(connection, ids)
    return [PersonNamed(id=person_id, name=name) for person_id, name in found.items()]


@router.get("/people/{person_id}")
async def show_person(person_id: UUID, running: Running, caller: SignedIn) -> PersonShown:
    """Who it is that a timeline or an audit log names by their id (helpdesk). 404 `person.unknown`."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        person = await people.find(connection, person_id)
        standings = await people.standings(connection, person_id) if person else []
    if person is None:
        raise NotFound("person.unknown", f"There is no person {person_id}.")
    return PersonShown.of(person, standings)


@router.get("/certificates")
async def find_certificates(
    text: Annotated[
        str,
        StringConstraints(min_length=1, max_length=LONGEST_SERIAL_TEXT),
        Query(description="A serial number (the certificate's or its holder's) or a thumbprint, as people write it"),
    ],
    running: Running,
    caller: SignedIn,
) -> CertificatesFound:
    """Whose certificate this is (helpdesk), those that were ended too. 422 where it can be no such number."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        found = await actions.certificates(connection, text)
    now = running.clock.now()
    return CertificatesFound(
        items=[
            CertificateFound(
                system_id=system.id,
                system_name=system.name,
                supplier_id=system.supplier_id,
                supplier_name=system.supplier_name,
                environment=system.environment,
                certificate=CertificateShown.of(bound, now),
            )
            for bound, system in found
        ]
    )
