"""The registry's timed work."""

from __future__ import annotations

from datetime import UTC, datetime

from services.registry.settings import RegistrySettings
from services.registry.store import assertion
from shared.run import Job, Runtime

FORGET_SECONDS = 60.0


async def forget_assertions(running: Runtime[RegistrySettings]) -> None:
    """Drop the ids of sign-in assertions that have expired and could not be used again anyway."""
    async with running.database.transaction() as tx:
        await assertion.forget(tx.connection, before=datetime.fromtimestamp(running.clock.real(), UTC))


JOBS = (Job("forget assertions", FORGET_SECONDS, forget_assertions),)
