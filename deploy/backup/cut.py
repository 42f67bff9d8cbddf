"""One instant in all databases: a snapshot of each, such that nobody knows what nobody has said.

Every service writes what it says to its `outbox` and what it has heard to its `inbox`, in the transactions that act.
While both tables of all services are locked against writing, no event can be said or heard: snapshots taken
then agree. An event in flight at that instant is in its speaker's `outbox` or `said` and not in its listener's
`inbox`, and `deploy.backup.rejoin` finds it by that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

LOCK = "LOCK TABLE inbox, outbox IN SHARE MODE"
WAIT = "3s"
"""How long one try waits for transactions under way; those that come behind it wait as long at most."""
TRIES = 10
PAUSE_SECONDS = 2.0

_BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


class CutFailed(Exception):
    """No common instant could be had; a sentence for a person."""


@dataclass(frozen=True)
class Snapshot:
    """A database as it was at the cut; `name` is what others ask PostgreSQL for it by (`pg_dump --snapshot`)."""

    name: str
    migrations: tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """`at` is real time (UTC); `held_seconds` how long the services could neither say nor hear."""

    at: datetime
    held_seconds: float
    snapshots: Mapping[str, Snapshot]


@asynccontextmanager
async def cut(databases: Mapping[str, str]) -> AsyncIterator[Cut]:
    """Snapshots of all databases (URLs by service) as of one instant, for as long as the body lasts.

    The services go on; what they write waits for well under a second while the snapshots are taken. Raises
    CutFailed when transactions under way did not end in time, however often it was tried.
    """
    async with contextlib.AsyncExitStack() as stack:
        readers = {name: await _connected(stack, url) for name, url in databases.items()}
        async with contextlib.AsyncExitStack() as held:
            writers = {name: await _connected(held, url) for name, url in databases.items()}
            await _lock(writers)
            loop = asyncio.get_running_loop()
            began, at = loop.time(), datetime.now(UTC)
            taken = await asyncio.gather(*(_snapshot(reader) for reader in readers.values()))
            for writer in writers.values():
                await writer.execute("ROLLBACK")
            seconds = loop.time() - began
        yield Cut(at, seconds, dict(zip(readers, taken, strict=True)))


async def _connected(stack: contextlib.AsyncExitStack, url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(url, timeout=10, server_settings={"application_name": "backup"})
    stack.push_async_callback(connection.close, timeout=5)
    # The roles' own limits are for requests; a dump takes as long as it takes.
    await connection.execute("SET statement_timeout = 0")
    await connection.execute("SET idle_in_transaction_session_timeout = 0")
    return connection


async def _lock(writers: Mapping[str, asyncpg.Connection]) -> None:
    for attempt in range(1, TRIES + 1):
        answers = await asyncio.gather(*(_try(writer) for writer in writers.values()), return_exceptions=True)
        failures = [answer for answer in answers if answer is not None]
        if not failures:
            return
        for writer in writers.values():
            await writer.execute("ROLLBACK")
        for failure in failures:
            if not isinstance(failure, _BUSY):
                raise failure
        if attempt < TRIES:
            await asyncio.sleep(PAUSE_SECONDS)
    busy = [name for name, answer in zip(writers, answers, strict=True) if answer is not None]
    raise CutFailed(
        f"transactions in {', '.join(busy)} did not end within {WAIT}, {TRIES} times over; see pg_stat_activity for"
        " what runs there so long, and try again."
    )


async def _try(writer: asyncpg.Connection) -> None:
    await writer.execute("BEGIN")
    await writer.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
    await writer.execute(LOCK)


async def _snapshot(reader: asyncpg.Connection) -> Snapshot:
    await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    name = await reader.fetchval("SELECT pg_export_snapshot()")
    rows = await reader.fetch("SELECT name FROM migrations ORDER BY name")
    return Snapshot(name, tuple(row["name"] for row in rows))
