"""A tiny service of the tests' own: its app in this process, without a database or a broker."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from structlog.testing import capture_logs

from shared import http, problem
from shared.clock import Clock
from shared.run import Service
from shared.settings import Settings
from tests.flows.shared.tiny.__main__ import MIGRATIONS


class Sent(BaseModel):
    """What `/things` takes."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=3)
    secret: str = Field(pattern="^[a-z]*$")
    count: int = 0


ROUTER = APIRouter()


@ROUTER.post("/things")
async def make(sent: Sent) -> dict[str, str]:
    return {"name": sent.name}


@ROUTER.get("/things/{number}")
async def show(number: int) -> dict[str, int]:
    return {"number": number}


@ROUTER.post("/taken")
async def taken(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@ROUTER.post("/large")
async def large(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


RAISED: dict[str, Exception] = {}


@ROUTER.get("/raise/{what}")
async def raise_it(what: str) -> None:
    raise RAISED[what]


def make_app(**changes: Any) -> FastAPI:
    service = Service[Settings](
        name="tiny",
        about="A service of the tests",
        settings=Settings,
        migrations=MIGRATIONS,
        handlers={},
        routers=[ROUTER],
        large_paths=frozenset({"/large"}),
        **changes,
    )
    app = http.create_app(service, version="1.2.3")

    async def readiness() -> tuple[bool, dict[str, str]]:
        return True, {"state": "ready"}

    app.state.runtime = SimpleNamespace(clock=Clock("live"), readiness=readiness)
    return app


@pytest.fixture
def app() -> FastAPI:
    return make_app()


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://tiny.example")


@pytest.fixture
def raising(client: httpx.AsyncClient) -> Any:
    """`await raising(error)`: the answer of a route that raises it."""

    async def ask(error: Exception) -> httpx.Response:
        RAISED["it"] = error
        try:
            with capture_logs():
                return await client.get("/raise/it")
        finally:
            RAISED.clear()

    return ask


KINDS = (
    (problem.BadRequest, 400),
    (problem.Unauthorised, 401),
    (problem.Forbidden, 403),
    (problem.NotFound, 404),
    (problem.Conflict, 409),
    (problem.TooLarge, 413),
    (problem.Invalid, 422),
    (problem.TooMany, 429),
    (problem.Unavailable, 503),
)
