"""Organisations: made by the helpdesk, found by suppliers, changed by those who may."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.contracts.registry import OrganisationChanged, OrganisationCreated
from tests.flows.registry.conftest import Registry
from tests.flows.registry.people import MUNICIPALITY, SUPPLIER, create, person
from tests.tokens import as_helpdesk, as_person

TEST_MUNICIPALITY = {"name": "Testkommune", "cvr": "12345678", "kinds": ["municipality"], "test": True}


async def made(registry: Registry, **told: Any) -> httpx.Response:
    return await registry.client.post("/organisations", json=told, headers=as_helpdesk())


async def changed(registry: Registry, organisation: dict[str, Any], **changes: Any) -> httpx.Response:
    return await registry.client.patch(f"/organisations/{organisation['id']}", json=changes, headers=as_helpdesk())


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_numbers_are_kept_in_one_form(registry: Registry) -> None:
    told = await create(registry, **{**SUPPLIER, "cvr": "DK 12 34 56 74", "ean": "5798 0098 11578"})

    assert (told["cvr"], told["ean"]) == ("12345674", "5798009811578")
    assert (told["sequence"], told["active"], told["test"]) == (1, True, False)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"cvr": "12345678"}, "organisation.cvr"),
    ({"cvr": "1234567"}, "organisation.cvr"),
    ({"ean": "5798009811579"}, "organisation.ean"),
    ({"municipality_code": None}, "organisation.municipality_code"),
    ({"municipality_code": "492"}, "organisation.municipality_code"),
    ({"kinds": ["supplier"]}, "organisation.municipality_code"),
    ({"kinds": []}, "request.not_valid"),
    ({"kinds": ["operator"]}, "request.not_valid"),
    ({"name": "  "}, "request.not_valid"),
    ({"name": "two\nlines"}, "request.not_valid"),
    ({"name": "nul\u0000"}, "request.not_valid"),
    ({"name": "x" * 256}, "request.not_valid"),
    ({"mailbox": "not an address"}, "request.not_valid"),
    ({"sequence": 7}, "request.not_valid"),
]


async def test_what_an_organisation_can_not_be(registry: Registry) -> None:
    for changes, code in WRONG:
        assert refused(await made(registry, **{**MUNICIPALITY, **changes})) == (422, code), changes

    assert await registry.said() == []


async def test_a_cvr_number_is_there_once_among_real_and_once_among_test_organisations(registry: Registry) -> None:
    await create(registry, **SUPPLIER)

    again = await made(registry, **{**SUPPLIER, "name": "Another name"})
    test = await made(registry, **{**SUPPLIER, "test": True})
    test_again = await made(registry, **{**SUPPLIER, "test": True})

    assert refused(again) == (409, "organisation.exists")
    assert test.status_code == 201
    assert refused(test_again) == (409, "organisation.exists")


async def test_a_municipality_code_is_one_municipalitys(registry: Registry) -> None:
    await create(registry, **MUNICIPALITY)

    answer = await made(registry, **{**MUNICIPALITY, "cvr": "12345674"})

    assert refused(answer) == (409, "organisation.municipality_code_taken")


async def test_there_is_one_test_municipality(registry: Registry) -> None:
    first = await made(registry, **TEST_MUNICIPALITY)
    second = await made(registry, **{**TEST_MUNICIPALITY, "cvr": "87654321"})
    supplier = await create(registry, **{**TEST_MUNICIPALITY, "cvr": "87654321", "kinds": ["supplier"]})
    becomes = await changed(registry, supplier, kinds=["supplier", "municipality"])

    assert first.status_code == 201
    assert refused(second) == refused(becomes) == (409, "organisation.test_municipality_exists")


async def test_of_two_made_at_once_with_one_number_one_is(registry: Registry) -> None:
    answers = await asyncio.gather(*(made(registry, **SUPPLIER) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await registry.said(OrganisationCreated)) == 1


class TestList:
    @pytest.fixture
    async def several(self, registry: Registry) -> dict[str, str]:
        """Ids by name."""
        told: list[dict[str, Any]] = [
            {"name": "Aarhus Kommune", "cvr": "55133018", "kinds": ["municipality"], "municipality_code": "0751"},
            {"name": "Vejle Kommune", "cvr": "29189900", "kinds": ["municipality"], "municipality_code": "0630"},
            {**MUNICIPALITY, "mailbox": "post@aeroe.example"},
            {"name": "Åben 100 % IT", "cvr": "25052943", "kinds": ["supplier", "municipality"], "test": True},
            SUPPLIER,
        ]
        return {one["name"]: (await create(registry, **one))["id"] for one in told}

    async def names(self, registry: Registry, headers: dict[str, str], **query: Any) -> list[str]:
        answer = await registry.client.get("/organisations", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]

    async def test_the_helpdesk_sees_all_in_danish_order(self, registry: Registry, several: dict[str, str]) -> None:
        assert await self.names(registry, as_helpdesk()) == [
            "Fiktiv IT A/S",
            "Vejle Kommune",
            "Ærø Kommune",
            "Åben 100 % IT",
            "Aarhus Kommune",
        ]
        assert await self.names(registry, as_helpdesk(), kind="supplier") == ["Fiktiv IT A/S", "Åben 100 % IT"]

    async def test_a_supplier_sees_whom_it_can_ask_and_no_more_of_them(
        self, registry: Registry, several: dict[str, str]
    ) -> None:
        answer = await registry.client.get("/organisations", headers=as_person(["supplier"], "user"))

        assert [item["name"] for item in answer.json()["items"]] == [
            "Vejle Kommune",
            "Ærø Kommune",
            "Åben 100 % IT",
            "Aarhus Kommune",
        ]
        assert answer.json()["items"][1] == {
            "id": several["Ærø Kommune"],
            "name": "Ærø Kommune",
            "municipality_code": "0492",
            "cvr": "28856075",
            "test": False,
        }

    async def test_a_supplier_can_not_ask_for_other_kinds_or_inactive_ones(
        self, registry: Registry, several: dict[str, str]
    ) -> None:
        await changed(registry, {"id": several["Vejle Kommune"]}, active=False)

        headers = as_person(["supplier"], "administrator")
        assert await self.names(registry, headers, kind="supplier") == [
            "Ærø Kommune",
            "Åben 100 % IT",
            "Aarhus Kommune",
        ]

    async def test_a_test_supplier_sees_the_test_municipality(
        self, registry: Registry, several: dict[str, str]
    ) -> None:
        assert await self.names(registry, as_person(["supplier"], "user", test=True)) == ["Åben 100 % IT"]

    async def test_it_is_searched_by_part_of_the_name_and_by_whole_numbers(
        self, registry: Registry, several: dict[str, str]
    ) -> None:
        assert await self.names(registry, as_helpdesk(), q="kommune") == [
            "Vejle Kommune",
            "Ærø Kommune",
            "Aarhus Kommune",
        ]
        assert await self.names(registry, as_helpdesk(), q="0492") == ["Ærø Kommune"]
        assert await self.names(registry, as_helpdesk(), q="29189900") == ["Vejle Kommune"]
        assert await self.names(registry, as_helpdesk(), q="2918990") == []
        assert await self.names(registry, as_helpdesk(), q="0 %") == ["Åben 100 % IT"]
        assert await self.names(registry, as_helpdesk(), q="%_%") == []

    async def test_pages_hold_each_once(self, registry: Registry, several: dict[str, str]) -> None:
        for limit in (1, 2, 3, 5):
            await self.see_pages_of(registry, limit)

    async def see_pages_of(self, registry: Registry, limit: int) -> None:
        found: list[str] = []
        after: dict[str, str] = {}
        while True:
            answer = await registry.client.get(
                "/organisations", params={"limit": limit, **after}, headers=as_helpdesk()
            )
            told = answer.json()
            found += [item["name"] for item in told["items"]]
            if told["next"] is None:
                break
            assert len(told["items"]) == limit
            after = {"after": told["next"]}

        assert found == await self.names(registry, as_helpdesk())

    async def test_questions_are_bounded(self, registry: Registry) -> None:
        for query in ({"limit": "0"}, {"limit": "501"}, {"kind": "other"}, {"after": "x"}, {"q": "\0"}):
            answer = await registry.client.get("/organisations", params=query, headers=as_helpdesk())

            assert refused(answer) == (422, "request.not_valid"), query


class TestChange:
    async def test_the_helpdesk_changes_everything(self, registry: Registry) -> None:
        organisation = await create(registry, **MUNICIPALITY)

        answer = await changed(
            registry,
            organisation,
            name="Ærø og Omegn",
            kinds=["municipality", "supplier"],
            municipality_code="0493",
            cvr="12345674",
            mailbox="post@aeroe.example",
            ean="5798009811578",
        )

        told = answer.json()
        assert answer.status_code == 200
        assert told["sequence"] == 2
        assert (told["name"], told["kinds"], told["municipality_code"], told["cvr"]) == (
            "Ærø og Omegn",
            ["supplier", "municipality"],
            "0493",
            "12345674",
        )
        [event] = await registry.said(OrganisationChanged)
        assert event.organisation.model_dump(mode="json") == told
        assert (
            await registry.client.get(f"/organisations/{organisation['id']}", headers=as_helpdesk())
        ).json() == told

    async def test_its_administrator_changes_where_it_is_reached(self, registry: Registry) -> None:
        organisation = await create(registry, **MUNICIPALITY)
        headers = as_person(["municipality"], "administrator", organisation=UUID(organisation["id"]))
        url = f"/organisations/{organisation['id']}"
        own = {
            "mailbox": "post@aeroe.example",
            "invoice_mailbox": "faktura@aeroe.example",
            "ean": "5798009811578",
            "buyer_reference": "Digitalisering",
        }

        set_ = await registry.client.patch(url, json=own, headers=headers)
        emptied = await registry.client.patch(url, json={"ean": None}, headers=headers)
        foreign = await registry.client.patch(url, json={"mailbox": None, "name": "Ny"}, headers=headers)

        assert {field: set_.json()[field] for field in own} == own
        assert (emptied.json()["ean"], emptied.json()["sequence"]) == (None, 3)
        assert emptied.json()["mailbox"] == "post@aeroe.example"
        assert refused(foreign) == (403, "rights.field")
        assert "name" in foreign.json()["detail"]

    async def test_what_is_so_already_is_no_change(self, registry: Registry) -> None:
        organisation = await create(registry, **MUNICIPALITY)

        answer = await changed(registry, organisation, name=MUNICIPALITY["name"], kinds=["municipality"])
        nothing = await changed(registry, organisation)

        assert answer.json() == nothing.json() == organisation
        assert await registry.said(OrganisationChanged) == []

    async def test_what_it_needs_can_not_be_emptied(self, registry: Registry) -> None:
        organisation = await create(registry, **MUNICIPALITY)

        for field in ("name", "cvr", "kinds", "active"):
            answer = await changed(registry, organisation, **{field: None})
            assert refused(answer) == (422, "organisation.field_missing"), field

    async def test_a_kind_stays_while_people_have_its_roles(self, registry: Registry) -> None:
        organisation = await create(registry, **{**MUNICIPALITY, "kinds": ["supplier", "municipality"]})
        signatory = await person(
            registry, organisation["id"], name="Sif", email="sif@aeroe.example", roles=["signatory"]
        )
        only_supplier = {"kinds": ["supplier"], "municipality_code": None}

        before = await changed(registry, organisation, **only_supplier)
        await registry.client.patch(
            f"/organisations/{organisation['id']}/people/{signatory['id']}",
            json={"roles": ["user"]},
            headers=as_helpdesk(),
        )
        after = await changed(registry, organisation, **only_supplier)

        assert refused(before) == (409, "organisation.roles_in_use")
        assert (after.status_code, after.json()["kinds"]) == (200, ["supplier"])

    async def test_of_changes_made_at_once_none_is_lost(self, registry: Registry) -> None:
        organisation = await create(registry, **MUNICIPALITY)
        changes = [
            {"mailbox": "a@aeroe.example"},
            {"ean": "5798009811578"},
            {"name": "Ærø"},
            {"buyer_reference": "B"},
        ]

        answers = await asyncio.gather(*(changed(registry, organisation, **change) for change in changes))

        assert sorted(answer.json()["sequence"] for answer in answers) == [2, 3, 4, 5]
        now = (await registry.client.get(f"/organisations/{organisation['id']}", headers=as_helpdesk())).json()
        assert all(now[field] == value for change in changes for field, value in change.items())

    async def test_an_unknown_one_is_not_found(self, registry: Registry) -> None:
        assert refused(await changed(registry, {"id": uuid4()}, name="X")) == (404, "organisation.unknown")
