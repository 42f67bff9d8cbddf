"""Metering's timed work: telling counts, judging again, sealing, partitions, forgetting."""

from __future__ import annotations

import time
from datetime import timedelta

from prometheus_client import Gauge

from services.metering.actions import rejudging, sealing, usage
from services.metering.actions.door import Door
from services.metering.actions.taking import REMEMBERED
from services.metering.settings import MeteringSettings
from services.metering.store import maintenance, quarters
from shared import logs
from shared.database import Database
from shared.run import Job, Runtime

log = logs.get(__name__)

Metering = Runtime[MeteringSettings]

MESSAGES_KEPT = timedelta(days=90)
"""How long a message is known by itself: longer than any can still be redelivered or replayed."""
_AHEAD = timedelta(days=100)

DEFAULT_ROWS = Gauge("sp_records_outside_partitions", "1 when counted calls lie outside the months made ahead")
TOLD_AGO = Gauge("sp_counts_told_ago_seconds", "Seconds since this copy last saw every changed count told")
BLOCKED = Gauge("sp_quarters_blocked", "Quarters that are due and can't be sealed, because calls and counts differ")


async def tell(running: Metering) -> None:
    """Say every count that changed."""
    while True:
        async with running.database.transaction() as tx:
            if not await usage.tell(tx):
                break
    told_at = time.monotonic()
    TOLD_AGO.set_function(lambda: time.monotonic() - told_at)


async def judge_again(running: Metering) -> None:
    """Judge what news may have lifted."""
    if lifted := await rejudging.judge_again(running.database, running.settings.late):
        log.info("refusals_lifted", calls=lifted)


async def seal(running: Metering) -> None:
    """Seal what is due; what news may have lifted is judged first, so that it still counts into its quarter."""
    await rejudging.judge_again(running.database, running.settings.late)
    await sealing.seal_due(running.database, running.settings.grace)
    async with running.database.reading() as connection:
        found = await quarters.still_open(connection, await quarters.last_sealed(connection))
    BLOCKED.set(sum(quarter.blocked is not None for quarter in found))


async def retry_parked_calls(running: Metering) -> None:
    """Try parked messages of calls that are due."""
    await running.get(Door).retry_parked()


async def make_partitions(running: Metering) -> None:
    """Keep the months of all calls that may still come ready."""
    await prepare_partitions(running.database, running.settings.late)
    async with running.database.reading() as connection:
        DEFAULT_ROWS.set(await maintenance.in_default_partition(connection))


async def forget(running: Metering) -> None:
    """Forget call ids after 400 days, and fold old messages into their sums; a piece a transaction."""
    done = maintenance.PIECE
    while done == maintenance.PIECE:
        async with running.database.transaction() as tx:
            done = await maintenance.forget_claims(tx.connection, tx.now - REMEMBERED)
    done = maintenance.PIECE
    while done == maintenance.PIECE:
        async with running.database.transaction() as tx:
            done = await maintenance.fold_messages(tx.connection, tx.now - MESSAGES_KEPT)


async def prepare_partitions(database: Database, late: timedelta) -> None:
    """See to it that every month a call may be made in has its partition."""
    async with database.transaction() as tx:
        await maintenance.make_partitions(tx.connection, (tx.now - late).date(), (tx.now + _AHEAD).date())


JOBS: tuple[Job[MeteringSettings], ...] = (
    Job("tell counts", 0.25, tell),
    Job("judge again", 0.5, judge_again),
    Job("seal quarters", 1.0, seal),
    Job("retry parked calls", 2.0, retry_parked_calls),
    Job("make partitions", 60.0, make_partitions),
    Job("forget", 3600.0, forget),
)
