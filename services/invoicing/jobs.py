"""Timed work: sealed quarters become invoices."""

from __future__ import annotations

from prometheus_client import Gauge

from services.invoicing.actions.issuing import look
from services.invoicing.actions.papers import Press
from services.invoicing.domain.billing import OPEN
from services.invoicing.settings import InvoicingSettings
from services.invoicing.store import billing
from shared import logs
from shared.database import AWAY
from shared.run import Job, Runtime

log = logs.get(__name__)

WAITING = Gauge("sp_billing", "Sealed quarters of municipalities that have no invoice yet", ["state"])
OLDEST = Gauge("sp_billing_oldest_seconds", "Seconds of platform time the oldest of them has been in its state")
AT_ONCE = 200
"""How many sealed quarters one run looks at; the next run takes those that are left."""


async def bill(running: Runtime[InvoicingSettings]) -> None:
    """Look at every sealed quarter that is due; one that fails does not hold up the others."""
    async with running.database.reading() as connection:
        due = await billing.due(connection, now=running.clock.now(), limit=AT_ONCE)
    for municipality_id, quarter in due:
        if running.stopping.is_set():
            return
        try:
            await look(
                running.database,
                running.get(Press),
                municipality_id,
                quarter,
                payment_days=running.settings.payment_days,
            )
        except AWAY:
            raise
        except Exception:
            log.exception("billing_failed", municipality_id=str(municipality_id), quarter=str(quarter))


async def measure(running: Runtime[InvoicingSettings]) -> None:
    """Measure the sealed quarters without an invoice: how many in which state, and how long the oldest waits."""
    async with running.database.reading() as connection:
        found = await billing.waiting(connection)
    for state in OPEN:
        WAITING.labels(state).set(found[state].number if state in found else 0)
    oldest = min((one.since for one in found.values()), default=None)
    OLDEST.set(0 if oldest is None else (running.clock.now() - oldest).total_seconds())


JOBS: tuple[Job[InvoicingSettings], ...] = (Job("bill", 1.0, bill), Job("measure", 10.0, measure))
