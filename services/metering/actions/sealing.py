"""Sealing quarters: after the grace, in order, once the raw calls were found to equal the counts."""

from __future__ import annotations

from datetime import timedelta

from services.metering.actions import usage
from services.metering.domain.billing import due_at, sealed_id, to_seal
from services.metering.store import counts, quarters
from shared import logs
from shared.contracts.metering import QuarterSealed, SealedQuarter
from shared.database import Database, Transaction
from shared.problem import Conflict
from shared.quarters import Quarter, digest

log = logs.get(__name__)

LONGEST_BACK = timedelta(days=400)
"""No call billed in a quarter was made longer before its beginning than this."""


async def seal_due(database: Database, grace: timedelta) -> list[Quarter]:
    """Seal every quarter that is due; returns them. One whose calls and counts differ stops there, loudly."""
    sealed: list[Quarter] = []
    while (quarter := await _due(database, grace)) is not None:
        if not await _verified(database, quarter):
            break
        async with database.transaction() as tx:
            done = await _seal(tx, quarter, grace)
        if not done:
            break
        log.info("quarter_sealed", quarter=str(quarter))
        sealed.append(quarter)
    return sealed


async def seal_one(database: Database, quarter: Quarter, grace: timedelta) -> None:
    """Seal this quarter. Raises Conflict where it is not due, not next in order, or its counts do not add up."""
    async with database.reading() as connection:
        last = await quarters.last_sealed(connection)
        now = database.clock.now()
    if last is not None and quarter <= last:
        raise Conflict("quarter.sealed", f"Quarter {quarter} is sealed already.")
    if now < due_at(quarter, grace):
        raise Conflict(
            "quarter.not_due", f"Quarter {quarter} can be sealed from {due_at(quarter, grace):%Y-%m-%dT%H:%M:%SZ}."
        )
    if await _due(database, grace) != quarter:
        raise Conflict("quarter.not_next", f"Quarters are sealed in order, and {quarter} is not the next.")
    if not await _verified(database, quarter):
        raise Conflict(
            "quarter.differs", f"The raw calls of {quarter} and its counts differ; see the log and GET /quarters."
        )
    async with database.transaction() as tx:
        if not await _seal(tx, quarter, grace):
            raise Conflict("quarter.sealed", f"Quarter {quarter} was sealed by another copy just now.")


async def _due(database: Database, grace: timedelta) -> Quarter | None:
    async with database.reading() as connection:
        return to_seal(
            await quarters.first_used(connection), await quarters.last_sealed(connection), database.clock.now(), grace
        )


async def _verified(database: Database, quarter: Quarter) -> bool:
    """Whether raw calls equal counts, in one view of the database: batches go on meanwhile."""
    async with database.reading() as connection:
        await connection.execute("SET LOCAL statement_timeout = '14min'")
        found = await counts.drift(connection, quarter, quarter.starts - LONGEST_BACK)
    async with database.transaction() as tx:
        if not found:
            await quarters.unblock(tx.connection, quarter)
            return True
        told = "; ".join(
            f"grant {item.access_id} at {item.hour:%Y-%m-%dT%HZ}: {item.recorded} recorded, {item.counted} counted"
            for item in found[:5]
        )
        await quarters.block(tx.connection, quarter, told, now=tx.now)
    log.critical("quarter_differs", quarter=str(quarter), differences=told)
    return False


async def _seal(tx: Transaction, quarter: Quarter, grace: timedelta) -> bool:
    """Close the quarter, unless another copy did; nothing can be counted into it from here on."""
    await quarters.lock(tx.connection)
    last = await quarters.last_sealed(tx.connection)
    if to_seal(await quarters.first_used(tx.connection), last, tx.now, grace) != quarter:
        return False
    await usage.tell_all(tx)
    found = await quarters.totals(tx.connection, quarter)
    sealed = [
        SealedQuarter(
            id=sealed_id(quarter, municipality_id),
            sequence=1,
            quarter=str(quarter),
            municipality_id=municipality_id,
            sealed_at=tx.now,
            calls=sum(total.calls for total in totals),
            totals=tuple(totals),
            digest=digest(totals),
        )
        for municipality_id, totals in found.items()
    ]
    await quarters.seal(
        tx.connection, quarter, [(item.municipality_id, item.calls, item.digest) for item in sealed], now=tx.now
    )
    for item in sealed:
        await tx.say(QuarterSealed(sealed=item))
    return True
