"""Who may do what with organisations, people and the clock: every role, one's own organisation and a foreign one."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.contracts.registry import OrganisationKind, Role
from tests.flows.registry.conftest import Registry
from tests.flows.registry.people import MUNICIPALITY, SUPPLIER, create, person
from tests.tokens import as_helpdesk, as_person, as_system

PEOPLE: dict[str, tuple[list[OrganisationKind], list[Role]]] = {
    "supplier administrator": (["supplier"], ["administrator"]),
    "supplier user": (["supplier"], ["user"]),
    "municipality administrator": (["municipality"], ["administrator"]),
    "municipality signatory": (["municipality"], ["signatory"]),
    "municipality economy": (["municipality"], ["economy"]),
    "municipality user": (["municipality"], ["user"]),
}
EVERYBODY = [*PEOPLE, "helpdesk", "system", "nobody"]
SUPPLIERS = {"supplier administrator", "supplier user"}
SHORT = {"id", "name", "municipality_code", "cvr", "test"}
OWN_ADMINISTRATORS = {"supplier administrator", "municipality administrator"}


class Place:
    """The two organisations with people in each, whom callers look at from inside or outside."""

    def __init__(self, supplier: str, municipality: str, members: dict[str, str]) -> None:
        self.supplier = supplier
        self.municipality = municipality
        self.members = members

    def headers(self, who: str) -> dict[str, str]:
        if who == "nobody":
            return {}
        if who == "helpdesk":
            return as_helpdesk()
        if who == "system":
            return as_system(uuid4(), UUID(self.supplier))
        kinds, roles = PEOPLE[who]
        return as_person(kinds, *roles, organisation=UUID(self.own(who)))

    def own(self, who: str) -> str:
        """The organisation the caller belongs to; the helpdesk's does not matter here."""
        return self.municipality if who.startswith("municipality") else self.supplier

    def foreign(self, who: str) -> str:
        return self.supplier if who.startswith("municipality") else self.municipality


@pytest.fixture
async def place(registry: Registry) -> Place:
    organisations = [(await create(registry, **told))["id"] for told in (SUPPLIER, MUNICIPALITY)]
    members = {}
    for number, organisation in enumerate(organisations):
        await person(registry, organisation, name="A", email=f"a{number}@example.com", roles=["administrator"])
        one = await person(registry, organisation, name="B", email=f"b{number}@example.com", roles=["user"])
        members[organisation] = one["id"]
    return Place(organisations[0], organisations[1], members)


def everybody(allowed: set[str], *, status: int = 200, otherwise: int = 403) -> dict[str, int]:
    """The answer each caller should get; who is not signed in always gets 401."""
    told = {who: status if who in allowed else otherwise for who in EVERYBODY}
    return {**told, "nobody": 401}


Ask = Callable[[str], Awaitable[httpx.Response]]


async def answers(ask: Ask) -> dict[str, int]:
    """What each caller gets."""
    return {who: (await ask(who)).status_code for who in EVERYBODY}


async def test_making_organisations_is_the_helpdesks(registry: Registry, place: Place) -> None:
    new = {"name": "Ny A/S", "cvr": "25052943", "kinds": ["supplier"]}

    async def ask(who: str) -> httpx.Response:
        return await registry.client.post("/organisations", json=new, headers=place.headers(who))

    assert await answers(ask) == everybody({"helpdesk"}, status=201)


async def test_moving_the_clock_is_the_helpdesks(registry: Registry, place: Place) -> None:
    to = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    async def ask(who: str) -> httpx.Response:
        return await registry.client.post("/clock", json={"to": to}, headers=place.headers(who))

    assert await answers(ask) == everybody({"helpdesk"})


async def test_the_list_is_for_suppliers_people_and_the_helpdesk(registry: Registry, place: Place) -> None:
    async def ask(who: str) -> httpx.Response:
        return await registry.client.get("/organisations", headers=place.headers(who))

    assert await answers(ask) == everybody({"helpdesk", *SUPPLIERS})
    for who in SUPPLIERS:
        assert [set(item) for item in (await ask(who)).json()["items"]] == [SHORT]


async def test_ones_own_organisation_is_shown_whole(registry: Registry, place: Place) -> None:
    async def ask(who: str) -> httpx.Response:
        return await registry.client.get(f"/organisations/{place.own(who)}", headers=place.headers(who))

    assert await answers(ask) == everybody({*PEOPLE, "helpdesk", "system"})
    for who in PEOPLE:
        assert "mailbox" in (await ask(who)).json()


