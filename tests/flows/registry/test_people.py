"""An organisation's people: invited, given roles, left in charge."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.contracts.registry import UserChanged, UserCreated, UserLinkIssued
from tests.flows.registry.conftest import Registry
from tests.flows.registry.people import MUNICIPALITY, SUPPLIER, create, last_secret, person, set_password, sign_in
from tests.tokens import as_helpdesk, as_person

ANNA = {"name": "Anna Andersen", "email": "anna@aeroe.example"}


@pytest.fixture
async def municipality(registry: Registry) -> dict[str, Any]:
    """A municipality with one administrator, who was invited."""
    return await create(registry, **MUNICIPALITY, first_administrator=ANNA)


async def members(registry: Registry, organisation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The organisation's people by mail address."""
    answer = await registry.client.get(f"/organisations/{organisation['id']}/people", headers=as_helpdesk())
    return {item["email"]: item for item in answer.json()["items"]}


async def change(
    registry: Registry, organisation: dict[str, Any], person_id: str, headers: dict[str, str] | None = None, **to: Any
) -> httpx.Response:
    return await registry.client.patch(
        f"/organisations/{organisation['id']}/people/{person_id}", json=to, headers=headers or as_helpdesk()
    )


def administrator_of(organisation: dict[str, Any]) -> dict[str, str]:
    return as_person(organisation["kinds"], "administrator", organisation=UUID(organisation["id"]))


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("email", ["søren@aeroe.example", '"a b"@aeroe.example', "a@b@aeroe.example", "nobody"])
async def test_nobody_is_invited_by_an_address_that_no_mail_reaches(
    registry: Registry, municipality: dict[str, Any], email: str
) -> None:
    answer = await registry.client.post(
        f"/organisations/{municipality['id']}/people",
        json={"name": "Søren", "email": email, "roles": ["user"]},
        headers=administrator_of(municipality),
    )

    assert refused(answer) == (422, "request.not_valid")
    assert email not in answer.text


async def test_an_administrator_invites_the_others(registry: Registry, municipality: dict[str, Any]) -> None:
    answer = await registry.client.post(
        f"/organisations/{municipality['id']}/people",
        json={"name": "Sif Sørensen", "email": "sif@aeroe.example", "roles": ["user", "signatory", "user"]},
        headers=administrator_of(municipality),
    )

    assert answer.status_code == 201
    told = answer.json()
    assert (told["name"], told["roles"], told["active"], told["signed_up"]) == (
        "Sif Sørensen",
        ["signatory", "user"],
        True,
        False,
    )
    user = (await registry.said(UserCreated))[-1].user
    link = (await registry.said(UserLinkIssued))[-1].link
    assert str(user.id) == told["id"] == str(link.user_id)
    assert (user.sequence, user.active) == (1, True)
    assert (link.organisation_name, link.email) == ("Ærø Kommune", "sif@aeroe.example")

    await set_password(registry, "sif@aeroe.example")
    assert (await members(registry, municipality))["sif@aeroe.example"]["signed_up"] is True


@pytest.mark.parametrize(
    ("kinds", "roles", "status"),
    [
        (["supplier"], ["administrator", "user"], 201),
        (["supplier"], ["signatory"], 422),
        (["supplier"], ["economy"], 422),
        (["municipality"], ["administrator", "signatory", "economy", "user"], 201),
        (["supplier", "municipality"], ["signatory", "user"], 201),
        (["supplier"], ["helpdesk"], 422),
        (["municipality"], ["helpdesk"], 422),
        (["supplier"], [], 422),
    ],
)
async def test_roles_are_those_of_the_organisations_kinds(
    registry: Registry, kinds: list[str], roles: list[str], status: int
) -> None:
    code = "0492" if "municipality" in kinds else None
    organisation = await create(registry, **{**MUNICIPALITY, "kinds": kinds, "municipality_code": code})

    answer = await registry.client.post(
        f"/organisations/{organisation['id']}/people",
        json={"name": "P", "email": "p@aeroe.example", "roles": roles},
        headers=as_helpdesk(),
    )

    assert answer.status_code == status


