"""Platform time: real time in live mode, real time plus an offset that only grows in demonstration mode."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import asyncpg

    from shared.contracts.registry import ClockMoved
    from shared.database import Transaction

Mode = Literal["live", "demonstration"]


class Clock:
    """What the time is for the platform's rules. The offset lives in each service's database (table `clock`)."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """Platform time, UTC: what every rule goes by."""
        return datetime.now(UTC) + self._offset

    def real(self) -> float:
        """Real seconds since 1970: only for what the outside world checks too, such as a token's expiry."""
        return time.time()

    def real_now(self) -> datetime:
        """Real time, UTC: for how long something is kept that the platform's rules know nothing of."""
        return datetime.now(UTC)

    async def refresh(self, connection: asyncpg.Connection) -> None:
        """Take up the offset kept in the database; in live mode there is none."""
        if self.mode == "live":
            return
        seconds: int = await connection.fetchval("SELECT offset_seconds FROM clock")
        self._offset = max(self._offset, timedelta(seconds=seconds))


async def follow_clock(tx: Transaction, event: ClockMoved) -> None:
    """Keep the moved clock; it only grows, so order and repeats do not matter."""
    if tx.clock.mode == "live":
        raise ClockIsFixed("this service runs live: its clock can't be moved")
    await tx.connection.execute(
        "UPDATE clock SET offset_seconds = greatest(offset_seconds, $1), sequence = $2 WHERE sequence < $2",
        event.clock.offset_seconds,
        event.clock.sequence,
    )


class ClockIsFixed(Exception):
    """In live mode platform time is real time and can't be moved."""
