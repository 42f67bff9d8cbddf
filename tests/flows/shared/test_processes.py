"""A service as it is run: its own process, real PostgreSQL and RabbitMQ; starting, stopping, two copies."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.conftest import MakeBroker, MakeDatabase
from tests.flows.shared.processes import LISTENS, Place, copy, prepared

CLAIMED = "WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE 'INSERT INTO inbox%'"


@pytest.fixture
async def place(make_database: MakeDatabase, make_broker: MakeBroker) -> Place:
    database, broker = await prepared(await make_database("notifier", migrated=False)), await make_broker(LISTENS)
    return Place(database.url, database.owner_url, broker.url("notifier"), broker.url("registry"))


async def test_a_stopping_service_finishes_what_it_has_in_hand(place: Place) -> None:
    async with copy(place) as one:
        await one.until_ready()
        await place.tell("slow", "quick")
        answering = asyncio.create_task(one.client.get("/slow"))
        await place.until("SELECT count(*) FROM begun", 1)
        await place.until("SELECT count(*) FROM seen", 1)

        code, said = await one.stop()

        answer = await answering
        assert answer.status_code == 200
        assert code == 0, said
    assert await place.ask("SELECT array_agg(name ORDER BY name) FROM seen") == ["quick", "request", "slow"]
    assert await place.ask("SELECT count(*) FROM inbox") == 2
    # What the last handler said was published too, before the end.
    assert await place.ask("SELECT count(*) FROM outbox") == 0
    events = [json.loads(line)["event"] for line in said.splitlines()]
    assert events[-1] == "stopped"
    assert "cut_off" not in events


async def test_what_takes_too_long_is_cut_off_and_comes_again(place: Place) -> None:
    async with copy(place, stop_seconds="0.3") as one:
        await one.until_ready()
        await place.tell("slow")
        await place.until(f"SELECT count(*) FROM pg_stat_activity {CLAIMED}", 1)

        code, said = await one.stop()

    assert code == 0
    assert "cut_off" in said
    assert await place.ask("SELECT count(*) FROM seen") == 0
    async with copy(place):
        await place.until("SELECT count(*) FROM seen WHERE name = 'slow'", 1)


async def test_two_copies_share_the_events_and_run_a_job_one_at_a_time(place: Place) -> None:
    async with copy(place) as one, copy(place) as other:
        await asyncio.gather(one.until_ready(), other.until_ready())
        await place.tell(*(f"organisation {number}" for number in range(40)))
        await place.until("SELECT count(*) FROM seen", 40)
        await place.until("SELECT count(DISTINCT copy) FROM ran", 2)
        await place.until("SELECT count(*) > 10 FROM ran", True)

        assert await place.ask("SELECT count(*) FROM overlapped") == 0
        assert await place.ask("SELECT count(DISTINCT name) FROM seen") == 40
        # Each run is an act of its own.
        assert await place.ask("SELECT count(*) = count(DISTINCT correlation_id) FROM ran")

        # The job goes on when the copy that has it goes.
        (first, _), runs = await one.stop(), await place.ask("SELECT count(*) FROM ran")
        assert first == 0
        await place.until(f"SELECT count(*) > {runs} FROM ran", True)
        second, _ = await other.stop()
        assert second == 0
