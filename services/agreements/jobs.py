"""Timed work."""

from __future__ import annotations

from services.agreements.actions.request import ANSWERS_KEPT
from services.agreements.settings import AgreementsSettings
from services.agreements.store import requests
from shared.run import Job, Runtime


async def forget_answers(running: Runtime[AgreementsSettings]) -> None:
    """Drop the answers kept for idempotency keys that nobody retries any more."""
    async with running.database.transaction() as tx:
        await requests.forget_answers(tx.connection, tx.now - ANSWERS_KEPT)


JOBS = (Job("forget answers", 3600.0, forget_answers),)
