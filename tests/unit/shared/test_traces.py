"""Traces reach a collector, hang together over services, and hold nothing that somebody sent."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared import traces
from shared.correlation import current
from shared.http import create_app
from shared.run import Service

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Collector:
    """An OTLP collector over HTTP, as far as it takes traces."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for request in self.requests
            for resource in request.resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
        }

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


def facts(span: Any) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def app() -> httpx.AsyncClient:
    router = APIRouter()

    @router.get("/links/{secret}")
    async def link(secret: str) -> dict[str, str | None]:
        if secret == "fails":
            raise RuntimeError("hunter2 went wrong")
        return {"traceparent": current().traceparent}

    service: Any = Service("registry", "", None, None, {}, routers=(router,))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(service, version="1")), base_url="http://edge")


async def test_off_the_parent_is_passed_on_as_it_came() -> None:
    async with app() as client:
        answer = await client.get("/links/hunter2", headers={"traceparent": PARENT})

    assert answer.json() == {"traceparent": PARENT}


async def test_a_request_and_what_it_leads_to_are_one_trace(collector: Collector) -> None:
    async with traces.sending("registry", "1", collector.url), app() as client:
        told = (await client.get("/links/hunter2?name=hunter2", headers={"traceparent": PARENT})).json()
        with traces.traced(
            "handle agreement.approved.v1", "event", told["traceparent"], {"messaging.message.id": "1"}
        ):
            pass

    request, event = sorted(collector.spans(), key=lambda span: span.start_time_unix_nano)
    assert collector.services() == {"registry"}
    assert request.trace_id.hex() == event.trace_id.hex() == TRACE
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    assert event.parent_span_id == request.span_id
    assert request.name == "GET /links/{secret}"
    assert facts(request)["http.response.status_code"] == 200
    assert event.name == "handle agreement.approved.v1"
    assert "hunter2" not in str(collector.requests)


async def test_a_failure_is_told_without_its_words(collector: Collector) -> None:
    async with traces.sending("registry", "1", collector.url), app() as client:
        assert (await client.get("/links/fails")).status_code == 500
        with pytest.raises(ValueError, match="hunter2"), traces.traced("handle it", "event", None):
            raise ValueError("hunter2")

    request, event = sorted(collector.spans(), key=lambda span: span.start_time_unix_nano)
    assert (request.status.code, request.status.message) == (2, "500")
    assert (event.status.code, event.status.message) == (2, "ValueError")
    assert not request.events
    assert "hunter2" not in str(collector.requests)


async def test_who_watches_over_the_service_is_not_traced(collector: Collector) -> None:
    async with traces.sending("registry", "1", collector.url), app() as client:
        await client.get("/healthz")

    assert collector.spans() == []


async def test_a_collector_that_is_away_stops_nothing(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    collector.close()
    async with traces.sending("registry", "1", collector.url), app() as client:
        assert (await client.get("/links/one")).status_code == 200
    assert not [record for record in caplog.records if record.levelname == "CRITICAL"]


async def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("opentelemetry.sdk"):
            raise ModuleNotFoundError(name=name)
        return real(name, *rest, **named)

    for name in [name for name in sys.modules if name.startswith("opentelemetry.sdk")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", missing)

    with pytest.raises(
        traces.TracesUnavailable, match=r"opentelemetry\.sdk.* is not installed; install requirements/"
    ):
        async with traces.sending("registry", "1", "http://127.0.0.1:4318/v1/traces"):
            pass
