"""One act, one transaction: whole or not at all, bounded in time, and clear about whose fault it was."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import asyncpg
import pytest

from shared import database, failure
from shared.contracts.registry import Clock, ClockMoved
from shared.database import AWAY, Database, WrongUse

PLACE = "INSERT INTO inbox (event_id, type, claimed_at) VALUES ($1, $2, $3)"


async def count(base: Database, table: str = "inbox") -> int:
    async with base.reading() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def write(tx: database.Transaction) -> None:
    await tx.connection.execute(PLACE, uuid4(), "x.y.v1", tx.now)


async def test_an_act_is_done_whole_or_not_at_all(base: Database) -> None:
    async with base.transaction() as tx:
        await write(tx)
    with pytest.raises(RuntimeError):
        async with base.transaction() as tx:
            await write(tx)
            raise RuntimeError("not after all")

    assert await count(base) == 1
    assert base.pool.get_idle_size() == base.pool.get_size(), "every connection is back"


async def test_the_relay_is_woken_by_what_was_said_and_only_once_it_is_committed(base: Database) -> None:
    event = ClockMoved(clock=Clock(id=uuid4(), sequence=1, offset_seconds=1))
    async with base.transaction() as tx:
        await write(tx)
    assert not base.spoken.is_set()
    with pytest.raises(RuntimeError):
        async with base.transaction() as tx:
            await tx.say(event)
            raise RuntimeError("not after all")
    assert not base.spoken.is_set()
    async with base.transaction() as tx:
        await tx.say(event)
        assert not base.spoken.is_set()

    assert base.spoken.is_set()


async def test_now_is_one_instant_for_the_whole_act(base: Database) -> None:
    async with base.transaction() as tx:
        first = tx.now
        await asyncio.sleep(0.01)
        assert tx.now == first
        assert first.tzinfo is UTC
        assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)


async def test_values_come_as_they_went(base: Database) -> None:
    async with base.transaction() as tx:
        ask = tx.connection.fetchval
        assert await ask("SELECT $1::jsonb", {"a": [1, "æ", None]}) == {"a": [1, "æ", None]}
        assert await ask("SELECT $1::numeric", Decimal("0.100000")) == Decimal("0.100000")
        instant = datetime(2026, 3, 31, 22, tzinfo=UTC)
        assert (await ask("SELECT $1::timestamptz", instant)).tzinfo is not None
        assert await ask("SELECT $1::timestamptz::text", instant) == "2026-03-31 22:00:00+00"


async def test_reading_sees_one_state_and_writes_nothing(base: Database) -> None:
    async with base.reading() as connection:
        before = await connection.fetchval("SELECT count(*) FROM inbox")
        async with base.transaction() as tx:
            await write(tx)
        assert await connection.fetchval("SELECT count(*) FROM inbox") == before
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute(PLACE, uuid4(), "x", datetime.now(UTC))


@pytest.mark.parametrize("arguments", [("not a uuid", "x", datetime.now(UTC)), (uuid4(), 5, "never"), (uuid4(),)])
async def test_arguments_that_do_not_fit_are_a_bug_and_not_the_database_away(
    base: Database, arguments: tuple[object, ...]
) -> None:
    with pytest.raises((WrongUse, asyncpg.DataError)) as wrong:
        async with base.transaction() as tx:
            await tx.connection.execute(PLACE, *arguments)

    assert not isinstance(wrong.value, AWAY)
    assert "not a uuid" not in failure.told(wrong.value), "the value may be personal"
    assert await count(base) == 0


async def test_two_statements_at_once_on_one_connection_are_a_bug_too(base: Database) -> None:
    with pytest.raises(WrongUse):
        async with base.transaction() as tx:
            await asyncio.gather(tx.connection.execute("SELECT pg_sleep(0.05)"), write(tx))


async def test_a_connection_that_is_ended_shows_as_away_and_the_next_act_has_another(
    base: Database, owner: asyncpg.Connection
) -> None:
    for when in ("before a statement", "between two"):
        with pytest.raises(AWAY):
            async with base.transaction() as tx:
                if when == "between two":
                    await write(tx)
                process = tx.connection.get_server_pid()
                # Only members of a role may end its sessions; the session may end itself.
                await tx.connection.execute("SELECT pg_terminate_backend($1)", process)
                await write(tx)
    async with base.transaction() as tx:
        await write(tx)

    assert await count(base) == 1
    assert await owner.fetchval("SELECT count(*) FROM inbox") == 1


async def test_a_frozen_server_holds_an_act_no_longer_than_its_limits(
    base: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ROLLBACK_SECONDS", 0.2)
    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            async with base.transaction() as tx:
                await write(tx)
                process = tx.connection.get_server_pid()
                os.kill(process, signal.SIGSTOP)
                await tx.connection.fetchval("SELECT 1", timeout=0.2)
        try:
            async with base.transaction() as tx:
                assert tx.connection.get_server_pid() != process
        finally:
            os.kill(process, signal.SIGCONT)

    assert await count(base) == 0


async def test_a_pool_that_is_used_up_is_waited_for_and_not_for_ever(
    base: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ACQUIRE_SECONDS", 0.1)
    held = [await base.pool.acquire() for _ in range(5)]
    try:
        with pytest.raises(TimeoutError):
            async with base.transaction():
                pass
        with pytest.raises(TimeoutError):
            async with base.reading():
                pass
    finally:
        for connection in held:
            await base.pool.release(connection)
    async with base.transaction() as tx:
        await write(tx)


async def test_an_act_that_is_cancelled_leaves_nothing_and_gives_its_connection_back(base: Database) -> None:
    begun = asyncio.Event()

    async def act() -> None:
        async with base.transaction() as tx:
            await write(tx)
            begun.set()
            await tx.connection.execute("SELECT pg_sleep(30)")

    acting = asyncio.create_task(act())
    await begun.wait()
    acting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acting

    assert await count(base) == 0
    assert base.pool.get_idle_size() == base.pool.get_size()


async def test_a_nested_transaction_can_fail_alone(base: Database) -> None:
    async with base.transaction() as tx:
        await write(tx)
        with pytest.raises(asyncpg.NotNullViolationError):
            async with tx.connection.transaction():
                await tx.connection.execute(PLACE, uuid4(), None, tx.now)

    assert await count(base) == 1


async def test_what_can_not_be_reached_is_away() -> None:
    for url in ("postgresql://a:b@127.0.0.1:1/x", "postgresql://a:b@no-such-host.invalid/x"):
        with pytest.raises(AWAY):
            await database.connect(url, connections=2, clock=database.Clock("live"), speaker="registry")
