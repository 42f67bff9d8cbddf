"""Traces: what one act led to in which service, and how long it took, sent to an OpenTelemetry collector.

Off unless an address is named; then only who called whom (W3C `traceparent`) is passed on, as always. A trace
holds no names, addresses, paths or contents: routes, event types, ids and outcomes alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

EXPORT_SECONDS = 5.0
_FORMAT = TraceContextTextMapPropagator()
_KINDS = {"request": SpanKind.SERVER, "event": SpanKind.CONSUMER}

_tracer: Tracer | None = None


class TracesUnavailable(Exception):
    """Traces are wanted and the packages that send them are not installed; a sentence with what to do."""


@asynccontextmanager
async def sending(service: str, version: str, url: str | None) -> AsyncIterator[None]:
    """Send what is traced in the body to `url` (OTLP over HTTP, `…/v1/traces`); None: trace nothing.

    A collector that is away costs traces and nothing else. Raises TracesUnavailable.
    """
    global _tracer  # noqa: PLW0603 - one process is one service, and code anywhere in it may be traced
    if url is None:
        yield
        return
    try:
        # Optional, and slow to import: only where they are wanted.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise TracesUnavailable(
            f"SP_TRACES_URL is set, and {error.name} is not installed; install requirements/traces.lock or unset it."
        ) from None
    told = {"service.name": service, "service.version": version, "service.namespace": "serviceplatform"}
    provider = TracerProvider(resource=Resource.create(told), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS)))
    _tracer = provider.get_tracer("serviceplatform", version)
    try:
        yield
    finally:
        _tracer = None
        await asyncio.to_thread(provider.shutdown)


class Traced:
    """A piece of work being traced. `traceparent` is what led to it becomes for what it leads to."""

    def __init__(self, span: Span | None, parent: str | None) -> None:
        self._span = span
        self.traceparent = parent
        if span is not None:
            carrier: dict[str, str] = {}
            _FORMAT.inject(carrier, context=set_span_in_context(span))
            self.traceparent = carrier.get("traceparent", parent)

    def name(self, name: str) -> None:
        """What it turned out to be, such as a request's route."""
        if self._span is not None:
            self._span.update_name(name)

    def tell(self, facts: Mapping[str, str | int]) -> None:
        """Add facts about it: no names, addresses or contents."""
        if self._span is not None:
            self._span.set_attributes(facts)

    def fail(self, why: str) -> None:
        """It did not end well; `why` in a word, such as the kind of the error."""
        if self._span is not None:
            self._span.set_status(Status(StatusCode.ERROR, why))


@contextmanager
def traced(
    name: str,
    kind: Literal["request", "event"],
    parent: str | None,
    facts: Mapping[str, str | int] | None = None,
    *,
    wanted: bool = True,
) -> Iterator[Traced]:
    """Trace the body as a part of what `parent` (a `traceparent`) belongs to, or as something new."""
    if _tracer is None or not wanted:
        yield Traced(None, parent)
        return
    context = _FORMAT.extract({"traceparent": parent} if parent else {})
    span = _tracer.start_span(name, context=context, kind=_KINDS[kind], attributes=facts)
    found = Traced(span, parent)
    try:
        yield found
    except BaseException as error:
        # The kind alone: an error's words may hold what somebody sent.
        found.fail(type(error).__name__)
        raise
    finally:
        span.end()
