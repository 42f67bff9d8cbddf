"""One at a time among all copies of a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from shared.locks import Locks
from tests.servers import ServiceDatabase


@pytest.fixture
async def copies(place: ServiceDatabase) -> AsyncIterator[tuple[Locks, Locks]]:
    one, other = Locks(f"{place.url}?application_name=one"), Locks(f"{place.url}?application_name=other")
    yield one, other
    await one.close()
    await other.close()


async def held(owner: asyncpg.Connection) -> int:
    return int(
        await owner.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    )


async def test_a_lock_is_one_copys_at_a_time_and_each_name_its_own(
    copies: tuple[Locks, Locks], owner: asyncpg.Connection
) -> None:
    one, other = copies
    async with one.hold("job a") as ours:
        assert ours
        async with other.hold("job a") as theirs, other.hold("job b") as another:
            assert (theirs, another) == (False, True)
        # Not having had it, the other did not give it back either.
        async with other.hold("job a") as theirs:
            assert not theirs
    async with other.hold("job a") as theirs:
        assert theirs
    assert await held(owner) == 0


async def test_a_lock_is_given_back_when_the_work_fails_or_is_cancelled(
    copies: tuple[Locks, Locks], owner: asyncpg.Connection
) -> None:
    one, other = copies
    with pytest.raises(RuntimeError):
        async with one.hold("job"):
            raise RuntimeError("it failed")
    working = asyncio.Event()

    async def work() -> None:
        async with one.hold("job"):
            working.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await working.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    async with other.hold("job") as theirs:
        assert theirs
    assert await held(owner) == 0


async def until_free(owner: asyncpg.Connection) -> None:
    async with asyncio.timeout(5):
        while await held(owner):  # noqa: ASYNC110 - the server lets go when it notices the connection is gone
            await asyncio.sleep(0.01)


class Untold:
    """A connection that takes the lock, and is cut off before the answer comes."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.is_closed, self.terminate, self.close = connection.is_closed, connection.terminate, connection.close

    async def fetchval(self, *arguments: Any) -> None:
        assert await self._connection.fetchval(*arguments) is True
        raise TimeoutError


async def end(owner: asyncpg.Connection, place: ServiceDatabase, name: str) -> None:
    """Ends a copy's connection; a session's own role may."""
    runtime = await asyncpg.connect(place.url)
    assert await runtime.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name = $1 AND datname = current_database()",
        name,
    )
    await runtime.close()
    await until_free(owner)


async def test_a_lost_connection_loses_its_locks_and_is_made_anew(
    copies: tuple[Locks, Locks], owner: asyncpg.Connection, place: ServiceDatabase
) -> None:
    one, other = copies
    async with one.hold("job") as ours:
        assert ours
        await end(owner, place, "one")
        async with other.hold("job") as theirs:
            assert theirs
    async with one.hold("job") as ours:
        assert ours


async def test_a_lock_of_which_nothing_is_known_goes_with_its_connection(
    copies: tuple[Locks, Locks], owner: asyncpg.Connection, place: ServiceDatabase
) -> None:
    one, other = copies
    one._connection = Untold(await asyncpg.connect(place.url))  # type: ignore[assignment]
    with pytest.raises(TimeoutError):
        async with one.hold("job"):
            raise AssertionError("the lock is not known to be ours")

    await until_free(owner)
    async with other.hold("job") as theirs:
        assert theirs
    async with one.hold("another") as ours:
        assert ours
