"""What a service has to say: written with the change it tells of, published in order, deleted when confirmed.

What listeners act on one by one (`Event.kept`) stays in `said` for a while, to be said again should the broker or
a listener's database be lost with it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg

from shared import correlation, logs, metrics
from shared.contracts import EVENTS, said_by
from shared.contracts.envelope import Envelope, encode
from shared.contracts.event import Event
from shared.sql import Queries

if TYPE_CHECKING:
    from shared.bus import Bus
    from shared.database import Database

log = logs.get(__name__)

BATCH = 200
"""Events published before their confirms are awaited together; more gains little."""
BATCH_BYTES = 16 * 1024 * 1024
"""No event is added to a batch that has come to this: invoices carry their documents and are held in memory."""
IDLE_SECONDS = 1.0
"""How often the outbox is looked at when nothing woke the relay: another copy may have written."""
AWAY_SECONDS = 0.5
_LOCK = 727_002

QUERIES = Queries(Path(__file__).with_suffix(".sql"))
_KEPT = [event.type for event in EVENTS.values() if event.kept]


async def add(connection: asyncpg.Connection, event: Event, *, speaker: str, now: datetime) -> UUID:
    """Write an event in the caller's transaction; returns the event's id."""
    begun = correlation.current()
    envelope = Envelope(
        id=uuid4(),
        speaker=speaker,
        time=now,
        correlation_id=begun.id,
        causation_id=begun.causation,
        traceparent=begun.traceparent,
        event=event,
    )
    await connection.execute(
        "INSERT INTO outbox (event_id, type, correlation_id, body, written_at) VALUES ($1, $2, $3, $4, $5)",
        envelope.id,
        event.type,
        begun.id,
        encode(envelope),
        now,
    )
    return envelope.id


async def forget_said(connection: asyncpg.Connection, speaker: str, *, real_now: datetime) -> int:
    """Drop what was published longer ago than its type is kept, in real time; returns how many."""
    dropped = 0
    for event in said_by(speaker):
        done = await connection.execute(QUERIES["forget_said"], event.type, real_now - event.kept)
        dropped += int(done.split()[-1])
    return dropped


async def kept(connection: asyncpg.Connection, speaker: str) -> list[tuple[UUID, str]]:
    """What the service published and still keeps, as (event id, type), in the order it was said."""
    rows = await connection.fetch(QUERIES["kept"], [event.type for event in said_by(speaker)])
    return [(row["event_id"], row["type"]) for row in rows]


async def say_again(connection: asyncpg.Connection, events: Collection[UUID], *, now: datetime) -> int:
    """Put kept events back in the outbox, as they were and under their own ids; returns how many."""
    done = await connection.execute(QUERIES["say_again"], list(events), now)
    return int(done.split()[-1])


class Relay:
    """Publishes the outbox: one relay a service at a time, held by a lock on a connection of its own."""

    def __init__(self, database: Database, bus: Bus, url: str) -> None:
        self._database = database
        self._bus = bus
        self._url = url

    async def run(self) -> None:
        """Until cancelled: take the lock, publish, delete what was confirmed; start over when cut off."""
        while True:
            try:
                connection = await asyncpg.connect(self._url, timeout=10)
                try:
                    await self._hold(connection)
                finally:
                    with contextlib.suppress(Exception):
                        await asyncio.wait_for(connection.close(), 2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                log.warning("relay_cut_off", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)

    async def _hold(self, connection: asyncpg.Connection) -> None:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK, timeout=10):  # noqa: ASYNC110
            await asyncio.sleep(IDLE_SECONDS)
        while True:
            self._database.spoken.clear()
            if await self.publish(connection):
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._database.spoken.wait(), IDLE_SECONDS)

    async def publish(self, connection: asyncpg.Connection) -> int:
        """Publish the oldest batch; returns how many were confirmed. What was not stays and comes again."""
        rows = await connection.fetch(
            QUERIES["oldest"],
            BATCH,
            BATCH_BYTES,
            timeout=10,
        )
        await self._measure(connection, rows)
        if not rows:
            return 0
        confirmed = await self._bus.publish(
            [(row["type"], row["event_id"], row["correlation_id"], bytes(row["body"])) for row in rows]
        )
        done = [row["position"] for row, well in zip(rows, confirmed, strict=True) if well]
        await connection.execute(QUERIES["done"], done, _KEPT, self._database.clock.real_now(), timeout=10)
        for row, well in zip(rows, confirmed, strict=True):
            if well:
                metrics.PUBLISHED.labels(row["type"]).inc()
        if len(done) < len(rows):
            log.warning("not_confirmed", events=len(rows) - len(done))
            await asyncio.sleep(AWAY_SECONDS)
        return len(done)

    async def _measure(self, connection: asyncpg.Connection, rows: list[asyncpg.Record]) -> None:
        all_of_them = len(rows) < BATCH and sum(len(row["body"]) for row in rows) < BATCH_BYTES
        metrics.OUTBOX_ROWS.set(
            len(rows) if all_of_them else await connection.fetchval("SELECT count(*) FROM outbox", timeout=10)
        )
        now = self._database.clock.now()
        metrics.OUTBOX_OLDEST.set((now - rows[0]["written_at"]).total_seconds() if rows else 0)
