"""Timed work: sending. Every copy sends, and none sends what another has in hand."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from prometheus_client import Gauge

from services.notifier import store
from services.notifier.actions.send import Sending
from services.notifier.letter import Letters
from services.notifier.postman import Postman
from services.notifier.settings import NotifierSettings
from shared import logs
from shared.database import AWAY, TRANSIENT
from shared.run import Job, Runtime

log = logs.get(__name__)

OLDEST = Gauge("sp_notices_oldest_seconds", "Seconds of platform time since the oldest unsent notice was written")
QUEUED = Gauge("sp_notices_queued", "Notices not yet sent")
FAILED = Gauge("sp_notices_failed_lately", "Notices that failed for good within a day of platform time")
LATELY = timedelta(days=1)
LOOK_SECONDS = 0.4
"""How often each sender looks for what is due, when there was nothing."""
AWAY_SECONDS = 2.0


async def measure(running: Runtime[NotifierSettings]) -> None:
    """Measure what is not sent yet, and what failed."""
    now = running.clock.now()
    async with running.database.reading() as connection:
        found = await store.unsent(connection, failed_since=now - LATELY)
    QUEUED.set(found.queued)
    FAILED.set(found.failed)
    OLDEST.set(max((now - found.created_at).total_seconds(), 0) if found.created_at else 0)


JOBS: tuple[Job[NotifierSettings], ...] = (Job("measure", 10.0, measure),)


async def send_mails(running: Runtime[NotifierSettings]) -> None:
    """Send what is due until stopping, several at once."""
    letters = Letters(running.settings.public_url)
    async with asyncio.TaskGroup() as group:
        for number in range(running.settings.smtp_connections):
            group.create_task(_send(running, letters, number))


async def _send(running: Runtime[NotifierSettings], letters: Letters, number: int) -> None:
    sending = Sending(running.database, letters, Postman(running.settings), running.settings.smtp_from)
    # Spread over the interval, so that together they look more often than each.
    await _pause(running, LOOK_SECONDS * number / running.settings.smtp_connections)
    try:
        while not running.stopping.is_set():
            try:
                found = await sending.send_next()
            except (*AWAY, *TRANSIENT, TimeoutError) as error:
                log.warning("sending_waits", error=type(error).__name__)
                await _pause(running, AWAY_SECONDS)
                continue
            except Exception:
                # That notice comes again when its lease is over; the others must not wait for it.
                log.exception("sending_failed")
                await _pause(running, AWAY_SECONDS)
                continue
            if not found:
                await sending.close()
                await _pause(running, LOOK_SECONDS)
    finally:
        await sending.close()


async def _pause(running: Runtime[NotifierSettings], seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(running.stopping.wait(), seconds)
