"""What each OpenAPI description promises: it stands by itself, and says what is needed and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.documents import services
from shared.contracts import SERVICES
from shared.http import PROBLEM, describe

OPEN = {
    "/.well-known/jwks.json",
    "/healthz",
    "/links",
    "/links/redeem",
    "/links/{secret}",
    "/metrics",
    "/oauth/token",
    "/prices",
    "/prices/{service_id}",
    "/readyz",
    "/services",
    "/services/{service_id}",
    "/sign-in",
    "/time",
}
"""Where nobody needs to be signed in (to read: publishing a service or setting a price takes the helpdesk)."""


@pytest.fixture(params=SERVICES)
def described(request: pytest.FixtureRequest) -> dict[str, Any]:
    return describe(services()[request.param], version="0.0.0")


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for reference in _references(described):
        found: Any = described
        assert reference.startswith("#/"), reference
        for part in reference[2:].split("/"):
            assert part in found, reference
            found = found[part]


def test_a_route_says_that_it_needs_a_token(described: dict[str, Any]) -> None:
    for method, path, operation in _operations(described):
        if path not in OPEN:
            assert operation.get("security") == [{"token": []}], f"{method} {path}"
        elif method == "get":
            assert "security" not in operation, f"{method} {path}"


def test_a_refusal_is_described_as_the_problem_it_is(described: dict[str, Any]) -> None:
    for method, path, operation in _operations(described):
        refusal = operation["responses"]["4XX"]["content"]
        assert refusal == {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}, f"{method} {path}"


def test_every_operation_has_a_name_of_its_own_and_is_explained(described: dict[str, Any]) -> None:
    operations = list(_operations(described))

    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations)
    for method, path, operation in operations:
        assert operation.get("description"), f"{method} {path}"


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(reference := part.get("$ref"), str):
            yield reference
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)
