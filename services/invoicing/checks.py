"""What `check` looks at in invoicing's own parts: the gate invoices pass."""

from __future__ import annotations

import asyncio

import asyncpg

from services.invoicing.documents import rules
from services.invoicing.settings import InvoicingSettings
from shared.check import Finding, fail, ok


async def official_rules(settings: InvoicingSettings, _: asyncpg.Connection | None) -> list[Finding]:
    """Whether the official e-invoice rules, where the settings name them, can be run."""
    try:
        official = await asyncio.to_thread(rules.load, settings.einvoice_rules)
    except rules.RulesUnusableError as error:
        return [fail("e-invoice rules", f"{error}")]
    try:
        return [ok("e-invoice rules", rules.describe(official))]
    finally:
        if official is not None:
            official.close()


CHECKS = (official_rules,)
