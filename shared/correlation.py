"""Which act began this: carried through HTTP, the outbox and every event, and written on every log line."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import structlog

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Correlation:
    """`id`: the person's or system's act that began it; `causation`: the event that led here, if one did."""

    id: str
    causation: uuid.UUID | None = None
    traceparent: str | None = None


_current: ContextVar[Correlation | None] = ContextVar("correlation", default=None)


def current() -> Correlation:
    """The correlation of the work at hand; a new one where none was begun."""
    found = _current.get()
    if found is None:
        found = Correlation(str(uuid.uuid4()))
        _current.set(found)
    return found


@contextmanager
def correlated(
    correlation_id: str | None, *, causation: uuid.UUID | None = None, traceparent: str | None = None
) -> Iterator[Correlation]:
    """Run the body as part of the act with this id; one that is missing or unfit is replaced by a new one."""
    fit = correlation_id is not None and _ACCEPTED.fullmatch(correlation_id) is not None
    trace = traceparent if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) else None
    correlation = Correlation(str(correlation_id) if fit else str(uuid.uuid4()), causation, trace)
    token = _current.set(correlation)
    try:
        with structlog.contextvars.bound_contextvars(correlation_id=correlation.id):
            yield correlation
    finally:
        _current.reset(token)
