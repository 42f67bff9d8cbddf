"""Who may see and do what: every route for every role, another organisation's things, and no amount for suppliers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.invoicing.__main__ import SERVICE
from shared import http
from shared.contracts.registry import OrganisationKind, Role
from tests.flows.invoicing.conftest import Invoicing, World, settle
from tests.tokens import as_helpdesk, as_person, as_system, bearer

SEALED_ON = datetime(2027, 4, 6, 8, tzinfo=UTC)
ROUTES = {
    "set a price": ("PUT", "/prices/{service}"),
    "estimate": ("POST", "/estimate"),
    "overview": ("GET", "/overview?quarter=2027Q1"),
    "overview of the municipality": ("GET", "/overview?quarter=2027Q1&municipality_id={municipality}"),
    "invoices": ("GET", "/invoices"),
    "an invoice": ("GET", "/invoices/{invoice}"),
    "its line": ("GET", "/invoices/{invoice}/lines/{position}"),
    "its line's calls": ("GET", "/invoices/{invoice}/lines/{position}/calls"),
    "its pdf": ("GET", "/invoices/{invoice}/pdf"),
    "its xml": ("GET", "/invoices/{invoice}/xml"),
    "billing": ("GET", "/billing?quarter=2027Q1"),
    "billing in numbers": ("GET", "/billing/states"),
    "reconciliation": ("GET", "/billing/reconciliation?quarter=2027Q1"),
}
OWN_AMOUNTS = {
    "overview": 200,
    "overview of the municipality": 200,
}
OWN_INVOICES = {
    **OWN_AMOUNTS,
    "invoices": 200,
    "an invoice": 200,
    "its line": 200,
    "its line's calls": 200,
    "its pdf": 200,
    "its xml": 200,
}
ALLOWED: dict[str, dict[str, int]] = {
    "helpdesk": {**dict.fromkeys(ROUTES, 200), "overview": 422},
    "municipality administrator": OWN_INVOICES,
    "municipality signatory": OWN_INVOICES,
    "municipality economy": OWN_INVOICES,
    "municipality user": OWN_AMOUNTS,
    "municipality without a role": OWN_AMOUNTS,
    "supplier administrator": {},
    "supplier user": {},
    "supplier's system": {},
    # An organisation with both hats sees its own amounts as a municipality.
    "both, user": OWN_AMOUNTS,
    "both, administrator": OWN_INVOICES,
    # Another municipality has an overview and a list of its own, and knows nothing of this one's invoices.
    "another municipality's economy": {
        "overview": 200,
        "invoices": 200,
        "an invoice": 404,
        "its line": 404,
        "its line's calls": 404,
        "its pdf": 404,
        "its xml": 404,
    },
    "another municipality's user": {"overview": 200},
}


def headers(who: str, world: World) -> dict[str, str]:
    other = World("Ærø Kommune").municipality
    people: dict[str, tuple[list[OrganisationKind], list[Role], UUID]] = {
        "municipality administrator": (["municipality"], ["administrator"], world.municipality),
        "municipality signatory": (["municipality"], ["signatory"], world.municipality),
        "municipality economy": (["municipality"], ["economy"], world.municipality),
        "municipality user": (["municipality"], ["user"], world.municipality),
        "municipality without a role": (["municipality"], [], world.municipality),
        "supplier administrator": (["supplier"], ["administrator"], world.supplier),
        "supplier user": (["supplier"], ["user"], world.supplier),
        "both, user": (["supplier", "municipality"], ["user"], world.municipality),
        "both, administrator": (["supplier", "municipality"], ["administrator"], world.municipality),
        "another municipality's economy": (["municipality"], ["economy"], other),
        "another municipality's user": (["municipality"], ["user"], other),
    }
    if who == "helpdesk":
        return as_helpdesk()
    if who == "supplier's system":
        return as_system(world.system, world.supplier)
    kinds, roles, organisation = people[who]
    return as_person(kinds, *roles, organisation=organisation)


async def invoiced(invoicing: Invoicing, world: World) -> str:
    """The world after its first invoice; returns the invoice's id."""
    await settle(invoicing, world)
    await invoicing.hear(World("Ærø Kommune").organisation(cvr="28856075"))
    await invoicing.hear(world.told(world.calls(100, datetime(2027, 1, 12, 9, tzinfo=UTC))))
    await invoicing.move_clock(SEALED_ON)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()
    (row,) = await invoicing.fetch("SELECT id FROM invoice")
    return str(row["id"])


async def ask(invoicing: Invoicing, world: World, route: str, invoice: str, who: dict[str, str]) -> int:
    method, path = ROUTES[route]
    url = path.format(service=world.service(), municipality=world.municipality, invoice=invoice, position=1)
    bodies: dict[str, Any] = {
        "set a price": {"starts": "2027-09-01", "per_call": "0.06"},
        "estimate": {"service_ids": [str(world.service())], "calls_per_quarter": 100},
    }
    answer = await invoicing.client.request(method, url, json=bodies.get(route), headers=who)
    return answer.status_code


