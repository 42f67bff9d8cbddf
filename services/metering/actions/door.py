"""The door calls come in by, from the broker and over HTTP: taken in one transaction, or parked."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from services.metering.actions import taking
from services.metering.actions.arrival import NotAttributable, message_of
from services.metering.actions.message import Message, Prepared, prepare
from services.metering.actions.taking import Outcome
from shared import failure, logs, parking
from shared.contracts.calls import PARKED_TYPE, Arrival
from shared.database import AWAY, TRANSIENT, Database
from shared.problem import Invalid, Unavailable

log = logs.get(__name__)

AT_ONCE = 16
"""Messages over HTTP that are held in memory at once, of up to 4 MiB each."""

IN_PLACE = 3
"""How often a transaction that lost a race is tried at once."""


class Door:
    """Takes suppliers' messages, from the broker or over HTTP, through the same door."""

    def __init__(self, database: Database, late: timedelta) -> None:
        self._database = database
        self._late = late
        # Reading and signatures keep a processor busy: one batch from the broker and one over HTTP at a time.
        self._posting = asyncio.Semaphore(1)
        self._inside = 0

    async def take(self, prepared: Sequence[Prepared]) -> list[Outcome]:
        """Take messages in one transaction; it is committed when this returns. Lost races are run again."""
        for attempt in range(1, IN_PLACE + 1):
            try:
                async with self._database.transaction() as tx:
                    outcomes = await taking.take(tx, prepared, self._late)
            except TRANSIENT:
                if attempt == IN_PLACE:
                    raise
                await asyncio.sleep(random.uniform(0.02, 0.2))  # noqa: S311
            else:
                taking.measure(outcomes)
                return outcomes
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def room(self) -> Iterator[None]:
        """Room for one message over HTTP, from its first byte to its answer. Raises Unavailable when all is taken."""
        if self._inside >= AT_ONCE:
            raise Unavailable("calls.busy", f"{AT_ONCE} messages are being taken already; send it again in a moment.")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def post(self, message: Message) -> Outcome:
        """Take one message that came over HTTP. Raises Invalid where no call can be read from it."""
        async with self._posting:
            prepared = await asyncio.to_thread(prepare, message)
            if prepared.unreadable is not None:
                raise Invalid("calls.not_readable", f"No call could be read: {prepared.unreadable}.")
            return (await self.take([prepared]))[0]

    async def batch(self, arrivals: Sequence[Arrival]) -> None:
        """Take a batch from the broker; a message that can't be taken is parked, and holds up no other.

        When this returns all of them may be acknowledged. Raises what says that the database is away.
        """
        with _uncollected():
            await self._batch(arrivals)

    async def _batch(self, arrivals: Sequence[Arrival]) -> None:
        prepared = await asyncio.to_thread(_prepare, arrivals)
        for arrival, result in prepared:
            if isinstance(result, Exception):
                await self._park(arrival, result)
        ready = [(arrival, result) for arrival, result in prepared if isinstance(result, Prepared)]
        if not ready:
            return
        try:
            await self.take([result for _, result in ready])
        except AWAY:
            raise
        except Exception:
            log.exception("batch_taken_apart", messages=len(ready))
            for arrival, result in ready:
                await self._alone(arrival, result)

    async def _alone(self, arrival: Arrival, prepared: Prepared) -> bool:
        try:
            await self.take([prepared])
        except AWAY:
            raise
        except Exception as error:
            log.exception("message_not_taken", message_id=arrival.message_id)
            await self._park(arrival, error)
            return False
        return True

    async def _park(self, arrival: Arrival, error: Exception) -> None:
        reason = str(error) if isinstance(error, NotAttributable) else failure.told(error)
        log.error("calls_parked", message_id=arrival.message_id, sender=arrival.user, reason=reason)
        async with self._database.transaction() as tx:
            await parking.park(
                tx.connection,
                event_id=arrival.identity,
                event_type=PARKED_TYPE,
                body=arrival.pack(),
                reason=reason,
                retry=not isinstance(error, NotAttributable),
                now=tx.now,
            )

    async def retry_parked(self) -> int:
        """Try every parked message of calls that is due once more; returns how many came through."""
        through = 0
        while True:
            async with self._database.transaction() as tx:
                found = await parking.due(tx.connection, now=tx.now, calls=True)
                if not found:
                    return through
                await parking.postpone(tx.connection, found[0].id, now=tx.now)
            body = found[0].body
            assert body is not None, "messages of calls are never redacted"
            arrival = Arrival.unpack(body)
            [(_, result)] = await asyncio.to_thread(_prepare, [arrival])
            if isinstance(result, Exception):
                await self._park(arrival, result)
            elif await self._alone(arrival, result):
                through += 1
                async with self._database.transaction() as tx:
                    await parking.handled(tx.connection, arrival.identity, now=tx.now)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's search for cycles: a batch makes some hundred thousand small values that live until its end.

    Searching them again and again for cycles they do not have takes as long as all the rest.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _prepare(arrivals: Sequence[Arrival]) -> list[tuple[Arrival, Prepared | Exception]]:
    """Read messages; one that raises, for whatever reason, stands as its error and spoils no other."""
    found: list[tuple[Arrival, Prepared | Exception]] = []
    for arrival in arrivals:
        try:
            found.append((arrival, prepare(message_of(arrival))))
        except Exception as error:  # noqa: BLE001 - it is parked with its reason
            found.append((arrival, error))
    return found
