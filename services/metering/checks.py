"""What `check` looks at in metering's own parts: room for the calls of every month."""

from __future__ import annotations

from datetime import UTC

import asyncpg

from services.metering.settings import MeteringSettings
from services.metering.store import maintenance
from shared.check import Finding, fail, ok, warn
from shared.clock import Clock


async def partitions(settings: MeteringSettings, connection: asyncpg.Connection | None) -> list[Finding]:
    """Whether every month a call may be made in has its partition, and the one for all others is empty."""
    if connection is None:
        return []
    clock = Clock(settings.mode)
    try:
        await clock.refresh(connection)
        now = clock.now().astimezone(UTC)
        missing = await maintenance.missing_partitions(connection, (now - settings.late).date(), now.date())
        outside = await maintenance.in_default_partition(connection)
    except asyncpg.UndefinedTableError:
        return [fail("partitions", "the tables are not there: run `python -m services.metering migrate`")]
    if outside:
        return [warn("partitions", "calls lie outside the months made ahead; the running service moves them")]
    if missing and settings.mode == "demonstration":
        # Its clock may just have been moved; what is called meanwhile counts, and is moved like the above.
        return [
            warn("partitions", f"missing for {', '.join(missing)}; a running metering makes them within a minute")
        ]
    if missing:
        return [fail("partitions", f"missing for {', '.join(missing)}; a running metering makes them each minute")]
    return [ok("partitions", "a partition for every month a call may be made in")]


CHECKS = (partitions,)
