"""Timed work: sending. Every copy sends, and none sends what another has in hand."""

from __future__ import annotations

import asyncio
import contextlib

from services.notifier.actions.send import Sending
from services.notifier.letter import Letters
from services.notifier.postman import Postman
from services.notifier.settings import NotifierSettings
from shared import logs
from shared.database import AWAY, TRANSIENT
from shared.run import Runtime

log = logs.get(__name__)

LOOK_SECONDS = 0.4
"""How often each sender looks for what is due, when there was nothing."""
AWAY_SECONDS = 2.0


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
