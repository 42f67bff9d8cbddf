"""PostgreSQL: one pool a service, one transaction an act, and what must be written together in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import asyncpg

from shared import audit, failure, outbox
from shared.clock import Clock
from shared.contracts.event import Event

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from shared.audit import Actor

ACQUIRE_SECONDS = 30.0
"""How long an act waits for one of the pool's connections: as long as a statement may take, not for ever."""
CONNECT_SECONDS = 10.0
ROLLBACK_SECONDS = 5.0

AWAY = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection that the server ended while it lay idle, used before asyncpg saw the end of its socket.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What asyncpg raises when the database itself can't serve, rather than the statement being wrong.

Plain OSErrors are not among them: a file that is missing is a bug. Those of connecting become ConnectionErrors,
and the InterfaceErrors of a statement used wrongly become WrongUse, where a transaction ends.
"""

TRANSIENT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
"""What goes away when the same transaction is tried again."""


class WrongUse(Exception):
    """A statement was given arguments that don't fit it, or used out of turn: a bug, not the database away."""


@dataclass
class Transaction:
    """One act: what it reads and writes, says and records happens together or not at all.

    `now` is platform time at its beginning, the same for all it writes.
    """

    connection: asyncpg.Connection
    clock: Clock
    speaker: str
    now: datetime
    _spoke: bool = field(default=False, repr=False)

    async def say(self, event: Event) -> UUID:
        """Write an event to the outbox; the relay publishes it after the commit. Returns the event's id."""
        self._spoke = True
        return await outbox.add(self.connection, event, speaker=self.speaker, now=self.now)

    async def record(
        self,
        actor: Actor,
        action: str,
        subject: UUID | str,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a line to the audit log: who did what to which thing. No names or addresses in `detail`."""
        await audit.add(self.connection, actor, action, str(subject), detail or {}, now=self.now)

    @property
    def spoke(self) -> bool:
        return self._spoke


class Database:
    """A service's database. `spoken` wakes the relay when a committed transaction said something."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, speaker: str) -> None:
        self.pool = pool
        self.clock = clock
        self.speaker = speaker
        self.spoken = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction, committed when the body ends well; nothing else in a service commits."""
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            async with _held(connection, connection.transaction()):
                tx = Transaction(cast("asyncpg.Connection", connection), self.clock, self.speaker, self.clock.now())
                yield tx
            if tx.spoke:
                self.spoken.set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[asyncpg.Connection]:
        """A read-only, repeatable view of the whole database."""
        async with (
            self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            _held(connection, connection.transaction(isolation="repeatable_read", readonly=True)),
        ):
            yield cast("asyncpg.Connection", connection)

    async def close(self) -> None:
        await self.pool.close()


@asynccontextmanager
async def _held(connection: PoolConnectionProxy, work: asyncpg.transaction.Transaction) -> AsyncIterator[None]:
    # asyncpg's own `async with` would wait for a frozen server to answer the rollback, a minute and more.
    try:
        await work.start()
        yield
    except BaseException as error:
        gone = _gone(connection)
        if not gone:
            await _roll_back(connection, work)
        if isinstance(error, asyncpg.InterfaceError) and not gone:
            raise WrongUse(f"a statement was used wrongly: {failure.told(error)}") from error
        raise
    else:
        await work.commit()


async def _roll_back(connection: PoolConnectionProxy, work: asyncpg.transaction.Transaction) -> None:
    try:
        async with asyncio.timeout(ROLLBACK_SECONDS):
            await work.rollback()
    except Exception:  # noqa: BLE001 - what the connection can't undo, the server does when it is gone
        if not _gone(connection):
            connection.terminate()


def _gone(connection: PoolConnectionProxy) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


async def connect(url: str, *, connections: int, clock: Clock, speaker: str) -> Database:
    """Open the pool; jsonb arrives as Python values, timestamptz as aware UTC, numeric as Decimal."""
    pool = await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=connections,
        init=prepare_connection,
        connect=_connect,
        timeout=CONNECT_SECONDS,
        command_timeout=60,
        server_settings={"application_name": speaker, "timezone": "UTC"},
    )
    return Database(pool, clock, speaker)


async def _connect(*arguments: Any, **named: Any) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(*arguments, **named)
    except (ConnectionError, TimeoutError):
        raise
    except OSError as error:
        # No route, no such host, a TLS handshake that fails: all are "can't be reached" here.
        raise ConnectionError(f"can't reach the database: {type(error).__name__}") from error


async def prepare_connection(connection: asyncpg.Connection) -> None:
    """Make jsonb come and go as Python values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: json.dumps(value, default=str, separators=(",", ":")),
        decoder=json.loads,
    )
