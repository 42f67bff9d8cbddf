"""A service's HTTP face: problem details, correlation, bounded bodies, health and metrics, OpenAPI."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import logs, metrics
from shared.correlation import correlated, current
from shared.database import AWAY
from shared.problem import Problem, TooLarge, Unavailable

if TYPE_CHECKING:
    from shared.run import Service

log = logs.get(__name__)

MAX_BODY = 1024 * 1024
MAX_CALLS_BODY = 4 * 1024 * 1024
PROBLEM = "application/problem+json"


class ProblemBody(BaseModel):
    """RFC 9457 problem details; `code` is stable, `correlation_id` is what to quote to helpdesk."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str


def problem_response(problem: Problem) -> JSONResponse:
    """The problem as its answer."""
    body = {
        "type": f"urn:serviceplatform:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "correlation_id": current().id,
        **problem.extra,
    }
    headers = {"Retry-After": "2"} if isinstance(problem, Unavailable) else {}
    if problem.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status_code=problem.status, media_type=PROBLEM, headers=headers)


def create_app(service: Service[Any], *, version: str, root_path: str = "") -> FastAPI:
    """The service's app; whoever serves it sets `app.state.runtime` first."""
    app = FastAPI(
        title=f"Serviceplatform {service.name}",
        description=service.about,
        version=version,
        root_path=root_path,
        docs_url=None,  # its page would load scripts from another host
        redoc_url=None,
        responses={
            "4XX": {"description": "A problem", "model": ProblemBody, "content": {PROBLEM: {}}},
        },
    )
    for router in service.routers:
        app.include_router(router)
    app.include_router(_housekeeping)
    _answer_problems(app)
    app.add_middleware(Boundary, large=service.large_paths)
    return app


def describe(service: Service[Any], *, version: str) -> dict[str, Any]:
    """The service's OpenAPI description."""
    return create_app(service, version=version).openapi()


def _answer_problems(app: FastAPI) -> None:
    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_response(error)

    async def on_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fields = [
            {"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in error.errors()
        ]
        told = "; ".join(f"{item['field']}: {item['message']}" for item in fields[:5])
        problem = Problem("request.not_valid", told, errors=fields[:50])
        return _as_status(problem, 422, "The request does not fit its description")

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem = Problem(f"http.{error.status_code}", str(error.detail))
        return _as_status(problem, error.status_code, str(error.detail), headers=dict(error.headers or {}))

    async def on_away(_: Request, error: Exception) -> Response:
        log.warning("database_away", error=type(error).__name__)
        return problem_response(Unavailable("database.away", "The database can't serve just now; try again."))

    async def on_bug(_: Request, __: Exception) -> Response:
        # Starlette raises the error again after this answer, and the server logs it.
        return problem_response(
            Problem(
                "service.failed", "The service failed; nothing was changed. Quote the correlation id to helpdesk."
            )
        )

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    for kind in AWAY:
        app.add_exception_handler(kind, on_away)
    app.add_exception_handler(Exception, on_bug)


def _as_status(problem: Problem, status: int, title: str, headers: dict[str, str] | None = None) -> JSONResponse:
    body = {
        "type": f"urn:serviceplatform:problem:{problem.code}",
        "title": title,
        "status": status,
        "detail": problem.detail,
        "code": problem.code,
        "correlation_id": current().id,
        **problem.extra,
    }
    return JSONResponse(body, status_code=status, media_type=PROBLEM, headers=headers)


class Boundary:
    """Around every request: correlation, a bounded body, an access line without query or names, metrics."""

    def __init__(self, app: ASGIApp, *, large: frozenset[str]) -> None:
        self._app = app
        self._large = large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        with correlated(headers.get("x-request-id"), traceparent=headers.get("traceparent")) as correlation:
            began = time.perf_counter()
            status = 500

            async def answer(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    given = list(message.get("headers", []))
                    if not any(name.lower() == b"cache-control" for name, _ in given):
                        given.append((b"cache-control", b"no-store"))
                    message["headers"] = [
                        *given,
                        (b"x-request-id", correlation.id.encode()),
                        (b"x-content-type-options", b"nosniff"),
                    ]
                await send(message)

            limit = MAX_CALLS_BODY if scope["path"] in self._large else MAX_BODY
            taken = 0

            async def bounded() -> Message:
                nonlocal taken
                message = await receive()
                taken += len(message.get("body", b""))
                if taken > limit:
                    raise TooLarge("request.too_large", f"At most {limit} bytes are read; send it in parts.")
                return message

            try:
                if int(headers.get("content-length") or 0) > limit:
                    problem = TooLarge("request.too_large", f"At most {limit} bytes are read; send it in parts.")
                    await problem_response(problem)(scope, receive, answer)
                else:
                    await self._app(scope, bounded, answer)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                seconds = time.perf_counter() - began
                metrics.REQUESTS.labels(scope["method"], route, status).inc()
                metrics.REQUEST_SECONDS.labels(scope["method"], route).observe(seconds)
                if route not in {"/healthz", "/readyz", "/metrics"}:
                    log.info(
                        "request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1)
                    )


_housekeeping = APIRouter(tags=["housekeeping"])


@_housekeeping.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process lives and its loop turns."""
    return {"status": "alive"}


@_housekeeping.get("/readyz", responses={503: {"description": "Not ready; says why"}})
async def readyz(request: Request) -> JSONResponse:
    """Whether it can do its work: database reachable and up to date, its queue read.

    Without the broker it stays ready, and says `degraded`: what it has to say waits in the outbox.
    """
    ready, parts = await request.app.state.runtime.readiness()
    return JSONResponse(parts, status_code=200 if ready else 503)


@_housekeeping.get("/metrics", response_class=Response)
async def measured() -> Response:
    """For Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class PlatformTime(BaseModel):
    """Platform time (UTC) as this service has it."""

    now: str
    mode: str


@_housekeeping.get("/time")
async def platform_time(request: Request) -> PlatformTime:
    """Platform time as this service has it: real time, or ahead of it in demonstration mode."""
    clock = request.app.state.runtime.clock
    return PlatformTime(now=clock.now().isoformat(), mode=clock.mode)