async def test_a_known_address_gets_a_second_place_not_a_second_person(
    registry: Registry, municipality: dict[str, Any]
) -> None:
    supplier = await create(registry, **SUPPLIER)
    [anna] = (await members(registry, municipality)).values()

    again = await person(registry, supplier["id"], name="Another Name", email="Anna@aeroe.EXAMPLE", roles=["user"])

    assert (again["id"], again["name"]) == (anna["id"], "Anna Andersen")
    [user] = [event.user for event in await registry.said(UserChanged)]
    assert user.sequence == 2
    assert {str(one.organisation_id): one.roles for one in user.memberships} == {
        municipality["id"]: ("administrator",),
        supplier["id"]: ("user",),
    }
    assert (await registry.said(UserLinkIssued))[-1].link.organisation_name == "Fiktiv IT A/S"


async def test_nobody_is_invited_twice_to_one_organisation(registry: Registry, municipality: dict[str, Any]) -> None:
    answer = await registry.client.post(
        f"/organisations/{municipality['id']}/people", json={**ANNA, "roles": ["user"]}, headers=as_helpdesk()
    )

    assert refused(answer) == (409, "person.exists")
    assert (await members(registry, municipality))["anna@aeroe.example"]["roles"] == ["administrator"]


async def test_invited_by_two_organisations_at_once_one_is_one_person(
    registry: Registry, municipality: dict[str, Any]
) -> None:
    supplier = await create(registry, **SUPPLIER)
    new = {"name": "Per", "email": "per@example.com", "roles": ["user"]}

    answers = await asyncio.gather(
        *(
            registry.client.post(f"/organisations/{one['id']}/people", json=new, headers=as_helpdesk())
            for one in (municipality, supplier)
        )
    )

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert (
        len(
            await registry.fetch(
                "SELECT FROM links WHERE ended_at IS NULL AND person_id = $1",
                *{UUID(answer.json()["id"]) for answer in answers},
            )
        )
        == 1
    )


class TestLastAdministrator:
    @pytest.mark.parametrize("to", [{"active": False}, {"roles": ["user"]}])
    async def test_stays(self, registry: Registry, municipality: dict[str, Any], to: dict[str, Any]) -> None:
        [anna] = (await members(registry, municipality)).values()

        answer = await change(registry, municipality, anna["id"], **to)

        assert refused(answer) == (409, "person.last_administrator")
        assert (await members(registry, municipality))["anna@aeroe.example"] == anna

    async def test_goes_when_there_is_another(self, registry: Registry, municipality: dict[str, Any]) -> None:
        [anna] = (await members(registry, municipality)).values()
        await person(registry, municipality["id"], name="Bo", email="bo@aeroe.example", roles=["administrator"])

        answer = await change(registry, municipality, anna["id"], active=False)

        assert (answer.status_code, answer.json()["active"]) == (200, False)
        user = (await registry.said(UserChanged))[-1].user
        assert (str(user.id), user.memberships, user.active) == (anna["id"], (), False)

    async def test_of_the_last_two_who_go_at_once_one_stays(
        self, registry: Registry, municipality: dict[str, Any]
    ) -> None:
        [anna] = (await members(registry, municipality)).values()
        bo = await person(registry, municipality["id"], name="Bo", email="bo@aeroe.example", roles=["administrator"])

        answers = await asyncio.gather(
            *(change(registry, municipality, one["id"], active=False) for one in (anna, bo))
        )

        assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_who_has_left_can_not_sign_in_and_may_come_back(
    registry: Registry, municipality: dict[str, Any]
) -> None:
    bo = await person(registry, municipality["id"], name="Bo", email="bo@aeroe.example", roles=["economy"])
    await set_password(registry, "bo@aeroe.example")
    url = f"/organisations/{municipality['id']}/people/{bo['id']}/invitation"

    await change(registry, municipality, bo["id"], active=False)
    left = await sign_in(registry, "bo@aeroe.example")
    link = await registry.client.post(url, headers=as_helpdesk())
    await change(registry, municipality, bo["id"], active=True)
    back = await sign_in(registry, "bo@aeroe.example")

    assert left.status_code == 401
    assert refused(link) == (409, "person.not_active")
    assert (back.status_code, back.json()["roles"]) == (200, ["economy"])


