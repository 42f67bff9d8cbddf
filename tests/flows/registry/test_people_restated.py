"""Telling copies that are new or broken how things stand."""

from services.registry.__main__ import SERVICE
from shared.contracts.registry import OrganisationRestated, UserRestated
from tests.flows.registry.conftest import Registry
from tests.flows.registry.people import MUNICIPALITY, SUPPLIER, create, person
from tests.tokens import as_helpdesk


async def test_every_organisation_and_person_is_told_as_they_stand(registry: Registry) -> None:
    supplier = await create(registry, **SUPPLIER)
    municipality = await create(registry, **MUNICIPALITY)
    bo = await person(registry, supplier["id"], name="Bo", email="bo@example.com", roles=["user"])
    await person(registry, municipality["id"], name="Bo", email="bo@example.com", roles=["economy"])
    changed = await registry.client.patch(
        f"/organisations/{supplier['id']}", json={"active": False}, headers=as_helpdesk()
    )

    async with registry.running.database.transaction() as tx:
        told = {noun: await SERVICE.restate[noun](tx) for noun in ("organisation", "user")}

    assert told == {"organisation": 2, "user": 1}
    organisations = {
        str(event.organisation.id): event.organisation.model_dump(mode="json")
        for event in await registry.said(OrganisationRestated)
    }
    assert organisations == {supplier["id"]: changed.json(), municipality["id"]: municipality}
    [user] = [event.user for event in await registry.said(UserRestated)]
    assert (str(user.id), user.sequence) == (bo["id"], 2)
    assert {str(one.organisation_id): one.roles for one in user.memberships} == {
        supplier["id"]: ("user",),
        municipality["id"]: ("economy",),
    }
