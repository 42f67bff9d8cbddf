"""The demonstration clock: moved ahead by the helpdesk, told to every service, fixed in live mode."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.authority import Authority
from services.registry.__main__ import SERVICE
from services.registry.domain.clock import CLOCK_ID
from shared.contracts.registry import ClockMoved
from tests.conftest import MakeDatabase
from tests.flows.registry.conftest import Registry, settings_for, started
from tests.tokens import as_helpdesk


async def move(registry: Registry, to: datetime) -> httpx.Response:
    return await registry.client.post("/clock", json={"to": to.isoformat()}, headers=as_helpdesk())


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_it_moves_ahead_at_once_and_everyone_is_told(registry: Registry) -> None:
    to = datetime.now(UTC) + timedelta(days=40)

    answer = await move(registry, to)
    shown = (await registry.client.get("/time")).json()
    further = await move(registry, to + timedelta(days=1))

    assert answer.status_code == 200
    assert to <= datetime.fromisoformat(answer.json()["now"]) < to + timedelta(seconds=10)
    assert shown["mode"] == "demonstration"
    assert to <= datetime.fromisoformat(shown["now"]) < to + timedelta(seconds=10)
    told = [event.clock for event in await registry.said(ClockMoved)]
    assert [(clock.id, clock.sequence) for clock in told] == [(CLOCK_ID, 1), (CLOCK_ID, 2)]
    assert [clock.offset_seconds for clock in told] == [
        answer.json()["offset_seconds"],
        further.json()["offset_seconds"],
    ]


async def test_it_never_moves_back(registry: Registry) -> None:
    await move(registry, datetime.now(UTC) + timedelta(days=2))

    assert refused(await move(registry, datetime.now(UTC) + timedelta(days=1))) == (409, "clock.backwards")
    assert refused(await move(registry, datetime.now(UTC) - timedelta(days=1))) == (409, "clock.backwards")


async def test_moved_twice_at_once_it_stands_at_the_later(registry: Registry) -> None:
    to = datetime.now(UTC)

    answers = await asyncio.gather(*(move(registry, to + timedelta(days=days)) for days in (3, 1, 2)))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert registry.running.clock.now() >= to + timedelta(days=3)
    told = [event.clock for event in await registry.said(ClockMoved)]
    assert [clock.sequence for clock in told] == list(range(1, len(told) + 1))
    assert [clock.offset_seconds for clock in told] == sorted(clock.offset_seconds for clock in told)


@pytest.mark.parametrize("to", ["2027-01-01T00:00:00", "tomorrow", None])
async def test_it_wants_an_instant_with_its_zone(registry: Registry, to: Any) -> None:
    answer = await registry.client.post("/clock", json={"to": to}, headers=as_helpdesk())

    assert refused(answer) == (422, "request.not_valid")


async def test_where_it_stands_is_told_again_to_who_asks(registry: Registry) -> None:
    async with registry.running.database.transaction() as tx:
        assert await SERVICE.restate["clock"](tx) == 0
    await move(registry, datetime.now(UTC) + timedelta(days=2))
    async with registry.running.database.transaction() as tx:
        assert await SERVICE.restate["clock"](tx) == 1

    moved, again = await registry.said(ClockMoved)
    assert moved == again


@pytest.fixture
async def live(make_database: MakeDatabase, signing_key_file: Path, authority: Authority) -> AsyncIterator[Registry]:
    """A registry that runs live."""
    database = await make_database("registry")
    async with started(settings_for(database, signing_key_file, authority.trust_directory, mode="live")) as found:
        yield found


async def test_live_it_can_not_be_moved(live: Registry) -> None:
    answer = await move(live, datetime.now(UTC) + timedelta(days=1))

    assert refused(answer) == (409, "clock.fixed")
    assert await live.said() == []
    assert datetime.fromisoformat((await live.client.get("/time")).json()["now"]) - datetime.now(UTC) < timedelta(
        seconds=10
    )