async def test_who_has_left_may_be_invited_anew(registry: Registry, municipality: dict[str, Any]) -> None:
    bo = await person(registry, municipality["id"], name="Bo", email="bo@aeroe.example", roles=["economy"])
    await change(registry, municipality, bo["id"], active=False)

    again = await person(registry, municipality["id"], name="Bo", email="bo@aeroe.example", roles=["user"])

    assert (again["id"], again["roles"], again["active"]) == (bo["id"], ["user"], True)


async def test_a_role_is_changed_and_told(registry: Registry, municipality: dict[str, Any]) -> None:
    bo = await person(registry, municipality["id"], name="Bo", email="bo@aeroe.example", roles=["user"])
    headers = administrator_of(municipality)

    answer = await change(registry, municipality, bo["id"], headers, roles=["signatory"], name="Bo Bentsen")
    same = await change(registry, municipality, bo["id"], headers, roles=["signatory"], name="Bo Bentsen")

    assert (answer.json()["roles"], answer.json()["name"]) == (["signatory"], "Bo Bentsen")
    assert same.json() == answer.json()
    [user] = [event.user for event in await registry.said(UserChanged)]
    assert (user.name, user.memberships[0].roles, user.sequence) == ("Bo Bentsen", ("signatory",), 2)


async def test_only_the_helpdesk_renames_who_acts_for_others_too(
    registry: Registry, municipality: dict[str, Any]
) -> None:
    supplier = await create(registry, **SUPPLIER)
    anna = await person(registry, supplier["id"], name="A", email="anna@aeroe.example", roles=["user"])

    by_supplier = await change(registry, supplier, anna["id"], administrator_of(supplier), name="Mallory")
    by_helpdesk = await change(registry, supplier, anna["id"], name="Anna Bæk")

    assert refused(by_supplier) == (403, "person.name_shared")
    assert by_helpdesk.json()["name"] == "Anna Bæk"


async def test_an_invitation_is_sent_again(registry: Registry, municipality: dict[str, Any]) -> None:
    [anna] = (await members(registry, municipality)).values()
    older = await last_secret(registry, "anna@aeroe.example")

    answer = await registry.client.post(
        f"/organisations/{municipality['id']}/people/{anna['id']}/invitation", headers=administrator_of(municipality)
    )
    newer = await last_secret(registry, "anna@aeroe.example")

    assert answer.status_code == 200
    assert (await registry.client.get(f"/links/{older}")).status_code == 404
    assert (await registry.client.get(f"/links/{newer}")).status_code == 200


async def test_people_are_listed_page_by_page(registry: Registry, municipality: dict[str, Any]) -> None:
    for name in ("Åse", "Bo", "Ærik"):
        email = f"{len(name)}{ord(name[0])}@aeroe.example"
        await person(registry, municipality["id"], name=name, email=email, roles=["user"])
    url = f"/organisations/{municipality['id']}/people"

    first = (await registry.client.get(url, params={"limit": 3}, headers=as_helpdesk())).json()
    rest = (await registry.client.get(url, params={"limit": 3, "after": first["next"]}, headers=as_helpdesk())).json()

    assert [item["name"] for item in first["items"]] == ["Anna Andersen", "Bo", "Ærik"]
    assert [item["name"] for item in rest["items"]] == ["Åse"]
    assert rest["next"] is None


async def test_who_is_not_in_the_organisation_is_not_found_there(
    registry: Registry, municipality: dict[str, Any]
) -> None:
    supplier = await create(registry, **SUPPLIER)
    [anna] = (await members(registry, municipality)).values()

    for person_id in (anna["id"], str(uuid4())):
        assert refused(await change(registry, supplier, person_id, active=False)) == (404, "person.unknown")
