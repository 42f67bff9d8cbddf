"""What may be told of an exception in a log line or beside a parked message: its kind and place, no values."""

from __future__ import annotations

import traceback

import asyncpg
from fastapi.exceptions import ValidationException
from pydantic import ValidationError

LONGEST = 2000
FRAMES = 40


def told(error: BaseException) -> str:
    """The kind of an exception and its message, without the values some messages quote.

    PostgreSQL's details name the row, asyncpg's the argument, pydantic's the input: names and addresses of
    people among them. Our own exceptions are told as they are.
    """
    return clean(f"{type(error).__name__}: {_message(error)}")


def clean(text: str) -> str:
    """Text PostgreSQL takes: no zero bytes, no lone surrogates, and no longer than is useful."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:LONGEST]


def _message(error: BaseException) -> str:
    if isinstance(error, asyncpg.PostgresError):
        return f"{str(error.args[0] if error.args else '').partition(': ')[0]} ({error.sqlstate})"
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        # A connection URL that can't be read is quoted, password and all.
        return str(error).partition(":")[0]
    if isinstance(error, ValidationError):
        return _fields(error.errors(include_input=False, include_url=False, include_context=False))
    if isinstance(error, ValidationException):
        return _fields(error.errors())
    return str(error)


def _fields(errors: object) -> str:
    assert isinstance(errors, list | tuple)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in errors[:5])


def traced(error: BaseException) -> str:
    """A traceback with files, lines and kinds; messages as `told` has them, and no local variables."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    parts = []
    for one in reversed(chain):
        parts.append("".join(traceback.format_tb(one.__traceback__, limit=-FRAMES)) + told(one))
        if isinstance(one, BaseExceptionGroup):
            parts.extend(traced(part) for part in one.exceptions)
    return "\n\n".join(parts)
