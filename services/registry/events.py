"""What this service does about the events it hears."""

from __future__ import annotations

from services.registry.actions import access
from services.registry.domain.access import of_agreement, of_trial
from shared.consumer import Handlers
from shared.contracts.agreements import (
    AgreementApproved,
    AgreementEvent,
    AgreementRestated,
    AgreementTerminated,
    TrialClosed,
    TrialEvent,
    TrialOpened,
    TrialRestated,
)
from shared.contracts.metering import UsageCounted, UsageEvent, UsageRestated
from shared.database import Transaction


async def on_agreement(tx: Transaction, event: AgreementEvent) -> None:
    """Access opens and closes with the agreement."""
    await access.follow(tx, of_agreement(event.agreement))


async def on_trial(tx: Transaction, event: TrialEvent) -> None:
    """Access in the external test environment opens and closes with the trial connection."""
    await access.follow(tx, of_trial(event.trial))


async def on_usage(tx: Transaction, event: UsageEvent) -> None:
    """Keep when each certificate was last used."""
    await access.note_use(tx, event.usage.counts)


HANDLERS: Handlers = {
    AgreementApproved: on_agreement,
    AgreementTerminated: on_agreement,
    AgreementRestated: on_agreement,
    TrialOpened: on_trial,
    TrialClosed: on_trial,
    TrialRestated: on_trial,
    UsageCounted: on_usage,
    UsageRestated: on_usage,
}
