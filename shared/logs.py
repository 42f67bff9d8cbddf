"""Logs: one JSON object a line, readable text on a terminal, the correlation id on every line."""

from __future__ import annotations

import logging
import sys
from contextlib import AbstractContextManager
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared import failure


def set_up(service: str, *, form: Literal["auto", "json", "text"], level: str) -> None:
    """Send structlog's and the standard library's lines to standard error in one form."""
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor] = [
        _told_exception,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if text
        else structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Their lines at INFO repeat ours: one a request, one a connection.
    for noisy in ("uvicorn", "uvicorn.access", "uvicorn.error", "httpx", "aiormq", "aio_pika"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


def _told_exception(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    # structlog's own tracebacks show local variables: people's names, links and tokens.
    given = line.pop("exc_info", None)
    found = sys.exc_info() if given is True else given
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        line["exception"] = failure.traced(error)
    return line


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A module's logger; say what happened as an event name, and the rest as fields."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def bound(**fields: object) -> AbstractContextManager[None]:
    """Put these fields on every line logged in the body."""
    return structlog.contextvars.bound_contextvars(**fields)
