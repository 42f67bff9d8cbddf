"""Organisations: created by the helpdesk, looked after by their own administrators."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from services.registry.actions import organisation as actions
from services.registry.actions import person as people
from services.registry.api.asking import Running
from services.registry.api.fields import Address
from services.registry.domain.organisation import OWN_FIELDS, in_order
from services.registry.store import organisation as store
from services.registry.store.organisation import Lack
from shared.asking import Body
from shared.contracts.registry import Organisation, OrganisationKind, Role
from shared.identity import Caller, SignedIn
from shared.page import After, Limit, Page, page
from shared.problem import Forbidden, Invalid
from shared.text import Line, Sought

router = APIRouter(tags=["organisations"])

Kinds = Annotated[tuple[Literal["supplier", "municipality"], ...], Field(min_length=1, max_length=2)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32)]


class FirstAdministrator(Body):
    """The first person of an organisation; they invite the others."""

    name: Line
    email: Address
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=5)] = ("administrator",)


class NewOrganisation(Body):
    """A supplier, a municipality, or both. `cvr` and `ean` may be written with spaces.

    A municipality that is not a test one needs `municipality_code`. `test` organisations live in the external
    test environment only and may have a CVR number that fails the check sum.
    """

    name: Line
    cvr: Number
    kinds: Kinds
    municipality_code: Number | None = None
    test: bool = False
    mailbox: Address | None = None
    invoice_mailbox: Address | None = None
    ean: Number | None = None
    buyer_reference: Line | None = None
    first_administrator: FirstAdministrator | None = None


class OrganisationChanges(Body):
    """What to change; what is left out stays, null empties.

    An organisation's own administrator may change mailbox, invoice_mailbox, ean and buyer_reference; the
    helpdesk everything.
    """

    name: Line | None = None
    cvr: Number | None = None
    kinds: Kinds | None = None
    municipality_code: Number | None = None
    active: bool | None = None
    mailbox: Address | None = None
    invoice_mailbox: Address | None = None
    ean: Number | None = None
    buyer_reference: Line | None = None

    def told(self) -> dict[str, Any]:
        """The fields that were sent. Raises Invalid `organisation.field_missing` where null can't be."""
        told = {field: getattr(self, field) for field in self.model_fields_set}
        for field in ("name", "cvr", "kinds", "active"):
            if field in told and told[field] is None:
                raise Invalid("organisation.field_missing", f"{field} can't be empty; leave it out to keep it.")
        return told


class MunicipalityShown(BaseModel):
    """A municipality as suppliers see it, to ask it for an agreement."""

    id: UUID
    name: str
    municipality_code: str | None
    cvr: str
    test: bool


@router.post("/organisations", status_code=201)
async def create_organisation(
    body: NewOrganisation,
    running: Running,
    caller: SignedIn,
    dry_run: Annotated[bool, Query(description="Check everything and keep nothing")] = False,
) -> Organisation:
    """Create an organisation and invite its first administrator (helpdesk).

    With `dry_run` it is only checked: the answer, or the refusal, is what would have come, and nothing is kept.
    409 `organisation.exists`, `organisation.municipality_code_taken`, `organisation.test_municipality_exists`;
    422 `organisation.cvr`, `organisation.ean`, `organisation.municipality_code`, `person.roles`.
    """
    caller.require_helpdesk()
    first = body.first_administrator
    if first is not None and "administrator" not in first.roles:
        raise Invalid("person.roles", "The first administrator needs the role administrator among their roles.")
    created = None
    with suppress(_Undone):
        async with running.database.transaction() as tx:
            told = body.model_dump(exclude={"first_administrator"})
            created = await actions.create(tx, caller.actor, Organisation(id=uuid4(), sequence=1, **told))
            if first is not None:
                await people.invite(
                    tx,
                    caller.actor,
                    running.settings,
                    created.id,
                    name=first.name,
                    email=first.email,
                    roles=first.roles,
                )
            if dry_run:
                raise _Undone
    assert created is not None
    return created


class _Undone(Exception):
    """Leaves a transaction with nothing of it kept."""


@router.get("/organisations")
async def list_organisations(
    *,
    running: Running,
    caller: SignedIn,
    kind: OrganisationKind | None = None,
    q: Annotated[Sought | None, Query(description="Part of a name, a CVR number, a code")] = None,
    active: Annotated[bool | None, Query(description="For helpdesk: only (in)active ones")] = None,
    lacking: Annotated[
        Lack | None, Query(description="For helpdesk: only those without an active administrator, or a mailbox")
    ] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[Organisation | MunicipalityShown]:
    """In the order of Danish names.

    The helpdesk sees all of all organisations; a supplier sees the municipalities it can ask.

    A supplier that is a test organisation sees the test municipality only.
    """
    if not caller.helpdesk:
        caller.require("supplier")
    async with running.database.reading() as connection:
        found = await store.listed(
            connection,
            kind=kind if caller.helpdesk else "municipality",
            q=q,
            active=active if caller.helpdesk else True,
            test=True if caller.test else None,
            after=after,
            limit=limit + 1,
            lacking=lacking if caller.helpdesk else None,
        )
    return page(found, limit, lambda one: one if caller.helpdesk else _as_municipality(one))


@router.get("/organisations/{organisation_id}")
async def show_organisation(
    organisation_id: UUID, running: Running, caller: SignedIn
) -> Organisation | MunicipalityShown:
    """All of one's own organisation; suppliers see what the list shows of a municipality; the helpdesk sees all."""
    async with running.database.reading() as connection:
        found = await store.find(connection, organisation_id)
    if found is not None:
        if caller.helpdesk or caller.organisation_id == organisation_id:
            return found
        if _may_know(caller, found):
            return _as_municipality(found)
    raise actions.not_found(organisation_id)


@router.patch("/organisations/{organisation_id}")
async def change_organisation(
    organisation_id: UUID, body: OrganisationChanges, running: Running, caller: SignedIn
) -> Organisation:
    """Change an organisation (helpdesk; its own administrator for mailboxes, EAN and buyer reference).

    403 `rights.field` names the fields that are the helpdesk's; 409 and 422 as when it is created, and
    409 `organisation.roles_in_use`, `organisation.operator`.
    """
    changes = body.told()
    async with running.database.transaction() as tx:
        found = await actions.get(tx, organisation_id)
        _require_may_change(caller, found, changes)
        if "kinds" in changes and "operator" not in found.kinds:
            changes["kinds"] = in_order(changes["kinds"])
        return await actions.change(tx, caller.actor, organisation_id, changes)


def _require_may_change(caller: Caller, found: Organisation, changes: dict[str, Any]) -> None:
    if caller.helpdesk:
        return
    if caller.organisation_id != found.id and not _may_know(caller, found):
        raise actions.not_found(found.id)
    if caller.organisation_id != found.id or caller.kind != "person" or "administrator" not in caller.roles:
        raise Forbidden("rights.role_missing", "This takes the helpdesk, or the organisation's own administrator.")
    if foreign := sorted(set(changes) - OWN_FIELDS):
        raise Forbidden("rights.field", f"Only the helpdesk can change {', '.join(foreign)}; ask them.")


def _may_know(caller: Caller, found: Organisation) -> bool:
    if not caller.person_of("supplier") or "municipality" not in found.kinds or not found.active:
        return False
    return found.test or not caller.test


def _as_municipality(organisation: Organisation) -> MunicipalityShown:
    return MunicipalityShown(
        id=organisation.id,
        name=organisation.name,
        municipality_code=organisation.municipality_code,
        cvr=organisation.cvr,
        test=organisation.test,
    )
