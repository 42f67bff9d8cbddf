"""Platform time: real in live mode, ahead of it by an offset that only grows in demonstration mode."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from shared import database
from shared.clock import Clock, ClockIsFixed, follow_clock
from shared.contracts import registry
from shared.database import Database
from tests.servers import ServiceDatabase


def moved(seconds: int, sequence: int) -> registry.ClockMoved:
    return registry.ClockMoved(clock=registry.Clock(id=uuid4(), sequence=sequence, offset_seconds=seconds))


@pytest.fixture
async def demonstration(base: Database) -> Database:
    base.clock = Clock("demonstration")
    return base


async def follow(base: Database, *events: registry.ClockMoved) -> int:
    for event in events:
        async with base.transaction() as tx:
            await follow_clock(tx, event)
    async with base.reading() as connection:
        await base.clock.refresh(connection)
        return int(await connection.fetchval("SELECT offset_seconds FROM clock"))


def ahead(clock: Clock) -> timedelta:
    return timedelta(seconds=round((clock.now() - datetime.now(UTC)).total_seconds()))


async def test_platform_time_follows_what_is_said_of_it(demonstration: Database) -> None:
    assert ahead(demonstration.clock) == timedelta(0)
    assert await follow(demonstration, moved(3600, 1), moved(86400 * 90, 2)) == 86400 * 90

    assert ahead(demonstration.clock) == timedelta(days=90)
    assert demonstration.clock.now().tzinfo is UTC
    assert abs(demonstration.clock.real() - time.time()) < 5, "real time is never moved"


@pytest.mark.parametrize(
    "events",
    [
        [moved(10, 1), moved(20, 2), moved(30, 3)],
        [moved(30, 3), moved(20, 2), moved(10, 1)],
        [moved(20, 2), moved(20, 2), moved(30, 3), moved(10, 1), moved(30, 3)],
        # A registry that began anew counts its moves from the beginning, and can still not turn time back.
        [moved(30, 1), moved(10, 2)],
    ],
)
async def test_order_and_repeats_do_not_matter_and_time_never_goes_back(
    demonstration: Database, events: list[registry.ClockMoved]
) -> None:
    kept = 0
    for event in events:
        now = await follow(demonstration, event)
        assert now >= kept
        kept = now

    assert kept == 30
    assert ahead(demonstration.clock) == timedelta(seconds=30)


async def test_a_restarted_service_goes_on_where_it_was(demonstration: Database, place: ServiceDatabase) -> None:
    await follow(demonstration, moved(7200, 1))
    clock = Clock("demonstration")
    again = await database.connect(place.url, connections=2, clock=clock, speaker="registry")
    async with again.reading() as connection:
        await clock.refresh(connection)
    await again.close()

    assert ahead(clock) == timedelta(hours=2)


async def test_a_smaller_offset_in_the_database_does_not_turn_a_running_clock_back(
    demonstration: Database, owner: asyncpg.Connection
) -> None:
    await follow(demonstration, moved(7200, 1))
    await owner.execute("UPDATE clock SET offset_seconds = 0")
    async with demonstration.reading() as connection:
        await demonstration.clock.refresh(connection)

    assert ahead(demonstration.clock) == timedelta(hours=2)


async def test_a_live_clock_can_not_be_moved(base: Database, owner: asyncpg.Connection) -> None:
    with pytest.raises(ClockIsFixed, match="runs live"):
        await follow(base, moved(3600, 1))
    await owner.execute("UPDATE clock SET offset_seconds = 3600")
    async with base.reading() as connection:
        await base.clock.refresh(connection)

    assert ahead(base.clock) == timedelta(0)


async def test_the_clock_is_one_row_and_never_behind(owner: asyncpg.Connection) -> None:
    for forbidden in (
        "INSERT INTO clock (offset_seconds, sequence) VALUES (1, 1)",
        "INSERT INTO clock (the_one, offset_seconds, sequence) VALUES (false, 1, 1)",
        "UPDATE clock SET offset_seconds = -1",
    ):
        with pytest.raises((asyncpg.UniqueViolationError, asyncpg.CheckViolationError)):
            await owner.execute(forbidden)
