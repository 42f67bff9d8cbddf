"""The service catalogue: published by the helpdesk, read by everyone."""

from typing import Any
from uuid import UUID, uuid4

from services.registry.__main__ import SERVICE
from shared.contracts.registry import ServiceChanged, ServicePublished, ServiceRestated
from tests.flows.registry.conftest import Registry
from tests.flows.registry.systems import service
from tests.tokens import as_helpdesk, as_person, as_system

BODY = {
    "id": "c0daecde-e278-43b7-84fd-477bfeeea027",
    "name": "CVR Online",
    "version": "2",
    "number": "SF1530",
    "entity_id": "http://cvr.example/service/online/2",
    "description": "Opslag i CVR: virksomheder og deltagere.",
    "data_categories": "Virksomhedsoplysninger",
}


async def test_a_service_is_published_with_the_id_it_is_called_by(registry: Registry) -> None:
    answer = await registry.client.post("/services", json=BODY, headers=as_helpdesk())
    found = await registry.client.get(f"/services/{BODY['id']}")

    assert answer.status_code == 201
    assert answer.json() == found.json()
    assert {key: found.json()[key] for key in BODY} == BODY
    assert found.json()["state"] == "open"
    (told,) = [event.service for event in await registry.said(ServicePublished)]
    assert (str(told.id), told.sequence, told.name, told.version, told.state) == (
        BODY["id"],
        1,
        "CVR Online",
        "2",
        "open",
    )


async def test_an_id_or_a_name_and_version_is_published_once(registry: Registry) -> None:
    await registry.client.post("/services", json=BODY, headers=as_helpdesk())

    for changes in ({"name": "Andet"}, {"id": str(uuid4())}, {}):
        answer = await registry.client.post("/services", json={**BODY, **changes}, headers=as_helpdesk())
        assert (answer.status_code, answer.json()["code"]) == (409, "service.exists"), changes

    assert len(await registry.said(ServicePublished)) == 1


async def test_two_versions_live_side_by_side(registry: Registry) -> None:
    assert await service(registry, version="1") != await service(registry, version="2")


async def test_a_service_is_changed_and_a_change_to_the_same_says_nothing(registry: Registry) -> None:
    service_id = await service(registry)

    async def change(**told: Any) -> dict[str, Any]:
        answer = await registry.client.patch(f"/services/{service_id}", json=told, headers=as_helpdesk())
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    assert (await change(state="locked"))["state"] == "locked"
    assert (await change(state="locked"))["state"] == "locked"
    assert (await change())["state"] == "locked"
    changed = await change(description="Nyt", data_categories="Ingen")

    assert (changed["description"], changed["data_categories"], changed["state"]) == ("Nyt", "Ingen", "locked")
    told = [event.service for event in await registry.said(ServiceChanged)]
    assert [(one.sequence, one.state, one.description) for one in told] == [(2, "locked", ""), (3, "locked", "Nyt")]
    history = await registry.fetch("SELECT what, state FROM service_history ORDER BY position")
    assert [tuple(row) for row in history] == [("published", "open"), ("changed", "locked"), ("changed", "locked")]


async def test_the_catalogue_is_read_in_danish_order_page_by_page(registry: Registry) -> None:
    for name in ("Åben", "Zebra", "Ældre", "Borger", "Østkreds"):
        await service(registry, name=name)

    names: list[str] = []
    after: str | None = None
    while True:
        params = {"limit": "2"} | ({"after": after} if after else {})
        page = (await registry.client.get("/services", params=params)).json()
        names += [one["name"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break

    assert names == ["Borger", "Zebra", "Ældre", "Østkreds", "Åben"]


async def test_services_are_found_by_part_of_what_is_said_of_them(registry: Registry) -> None:
    await registry.client.post("/services", json=BODY, headers=as_helpdesk())
    await service(registry, name="Helt andet")
    wanted = {"cvr": 1, "SF15": 1, "sf1530": 1, "online 2": 1, "DELTAGERE": 1, "2": 2, "%": 0, "_": 0, "æøå": 0}

    found = {q: len((await registry.client.get("/services", params={"q": q})).json()["items"]) for q in wanted}

    assert found == wanted


async def test_the_catalogue_is_narrowed_to_a_state(registry: Registry) -> None:
    locked = await service(registry, name="Låst")
    await service(registry, name="Åben")
    await registry.client.patch(f"/services/{locked}", json={"state": "locked"}, headers=as_helpdesk())

    async def names(state: str) -> list[str]:
        answer = await registry.client.get("/services", params={"state": state})
        return [one["name"] for one in answer.json()["items"]]

    assert (await names("locked"), await names("open"), await names("closed")) == (["Låst"], ["Åben"], [])
    assert (await registry.client.get("/services", params={"state": "ajar"})).status_code == 422


async def test_everyone_reads_and_only_helpdesk_writes(registry: Registry) -> None:
    service_id = await service(registry)
    writers = {
        "nobody": ({}, 401),
        "supplier administrator": (as_person(["supplier"], "administrator"), 403),
        "supplier user": (as_person(["supplier"], "user"), 403),
        "signatory": (as_person(["municipality"], "signatory"), 403),
        "economy": (as_person(["municipality"], "economy"), 403),
        "a system": (as_system(uuid4(), uuid4()), 403),
        "helpdesk of no operator": (as_person(["supplier"], "helpdesk"), 403),
    }
    for who, (headers, status) in writers.items():
        new = {"name": "X", "version": "1"}
        published = await registry.client.post("/services", json=new, headers=headers)
        changed = await registry.client.patch(f"/services/{service_id}", json={"state": "closed"}, headers=headers)
        assert [published.status_code, changed.status_code] == [status, status], who
        assert (await registry.client.get(f"/services/{service_id}", headers=headers)).json()["state"] == "open"
        assert len((await registry.client.get("/services", headers=headers)).json()["items"]) == 1


async def test_what_is_sent_is_bounded(registry: Registry) -> None:
    for change in (
        {"id": "1"},
        {"name": ""},
        {"name": " "},
        {"version": "x" * 256},
        {"description": "x" * 4001},
        {"description": "a\x00b"},
        {"state": "closed"},
    ):
        answer = await registry.client.post("/services", json={**BODY, **change}, headers=as_helpdesk())
        assert (answer.status_code, answer.json()["code"]) == (422, "request.not_valid"), change
    for params in ({"limit": "0"}, {"limit": "501"}, {"q": "\x00"}, {"after": "x"}):
        assert (await registry.client.get("/services", params=params)).status_code == 422, params
    missing = uuid4()
    assert (await registry.client.get(f"/services/{missing}")).json()["code"] == "service.unknown"
    unknown = await registry.client.patch(f"/services/{missing}", json={"state": "open"}, headers=as_helpdesk())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "service.unknown")


async def test_services_can_be_said_again(registry: Registry) -> None:
    ids = {await service(registry, name=f"Tjeneste {number}") for number in range(3)}
    async with registry.running.database.transaction() as tx:
        assert await SERVICE.restate["service"](tx) == 3

    restated = [event.service for event in await registry.said(ServiceRestated)]
    assert {one.id for one in restated} == ids
    published = [event.service for event in await registry.said(ServicePublished)]
    assert sorted(restated, key=lambda one: str(one.id)) == sorted(published, key=lambda one: str(one.id))
    assert all(isinstance(one.id, UUID) for one in restated)
