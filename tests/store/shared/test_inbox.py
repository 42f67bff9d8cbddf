"""Each event once, also when copies get it at the same time."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from shared import inbox
from shared.database import Database

TYPE = "organisation.created.v1"


async def test_an_id_is_claimed_once(base: Database) -> None:
    event = uuid4()

    async with base.transaction() as tx:
        assert await inbox.claim(tx.connection, event, TYPE, now=tx.now)
        assert not await inbox.claim(tx.connection, event, TYPE, now=tx.now)
    async with base.transaction() as tx:
        assert not await inbox.claim(tx.connection, event, "another.type.v1", now=tx.now)
        assert await inbox.claim(tx.connection, uuid4(), TYPE, now=tx.now)


async def test_a_second_copy_waits_and_takes_over_what_the_first_gives_up(base: Database) -> None:
    given_up, done = uuid4(), uuid4()

    async def claim(event: object) -> bool:
        async with base.transaction() as tx:
            return await inbox.claim(tx.connection, event, TYPE, now=tx.now)  # type: ignore[arg-type]

    for event, commits in ((given_up, False), (done, True)):
        async with base.pool.acquire() as connection:
            first = connection.transaction()
            await first.start()
            assert await inbox.claim(connection, event, TYPE, now=datetime.now(UTC))  # type: ignore[arg-type]
            second = asyncio.create_task(claim(event))
            finished, _ = await asyncio.wait([second], timeout=0.2)
            assert not finished, "whether the first commits is not known yet"
            await (first.commit() if commits else first.rollback())
            assert await second is not commits


async def test_many_at_once_get_each_id_once(base: Database) -> None:
    events = [uuid4() for _ in range(20)]
    got: list[object] = []

    async def copy() -> None:
        for event in events:
            async with base.transaction() as tx:
                if await inbox.claim(tx.connection, event, TYPE, now=tx.now):
                    got.append(event)

    await asyncio.gather(*(copy() for _ in range(4)))

    assert sorted(map(str, got)) == sorted(map(str, events))


async def test_old_claims_are_forgotten_and_the_border_is_kept(base: Database) -> None:
    border = datetime(2026, 5, 1, tzinfo=UTC)
    ages = {
        uuid4(): border - timedelta(days=1),
        uuid4(): border - timedelta(microseconds=1),
        uuid4(): border,
        uuid4(): border + timedelta(days=1),
    }
    async with base.transaction() as tx:
        for event, at in ages.items():
            await inbox.claim(tx.connection, event, TYPE, now=at)
    async with base.transaction() as tx:
        assert await inbox.forget(tx.connection, border) == 2
        assert await inbox.forget(tx.connection, border) == 0
    async with base.reading() as connection:
        left = await connection.fetch("SELECT event_id FROM inbox")
    assert {row["event_id"] for row in left} == {event for event, at in ages.items() if at >= border}
