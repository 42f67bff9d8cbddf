"""What every service's HTTP face does: problem details, bounded bodies, correlation, health, measures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
import structlog
from fastapi import FastAPI
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shared import http
from shared.problem import Problem, Unavailable
from tests.flows.shared.conftest import KINDS, RAISED, make_app

MEMBERS = {"type", "title", "status", "detail", "code", "correlation_id"}


def require_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer's body, once it is a whole problem with the headers every answer has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    body: dict[str, Any] = answer.json()
    assert set(body) >= MEMBERS
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:serviceplatform:problem:{code}"
    assert body["correlation_id"] == answer.headers["x-request-id"]
    return body


@pytest.mark.parametrize(("kind", "status"), KINDS)
async def test_each_kind_of_problem_is_told_in_full(raising: Any, kind: type[Problem], status: int) -> None:
    answer = await raising(kind("thing.not_so", "The thing is not so.", thing=3))

    body = require_problem(answer, status, "thing.not_so")
    assert (body["title"], body["detail"], body["thing"]) == (kind.title, "The thing is not so.", 3)
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert ("retry-after" in answer.headers) == (kind is Unavailable)


async def test_a_request_that_does_not_fit_is_told_which_fields_and_never_what_they_held(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/things", json={"name": "ab", "secret": "HUNTER2", "count": "x-hunter2-x"})

    body = require_problem(answer, 422, "request.not_valid")
    assert body["errors"] == [
        {"field": "body.name", "type": "string_too_short", "message": "String should have at least 3 characters"},
        {
            "field": "body.secret",
            "type": "string_pattern_mismatch",
            "message": "String should match pattern '^[a-z]*$'",
        },
        {
            "field": "body.count",
            "type": "int_parsing",
            "message": "Input should be a valid integer, unable to parse string as an integer",
        },
    ]
    assert "hunter2" not in answer.text.lower()


@pytest.mark.parametrize(
    "content", [b'{"name": "hunter2', b"hunter2", b'["hunter2"]', b"", b'"\xff"', b'{"name": "\\ud800"}']
)
async def test_a_body_that_is_not_json_is_not_echoed_either(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/things", content=content, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text


async def test_an_unknown_members_name_is_told_shortened(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json={"name": "abc", "secret": "", "x" * 10_000: 1})

    [error] = require_problem(answer, 422, "request.not_valid")["errors"]
    assert error == {
        "field": f"body.{'x' * 64}",
        "type": "extra_forbidden",
        "message": "Extra inputs are not permitted",
    }


async def test_a_number_that_is_none_in_a_path(client: httpx.AsyncClient) -> None:
    body = require_problem(await client.get("/things/hunter2"), 422, "request.not_valid")

    assert [error["field"] for error in body["errors"]] == ["path.number"]


async def test_no_such_address_and_no_such_method(client: httpx.AsyncClient) -> None:
    require_problem(await client.get("/nothing/here"), 404, "http.404")
    refused = await client.delete("/things/1")
    require_problem(refused, 405, "http.405")
    assert refused.headers["allow"] == "GET"


class Broken(Exception):
    """A bug."""


async def test_a_bug_is_a_problem_with_the_correlation_id_of_its_log_line(client: httpx.AsyncClient) -> None:
    RAISED["it"] = Broken("hunter2 is why")
    with capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        answer = await client.get("/raise/it")

    body = require_problem(answer, 500, "service.failed")
    assert "hunter2" not in answer.text
    [failed] = [line for line in lines if line["event"] == "request_failed"]
    assert failed["exc_info"]
    assert failed["correlation_id"] == body["correlation_id"]


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError("x"),
        asyncpg.AdminShutdownError("x"),
        asyncpg.CannotConnectNowError("x"),
        asyncpg.TooManyConnectionsError("x"),
        asyncpg.DiskFullError("x"),
        asyncpg.ReadOnlySQLTransactionError("x"),
    ],
)
async def test_a_database_that_is_away_asks_to_come_again(raising: Any, error: Exception) -> None:
    answer = await raising(error)

    require_problem(answer, 503, "database.away")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    "error", [asyncpg.DeadlockDetectedError("x"), asyncpg.LockNotAvailableError("x"), asyncpg.QueryCanceledError("x")]
)
async def test_a_database_that_is_busy_asks_to_come_again(raising: Any, error: Exception) -> None:
    require_problem(await raising(error), 503, "database.busy")


@pytest.mark.parametrize("error", [FileNotFoundError("a file"), PermissionError("a file"), OSError("anything")])
async def test_a_missing_file_is_a_bug_and_not_the_database(raising: Any, error: Exception) -> None:
    require_problem(await raising(error), 500, "service.failed")


async def test_text_that_can_not_be_stored_is_the_callers(raising: Any) -> None:
    require_problem(await raising(asyncpg.CharacterNotInRepertoireError("x")), 422, "request.text_not_storable")


async def parts(size: int, number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b"x" * size


async def test_a_body_is_bounded_by_its_declared_length(client: httpx.AsyncClient) -> None:
    full = await client.post("/taken", content=b"x" * http.MAX_BODY)
    assert full.json() == {"bytes": http.MAX_BODY}

    body = require_problem(await client.post("/taken", content=b"x" * (http.MAX_BODY + 1)), 413, "request.too_large")
    assert body["detail"] == f"At most {http.MAX_BODY} bytes are read; send it in parts."


@pytest.mark.parametrize("path", ["/taken", "/things"])
async def test_a_body_without_a_declared_length_is_bounded_as_it_comes(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=parts(256 * 1024, 5), headers={"content-type": "application/json"})

    require_problem(answer, 413, "request.too_large")


async def test_a_large_path_takes_more_and_no_more(client: httpx.AsyncClient) -> None:
    assert (await client.post("/large", content=parts(1024 * 1024, 4))).json() == {"bytes": http.MAX_CALLS_BODY}
    require_problem(await client.post("/large", content=parts(1024 * 1024, 5)), 413, "request.too_large")


@pytest.mark.parametrize("length", ["many", "-1", "", "1.5", "²", "9" * 30])
async def test_a_malformed_length_is_refused(app: FastAPI, length: str) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/taken",
        "raw_path": b"/taken",
        "query_string": b"",
        "headers": [(b"content-length", length.encode("latin-1"))],
    }
    await app(scope, receive, send)

    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["code"] == "request.length_malformed"


@pytest.mark.parametrize("given", ["a1b2c3d4", "0c2d9f3e-6f0e-4f0a-9f63-0a5b7c3c1f11", "A.b_c-" * 10])
async def test_a_fit_request_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/nothing", headers={"x-request-id": given})

    assert answer.headers.get_list("x-request-id") == [given]
    assert answer.json()["correlation_id"] == given


@pytest.mark.parametrize("given", [None, "", "short", "x" * 65, "with blanks in it", "<script>alert(1)", "åååååååå"])
async def test_an_unfit_request_id_is_replaced(client: httpx.AsyncClient, given: str | None) -> None:
    headers = {} if given is None else {"x-request-id": given.encode()}
    first, second = await client.get("/nothing", headers=headers), await client.get("/nothing", headers=headers)

    assert first.headers["x-request-id"] != given
    assert len(first.headers["x-request-id"]) == 36
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def labels(name: str) -> set[tuple[str, ...]]:
    return {
        tuple(value for key, value in sorted(sample.labels.items()) if key != "le")
        for metric in REGISTRY.collect()
        if metric.name == name
        for sample in metric.samples
        if sample.name.endswith(("_total", "_count"))
    }


async def test_measures_are_by_route_and_never_by_what_a_client_makes_up(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.get(f"/things/{number}?q=hunter2")
        await client.get(f"/made-up/{number}")
        await client.request(f"MADEUP{number}", "/things/1")
        await client.request(f"MADEUP{number}", f"/made-up/{number}")

    seen = labels("sp_http_requests") | labels("sp_http_request_seconds")
    flat = {value for row in seen for value in row}
    assert {("GET", "/things/{number}", "200"), ("GET", "none", "404"), ("other", "none", "404")} <= seen
    assert not [value for value in flat if "MADEUP" in value or "made-up" in value or "hunter2" in value]


async def test_a_request_is_logged_by_route_without_its_values(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        await client.get("/things/42?name=hunter2")
        await client.get("/healthz")

    [line] = lines
    assert (line["event"], line["method"], line["route"], line["status"]) == (
        "request",
        "GET",
        "/things/{number}",
        200,
    )
    assert "hunter2" not in str(line)


async def test_housekeeping(client: httpx.AsyncClient, app: FastAPI) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"state": "ready"})
    measured = await client.get("/metrics")
    assert measured.headers["content-type"].startswith("text/plain")
    assert "sp_http_requests_total" in measured.text
    told = (await client.get("/time")).json()
    assert told["mode"] == "live"
    assert abs((datetime.fromisoformat(told["now"]) - datetime.now(UTC)).total_seconds()) < 60

    async def not_ready() -> tuple[bool, dict[str, str]]:
        return False, {"state": "not ready", "database": "away (TimeoutError)"}

    app.state.runtime.readiness = not_ready
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, "away (TimeoutError)")


async def test_the_description_names_every_route_and_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()

    assert described["info"] == {
        "title": "Serviceplatform tiny",
        "description": "A service of the tests",
        "version": "1.2.3",
    }
    assert {"/things", "/things/{number}", "/healthz", "/readyz", "/metrics", "/time"} <= set(described["paths"])
    assert (await client.get("/docs")).status_code == 404
    assert make_app().openapi() == described
