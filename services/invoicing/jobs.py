"""Timed work: sealed quarters become invoices."""

from __future__ import annotations

from services.invoicing.actions.issuing import look
from services.invoicing.actions.papers import Press
from services.invoicing.settings import InvoicingSettings
from services.invoicing.store import billing
from shared import logs
from shared.database import AWAY
from shared.run import Job, Runtime

log = logs.get(__name__)

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


JOBS: tuple[Job[InvoicingSettings], ...] = (Job("bill", 1.0, bill),)
