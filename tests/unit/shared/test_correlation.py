"""Which act began this: carried along, kept apart, and on every log line."""

import asyncio
import uuid

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.correlation import Correlation, correlated, current

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_work_is_part_of_the_act_it_was_begun_by() -> None:
    event = uuid.uuid4()

    with correlated("act-12345", causation=event, traceparent=TRACE) as outer:
        assert current() is outer
        assert outer == Correlation("act-12345", event, TRACE)
        with correlated("act-67890"):
            assert current() == Correlation("act-67890", None, None)
        assert current() is outer


@pytest.mark.parametrize(
    "given", [None, "", "1234567", "x" * 65, "line\nbreak", "blanks in it", "ø" * 8, "12345678\n"]
)
def test_an_id_that_is_missing_or_unfit_is_replaced(given: str | None) -> None:
    with correlated(given) as found:
        assert str(uuid.UUID(found.id)) == found.id


@given(st.text(max_size=70))
def test_an_id_is_always_fit_for_a_header_and_a_log_line(given_id: str) -> None:
    with correlated(given_id) as found:
        assert 8 <= len(found.id) <= 64
        assert found.id.isascii()
        assert found.id.replace("-", "").replace("_", "").replace(".", "").isalnum()


@pytest.mark.parametrize(
    "given", [None, "", "00-short", TRACE.upper(), TRACE + "\n", f"01-{TRACE[3:]}", TRACE + "-00"]
)
def test_a_trace_that_is_unfit_is_left_out(given: str | None) -> None:
    with correlated("act-12345", traceparent=given) as found:
        assert found.traceparent is None


async def test_work_side_by_side_is_kept_apart() -> None:
    async def work(name: str) -> str:
        with correlated(name):
            await asyncio.sleep(0)
            return current().id

    names = [f"act-{number:05}" for number in range(20)]

    assert await asyncio.gather(*(work(name) for name in names)) == names


async def test_work_that_nobody_began_gets_an_id_that_stays_with_it() -> None:
    async def work() -> tuple[str, str]:
        return current().id, current().id

    (first, again), (other, _) = await asyncio.create_task(work()), await asyncio.create_task(work())
    assert first == again
    assert first != other


def test_the_id_is_bound_to_log_lines_while_the_work_goes_on() -> None:
    with structlog.contextvars.bound_contextvars(correlation_id="outer-act"):
        with correlated("inner-act"):
            assert structlog.contextvars.get_contextvars()["correlation_id"] == "inner-act"
        assert structlog.contextvars.get_contextvars()["correlation_id"] == "outer-act"