async def test_of_a_foreign_organisation_suppliers_see_what_the_list_shows(registry: Registry, place: Place) -> None:
    async def ask(who: str) -> httpx.Response:
        return await registry.client.get(f"/organisations/{place.foreign(who)}", headers=place.headers(who))

    assert await answers(ask) == everybody({"helpdesk", *SUPPLIERS}, otherwise=404)
    for who in SUPPLIERS:
        assert set((await ask(who)).json()) == SHORT


async def test_changing_where_one_is_reached_is_the_own_administrators(registry: Registry, place: Place) -> None:
    mailbox = {"mailbox": "post@example.com"}

    async def own(who: str) -> httpx.Response:
        return await registry.client.patch(
            f"/organisations/{place.own(who)}", json=mailbox, headers=place.headers(who)
        )

    async def foreign(who: str) -> httpx.Response:
        return await registry.client.patch(
            f"/organisations/{place.foreign(who)}", json=mailbox, headers=place.headers(who)
        )

    assert await answers(own) == everybody({"helpdesk", *OWN_ADMINISTRATORS})
    # A supplier knows of the municipality, so it is told that it may not; nobody else knows of the other.
    assert await answers(foreign) == {
        **everybody({"helpdesk"}, otherwise=404),
        "supplier administrator": 403,
        "supplier user": 403,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "X"},
        {"cvr": "25052943"},
        {"kinds": ["supplier", "municipality"], "municipality_code": "0751"},
        {"active": False},
    ],
)
async def test_changing_what_it_is_is_the_helpdesks(
    registry: Registry, place: Place, changes: dict[str, Any]
) -> None:
    async def ask(who: str) -> httpx.Response:
        return await registry.client.patch(
            f"/organisations/{place.own(who)}", json=changes, headers=place.headers(who)
        )

    assert await answers(ask) == everybody({"helpdesk"})


@pytest.mark.parametrize("where", ["own", "foreign"])
async def test_people_are_looked_after_by_their_own_administrator(
    registry: Registry, place: Place, where: str
) -> None:
    def people(who: str) -> str:
        return f"/organisations/{place.own(who) if where == 'own' else place.foreign(who)}/people"

    def member(who: str) -> str:
        return f"{people(who)}/{place.members[people(who).split('/')[2]]}"

    async def listed(who: str) -> httpx.Response:
        return await registry.client.get(people(who), headers=place.headers(who))

    async def invite(who: str) -> httpx.Response:
        new = {"name": "C", "email": f"{who.replace(' ', '.')}@example.com", "roles": ["user"]}
        return await registry.client.post(people(who), json=new, headers=place.headers(who))

    async def change(who: str) -> httpx.Response:
        return await registry.client.patch(member(who), json={"roles": ["administrator"]}, headers=place.headers(who))

    async def invite_again(who: str) -> httpx.Response:
        return await registry.client.post(f"{member(who)}/invitation", headers=place.headers(who))

    allowed = {"helpdesk", *OWN_ADMINISTRATORS} if where == "own" else {"helpdesk"}
    otherwise = 403 if where == "own" else 404
    for act in (listed, change, invite_again):
        assert await answers(act) == everybody(allowed, otherwise=otherwise)
    assert await answers(invite) == everybody(allowed, status=201, otherwise=otherwise)


@pytest.mark.parametrize("where", ["own", "foreign"])
async def test_colleagues_are_known_by_name_and_role_to_all_of_an_organisation(
    registry: Registry, place: Place, where: str
) -> None:
    async def ask(who: str) -> httpx.Response:
        organisation = place.own(who) if where == "own" else place.foreign(who)
        return await registry.client.get(f"/organisations/{organisation}/colleagues", headers=place.headers(who))

    expected = everybody({"helpdesk", *PEOPLE}) if where == "own" else everybody({"helpdesk"}, otherwise=404)
    assert await answers(ask) == expected
    if where == "own":
        [first, second] = (await ask("municipality user")).json()["items"]
        assert (first["name"], first["roles"], first["active"]) == ("A", ["administrator"], True)
        assert set(second) == {"id", "name", "roles", "active"}


async def test_helpdesk_means_the_operators_helpdesk(registry: Registry, place: Place) -> None:
    supplier = UUID(place.supplier)
    pretenders = [
        as_person(["supplier"], "helpdesk", organisation=supplier),
        as_person(["operator"], "user", organisation=supplier),
    ]

    for headers in pretenders:
        answer = await registry.client.post("/organisations", json=SUPPLIER, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "rights.helpdesk_only")
