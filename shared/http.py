"""A service's HTTP face: problem details, correlation, bounded bodies, health and metrics, OpenAPI."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import asyncpg
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import logs, metrics, traces, upkeep
from shared.correlation import correlated, current
from shared.database import AWAY, TRANSIENT
from shared.problem import BadRequest, Invalid, Problem, TooLarge, Unavailable

if TYPE_CHECKING:
    from shared.run import Service

log = logs.get(__name__)

MAX_BODY = 1024 * 1024
MAX_CALLS_BODY = 4 * 1024 * 1024
PROBLEM = "application/problem+json"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Measured by name; any other word a client makes up is measured as `other`."""
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked for every few seconds by whatever watches over the service; neither logged nor traced."""
_LENGTH = re.compile(r"[0-9]{1,18}")


class ProblemBody(BaseModel):
    """RFC 9457 problem details; `code` is stable, `correlation_id` is what to quote to helpdesk."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str


Show = Callable[[Request, Problem, dict[str, str]], Response]
"""Makes the answer that tells whoever asked of a problem; the headers belong to what went wrong."""


def as_problem_details(_: Request, problem: Problem, headers: dict[str, str]) -> Response:
    """The problem for software: RFC 9457 problem details."""
    body = {
        "type": f"urn:serviceplatform:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "correlation_id": current().id,
        **problem.extra,
    }
    return JSONResponse(body, status_code=problem.status, media_type=PROBLEM, headers=headers)


def _shown(show: Show, request: Request, problem: Problem) -> Response:
    headers = {"Retry-After": "2"} if isinstance(problem, Unavailable) else {}
    if problem.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    return show(request, problem, headers)


class _App(FastAPI):
    """Describes problems as the kind of content they are sent as; the framework knows of one kind alone."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            for path in super().openapi()["paths"].values():
                for operation in path.values():
                    problem = {"$ref": "#/components/schemas/ProblemBody"}
                    operation["responses"]["4XX"]["content"] = {PROBLEM: {"schema": problem}}
        return super().openapi()


def create_app(service: Service[Any], *, version: str, root_path: str = "") -> FastAPI:
    """The service's app; whoever serves it sets `app.state.runtime` first."""
    app = _App(
        title=f"Serviceplatform {service.name}",
        description=service.about,
        version=version,
        # Not FastAPI's root_path: that would cut it off routes that begin with the same word.
        servers=[{"url": root_path}] if root_path else None,
        docs_url=None,  # its page would load scripts from another host
        redoc_url=None,
        responses={
            "4XX": {"description": "A problem", "model": ProblemBody},
        },
        generate_unique_id_function=lambda route: route.name,
    )
    for router in service.routers:
        app.include_router(router)
    app.include_router(upkeep.router)
    app.include_router(_housekeeping)
    _answer_problems(app, service.show)
    app.add_middleware(Boundary, large=service.large_paths, show=service.show)
    return app


def describe(service: Service[Any], *, version: str) -> dict[str, Any]:
    """The service's OpenAPI description."""
    return create_app(service, version=version).openapi()


def _answer_problems(app: FastAPI, show: Show) -> None:
    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return _shown(show, request, error)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fields = [_field(item) for item in error.errors()]
        told = "; ".join(f"{item['field']}: {item['message']}" for item in fields[:5])
        problem = _AsTold(422, "The request does not fit its description", "request.not_valid", told)
        problem.extra["errors"] = fields[:50]
        return show(request, problem, {})

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        told = str(error.detail)
        problem = _AsTold(error.status_code, told, f"http.{error.status_code}", told)
        return show(request, problem, dict(error.headers or {}))

    async def on_away(request: Request, error: Exception) -> Response:
        log.warning("database_away", error=type(error).__name__)
        away = Unavailable("database.away", "The database can't serve just now; try again.")
        return _shown(show, request, away)

    async def on_busy(request: Request, error: Exception) -> Response:
        log.warning("database_busy", error=type(error).__name__)
        busy = Unavailable("database.busy", "Others are at the same things; try again.")
        return _shown(show, request, busy)

    async def on_unstorable(request: Request, __: Exception) -> Response:
        unstorable = Invalid(
            "request.text_not_storable", "A text holds a character that can't be stored, such as U+0000."
        )
        return _shown(show, request, unstorable)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    for kind in AWAY:
        app.add_exception_handler(kind, on_away)
    for busy_kind in (*TRANSIENT, asyncpg.QueryCanceledError):
        app.add_exception_handler(busy_kind, on_busy)
    for kept_out in (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError):
        app.add_exception_handler(kept_out, on_unstorable)