async def test_every_route_for_every_role(invoicing: Invoicing, world: World) -> None:
    invoice = await invoiced(invoicing, world)
    found = {
        who: {route: await ask(invoicing, world, route, invoice, headers(who, world)) for route in ROUTES}
        for who in ALLOWED
    }
    expected = {who: {**dict.fromkeys(ROUTES, 403), "estimate": 200, **allowed} for who, allowed in ALLOWED.items()}
    assert found == expected


async def test_without_a_sign_in_only_list_prices_are_told(invoicing: Invoicing, world: World) -> None:
    invoice = await invoiced(invoicing, world)
    for route in ROUTES:
        assert await ask(invoicing, world, route, invoice, {}) == 401, route
        assert await ask(invoicing, world, route, invoice, bearer("not.a.token")) == 401, route
    assert (await invoicing.client.get("/prices")).status_code == 200
    assert (await invoicing.client.get(f"/prices/{world.service()}")).status_code == 200


async def test_another_municipalitys_invoices_are_not_in_the_list(invoicing: Invoicing, world: World) -> None:
    invoice = await invoiced(invoicing, world)
    other = headers("another municipality's economy", world)

    assert (await invoicing.client.get("/invoices", headers=other)).json() == {"items": [], "next": None}
    refused = await invoicing.client.get(f"/invoices?municipality_id={world.municipality}", headers=other)
    assert (refused.status_code, refused.json()["code"]) == (403, "rights.other_municipality")
    foreign = await invoicing.client.get(f"/invoices?after={invoice}", headers=other)
    assert (foreign.status_code, foreign.json()["code"]) == (422, "page.after_unknown")


async def test_the_matrix_knows_every_route() -> None:
    told = {
        (method.upper(), path)
        for path, methods in schema()["paths"].items()
        for method in methods
        if path not in HOUSEKEEPING and not path.startswith(UPKEEP)
    }
    in_matrix = {
        (
            method,
            path.partition("?")[0].format(
                service="{service_id}", invoice="{invoice_id}", municipality="", position="{position}"
            ),
        )
        for method, path in ROUTES.values()
    }
    assert told == in_matrix | {("GET", "/prices"), ("GET", "/prices/{service_id}")}


HOUSEKEEPING = {"/healthz", "/readyz", "/metrics", "/time"}
UPKEEP = ("/parked", "/audit")
"""What every service has for the helpdesk; tests/flows/shared/test_upkeep.py tries it for every role."""
TO_SUPPLIERS = {("get", "/prices"), ("get", "/prices/{service_id}"), ("post", "/estimate")}
OF_A_MUNICIPALITY = ("municipality", "invoice", "supplier", "system", "accounting", "sealed", "quarter")


def schema() -> dict[str, Any]:
    return http.create_app(SERVICE, version="test").openapi()


def members(node: Any, known: dict[str, Any]) -> Iterator[str]:
    """Every member's name that this part of the API's description can lead to."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield from members(known[node["$ref"].rpartition("/")[2]], known)
        for name, value in node.get("properties", {}).items():
            yield name
            yield from members(value, known)
        for key, value in node.items():
            if key not in {"properties", "$ref"}:
                yield from members(value, known)
    elif isinstance(node, list):
        for value in node:
            yield from members(value, known)


@pytest.mark.parametrize("who", ["supplier administrator", "supplier user", "supplier's system"])
async def test_a_supplier_never_sees_a_municipalitys_amount(invoicing: Invoicing, world: World, who: str) -> None:
    """By the API's own description: what a supplier may ask names nothing of a municipality, and all else refuses."""
    described = schema()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if path in HOUSEKEEPING:
                continue
            if (method, path) in TO_SUPPLIERS:
                answers = operation["responses"]["200"]["content"]["application/json"]["schema"]
                names = set(members(answers, described["components"]["schemas"]))
                assert names, path
                assert not [name for name in names if name.startswith(OF_A_MUNICIPALITY)], path
                asked_for = [parameter["name"] for parameter in operation.get("parameters", [])]
                assert "municipality_id" not in asked_for
                continue
            url = path.format(service_id=world.service(), invoice_id=uuid4(), position=1, parked_id=uuid4())
            dropped = path.endswith("/drop")
            answer = await invoicing.client.request(
                method,
                url,
                params={"quarter": "2027Q1"},
                json={"reason": "nonsense"} if dropped else {"starts": "2027-09-01", "per_call": "0.06"},
                headers=headers(who, world),
            )
            assert answer.status_code == 403, (method, path)
