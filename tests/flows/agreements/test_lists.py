"""The list of agreements: searched, narrowed, sorted and paged; and how many there are in each state."""

from typing import Any
from uuid import uuid4

import pytest

from shared.contracts import registry
from tests.flows.agreements.conftest import Party, World


@pytest.fixture
async def several(world: World) -> dict[str, str]:
    """Agreements by a name of their own: three of one system, one of another supplier's."""
    other = uuid4()
    await world.office.hear(world.registered(other, world.other_supplier, name="Æblehaven"))
    found = {}
    for name, municipality, services in (
        ("first", world.first, [0]),
        ("second", world.second, [1]),
        ("third", world.first, [2]),
    ):
        made = await world.ask(municipality, service_ids=[str(world.services[one]) for one in services])
        found[name] = made["agreements"][0]["id"]
    order = world.order(world.first, system_id=str(other), service_ids=[str(world.services[0])])
    answer = await world.client.post("/requests", json=order, headers=world.other_supplier.asker)
    found["other"] = answer.json()["agreements"][0]["id"]
    await world.act(found["first"], "approve", world.first.signatory)
    await world.act(found["third"], "reject", world.first.signatory, {"reason": "Vi bruger det ikke"})
    return found


async def _named(world: World, several: dict[str, str], query: str, headers: dict[str, str]) -> list[str]:
    names = {id_: name for name, id_ in several.items()}
    answer = await world.client.get(f"/agreements?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [names[item["id"]] for item in answer.json()["items"]]


async def _counts(world: World, query: str, headers: dict[str, str]) -> dict[str, int]:
    answer = await world.client.get(f"/agreements/counts?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return {state: number for state, number in answer.json().items() if number}


async def test_a_search_finds_parts_of_names_in_either_case_and_the_id(world: World, several: dict[str, str]) -> None:
    headers = world.first.signatory

    assert await _named(world, several, "q=NORDlys", headers) == ["third", "first"]
    assert await _named(world, several, "q=ÆBLE", headers) == ["other"]
    assert await _named(world, several, "q=opslag 2", headers) == ["third"]
    assert await _named(world, several, f"q={several['first'].upper()}", headers) == ["first"]
    assert await _named(world, several, "q=%25", headers) == []
    assert await _named(world, several, "q=vejle", headers) == []
    assert await _named(world, several, "q=vejle", world.supplier.asker) == ["second"]


async def test_a_list_is_narrowed_by_supplier_and_service(world: World, several: dict[str, str]) -> None:
    headers = world.first.signatory

    assert await _named(world, several, f"supplier_id={world.other_supplier.id}", headers) == ["other"]
    assert await _named(world, several, f"service_id={world.services[0]}", headers) == ["other", "first"]
    assert await _counts(world, f"service_id={world.services[0]}", headers) == {"requested": 1, "approved": 1}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("requested", ["first", "third", "other"]),
        ("-requested", ["other", "third", "first"]),
        ("supplier", ["third", "first", "other"]),
        ("-supplier", ["other", "third", "first"]),
        # Æ is the letter after Z.
        ("system", ["third", "first", "other"]),
        ("-system", ["other", "third", "first"]),
        ("state", ["other", "first", "third"]),
        ("-state", ["third", "first", "other"]),
        ("changed", ["other", "first", "third"]),
        ("-changed", ["third", "first", "other"]),
    ],
)
async def test_a_list_is_sorted_and_paged_in_that_order(
    world: World, several: dict[str, str], sort: str, expected: list[str]
) -> None:
    headers = world.first.signatory
    found: list[Any] = []
    after = ""
    for _ in range(4):
        page = (await world.client.get(f"/agreements?limit=1&sort={sort}{after}", headers=headers)).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert found == [several[name] for name in expected]


async def test_a_page_follows_one_that_left_the_list_since(world: World, several: dict[str, str]) -> None:
    headers = world.supplier.asker
    await world.act(several["second"], "approve", world.second.signatory)

    assert await _named(world, several, f"state=requested&sort=municipality&after={several['second']}", headers) == []
    assert await _named(world, several, f"state=approved&sort=-state&after={several['third']}", headers) == [
        "second",
        "first",
    ]


async def test_only_known_orders_are_taken(world: World) -> None:
    answer = await world.client.get("/agreements?sort=reason", headers=world.supplier.asker)

    assert answer.status_code == 422


async def test_everybody_counts_what_they_see(world: World, several: dict[str, str]) -> None:
    assert await _counts(world, "", world.first.signatory) == {"requested": 1, "approved": 1, "rejected": 1}
    assert await _counts(world, "", world.second.signed_in("user")) == {"requested": 1}
    assert await _counts(world, "", world.other_supplier.asker) == {"requested": 1}
    assert await _counts(world, "q=nordlys", world.supplier.asker) == {"requested": 1, "approved": 1, "rejected": 1}
    operator = Party("Platformen", ("operator",))
    assert sum((await _counts(world, "", operator.signed_in("helpdesk"))).values()) == len(several)
    nobody = await world.client.get("/agreements/counts", headers=Party("Ingen", ()).signed_in())
    assert nobody.status_code == 403


async def test_a_renamed_system_keeps_the_name_it_was_asked_for_under(world: World) -> None:
    agreement = await world.asked()
    renamed = world.registered(world.system, world.supplier).system.model_copy(update={"sequence": 2, "name": "Nyt"})
    await world.office.hear(registry.SystemChanged(system=renamed))

    answer = (await world.client.get("/agreements?q=omsorg", headers=world.first.signatory)).json()

    assert [item["id"] for item in answer["items"]] == [agreement]


async def test_the_systems_one_sees_agreements_about_are_told(world: World, several: dict[str, str]) -> None:
    async def told(headers: dict[str, str], query: str = "") -> list[tuple[str, str, int]]:
        answer = await world.client.get(f"/agreements/systems{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return [(one["supplier_name"], one["system_name"], one["agreements"]) for one in answer.json()["systems"]]

    assert await told(world.first.signed_in("user")) == [
        ("Nordlys IT", "Omsorg", 2),
        ("Sydvest Data", "Æblehaven", 1),
    ]
    assert await told(world.supplier.asker) == [("Nordlys IT", "Omsorg", 3)]
    assert await told(world.supplier.asker, f"?municipality_id={world.second.id}") == [("Nordlys IT", "Omsorg", 1)]
    assert await told(world.both.signatory) == []
    nobody = await world.client.get("/agreements/systems", headers=Party("Ingen", ()).signed_in())
    assert nobody.status_code == 403
