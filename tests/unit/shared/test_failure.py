"""Log lines and parked reasons tell what went wrong and where, never whom it was about."""

import json
import logging
from collections.abc import Iterator

import asyncpg
import pytest
import structlog
from fastapi.exceptions import ResponseValidationError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared import failure, logs


class Person(BaseModel):
    """Somebody."""

    email: int


def not_fitting() -> ValidationError:
    try:
        TypeAdapter(list[Person]).validate_python([{"email": "kim@example.dk"}])
    except ValidationError as error:
        return error
    raise AssertionError("it fits")


def unique() -> asyncpg.PostgresError:
    error = asyncpg.UniqueViolationError('duplicate key value violates unique constraint "person_email"')
    error.detail = "Key (email)=(kim@example.dk) already exists."
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            unique(),
            'UniqueViolationError: duplicate key value violates unique constraint "person_email" (23505)',
        ),
        (
            asyncpg.InvalidTextRepresentationError('invalid input syntax for type uuid: "kim@example.dk"'),
            "InvalidTextRepresentationError: invalid input syntax for type uuid (22P02)",
        ),
        (
            asyncpg.DataError("invalid input for query argument $1: 'kim@example.dk' (expected int)"),
            "DataError: invalid input for query argument $1 (22000)",
        ),
        (
            asyncpg.ClientConfigurationError("invalid DSN: scheme is expected to be postgresql, got 'kim:secret'"),
            "ClientConfigurationError: invalid DSN",
        ),
        (not_fitting(), "ValidationError: 0.email: int_parsing"),
        (
            ResponseValidationError([{"loc": ("response", "email"), "type": "missing", "input": "kim@example.dk"}]),
            "ResponseValidationError: response.email: missing",
        ),
        (ValueError("a zero \x00 byte, half a \ud800 pair"), "ValueError: a zero \ufffd byte, half a ? pair"),
        (KeyError("name"), "KeyError: 'name'"),
    ],
)
def test_an_exception_is_told_without_the_values_it_quotes(error: Exception, told: str) -> None:
    assert failure.told(error) == told


@given(st.text(st.characters(), max_size=50) | st.text("\x00\ud800a", min_size=3000, max_size=3000))
def test_whatever_is_told_can_be_stored(message: str) -> None:
    told = failure.told(ValueError(message))

    assert len(told) <= failure.LONGEST
    assert "\x00" not in told
    told.encode()


def fail_inside(name: str) -> None:
    greeting = f"Dear {name}"
    raise ValueError(f"{len(greeting)} letters are too many")


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield
    root.handlers, root.level = before, level
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


@pytest.mark.usefixtures("_logging_as_before")
@pytest.mark.parametrize("form", ["json", "text"])
def test_a_logged_exception_shows_files_and_lines_and_no_variables(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    logs.set_up("tiny", form=form, level="INFO")  # type: ignore[arg-type]
    name = "Kim Nielsen"
    try:
        try:
            fail_inside(name)
        except ValueError as error:
            raise RuntimeError("the mail was not written") from error
    except RuntimeError:
        logs.get("test").exception("handler_failed", event_type="user.created.v1")
        logging.getLogger("somebody.elses").exception("it failed too")

    said = capsys.readouterr().err
    assert "Kim" not in said
    assert said.count("ValueError: 16 letters are too many") == 2
    assert said.count("RuntimeError: the mail was not written") == 2
    assert "test_failure.py" in said
    assert "in fail_inside" in said


@pytest.mark.usefixtures("_logging_as_before")
def test_every_part_of_a_group_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("tiny", form="json", level="INFO")
    with logs.bound(event_id="e-1"):
        logs.get("test").error("group", exc_info=ExceptionGroup("two", [ValueError("first"), unique()]))

    line = json.loads(capsys.readouterr().err)
    assert (line["service"], line["level"], line["event"], line["event_id"]) == ("tiny", "error", "group", "e-1")
    assert "ValueError: first" in line["exception"]
    assert "UniqueViolationError" in line["exception"]
    assert "kim" not in line["exception"]
