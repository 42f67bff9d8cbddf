"""What invoicing is made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.invoicing import commands
from services.invoicing.actions.issuing import restate_invoices
from services.invoicing.actions.papers import press
from services.invoicing.actions.pricing import restate_prices
from services.invoicing.api import ROUTERS
from services.invoicing.checks import CHECKS
from services.invoicing.documents import rules
from services.invoicing.events import HANDLERS
from services.invoicing.jobs import JOBS
from services.invoicing.settings import InvoicingSettings
from shared import logs
from shared.commands import build
from shared.run import Runtime, Service

log = logs.get(__name__)


@asynccontextmanager
async def prepare(running: Runtime[InvoicingSettings]) -> AsyncIterator[None]:
    """Load the official e-invoice rules where the installation has them, and say which gates are on."""
    try:
        official = await asyncio.to_thread(rules.load, running.settings.einvoice_rules)
    except rules.RulesUnusableError as error:
        raise SystemExit(f"{error}") from None
    log.info("invoice_gates", gates=rules.describe(official))
    running.keep(press(running.settings, official))
    try:
        yield
    finally:
        if official is not None:
            official.close()


SERVICE = Service(
    name="invoicing",
    about="Prices, the usage overview with money, and invoices.",
    settings=InvoicingSettings,
    migrations=Path(__file__).parent / "migrations",
    append_only=frozenset({"invoice", "invoice_line", "invoice_document", "billing_history", "price_history"}),
    checks=CHECKS,
    handlers=HANDLERS,
    routers=ROUTERS,
    jobs=JOBS,
    prepare=prepare,
    restate={"price": restate_prices, "invoice": restate_invoices},
)

app = build(SERVICE)
commands.add_to(app, SERVICE)

if __name__ == "__main__":
    app()