class _AsTold(Problem):
    """A problem whose status and title the framework gave."""

    def __init__(self, status: int, title: str, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.status = status
        self.title = title


def _field(item: dict[str, Any]) -> dict[str, str]:
    """Where a request does not fit and why, without what was sent: it may be a password or a name."""
    where = [str(part)[:64] for part in item["loc"]]
    message = _WITHOUT_VALUE.get(item["type"], item["msg"])
    return {"field": ".".join(where)[:255], "type": item["type"], "message": message[:255]}


_WITHOUT_VALUE = {
    "union_tag_invalid": "Input should be one of the kinds described",
    "uuid_parsing": "Input should be a valid UUID",
    "json_invalid": "The body should be valid JSON",
}
"""Messages in place of those of pydantic that repeat a part of the input."""


class Boundary:
    """Around every request: correlation, a bounded body, an access line without query or names, metrics."""

    def __init__(self, app: ASGIApp, *, large: frozenset[str], show: Show = as_problem_details) -> None:
        self._app = app
        self._large = large
        self._show = show

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        with (
            traces.traced(
                "request", "request", headers.get("traceparent"), wanted=scope["path"] not in QUIET
            ) as trace,
            correlated(headers.get("x-request-id"), traceparent=trace.traceparent) as correlation,
        ):
            began = time.perf_counter()
            answer = _Answer(send, correlation.id)
            try:
                await self._bounded(scope, receive, answer, headers.get("content-length", "0"))
            except Exception:
                log.exception("request_failed")
                if answer.begun:
                    raise
                await self._tell(_FAILED, scope, receive, answer)
            finally:
                _measure(scope, answer.status, time.perf_counter() - began)
                _trace(trace, scope, answer.status, correlation.id)

    async def _tell(self, problem: Problem, scope: Scope, receive: Receive, answer: _Answer) -> None:
        await _shown(self._show, Request(scope), problem)(scope, receive, answer)

    async def _bounded(self, scope: Scope, receive: Receive, answer: _Answer, length: str) -> None:
        limit = MAX_CALLS_BODY if scope["path"] in self._large else MAX_BODY
        too_large = TooLarge("request.too_large", f"At most {limit} bytes are read; send it in parts.")
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise too_large
            return message

        async def unless_too_large(message: Message) -> None:
            # The framework answers 400 to whatever goes wrong while a body is read; that is not what went wrong.
            if taken <= limit or answer.begun:
                await answer(message)

        if not _LENGTH.fullmatch(length):
            malformed = BadRequest("request.length_malformed", "Content-Length should be a number of bytes.")
            await self._tell(malformed, scope, receive, answer)
        elif int(length) > limit:
            await self._tell(too_large, scope, receive, answer)
        else:
            try:
                await self._app(scope, counted, unless_too_large)
            except TooLarge:
                if answer.begun:
                    raise
            if taken > limit and not answer.begun:
                await self._tell(too_large, scope, receive, answer)


class _Answer:
    """Sends the answer with the headers every answer has, and remembers its status."""

    def __init__(self, send: Send, correlation_id: str) -> None:
        self._send = send
        self._correlation_id = correlation_id
        self.begun = False
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self.status = message["status"]
            given = list(message.get("headers", []))
            if not any(name.lower() == b"cache-control" for name, _ in given):
                given.append((b"cache-control", b"no-store"))
            message["headers"] = [
                *given,
                (b"x-request-id", self._correlation_id.encode()),
                (b"x-content-type-options", b"nosniff"),
            ]
        await self._send(message)


def _measure(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.REQUESTS.labels(method, route, status).inc()
    metrics.REQUEST_SECONDS.labels(method, route).observe(seconds)
    if route not in QUIET:
        log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _trace(trace: traces.Traced, scope: Scope, status: int, correlation_id: str) -> None:
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in METHODS else "other"
    trace.name(f"{method} {route}")
    trace.tell(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "correlation.id": correlation_id,
        }
    )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        trace.fail(str(status))


_FAILED = Problem("service.failed", "The service failed, and logged why. Quote the correlation id to helpdesk.")


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
