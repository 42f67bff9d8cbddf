"""What invoicing does about the events it hears: it keeps copies, counts and seals."""

from __future__ import annotations

from services.invoicing.domain.billing import seal_faults
from services.invoicing.store import billing, copies, usage
from shared import correlation
from shared.clock import follow_clock
from shared.consumer import Handlers, IllegalEvent
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
from shared.contracts.metering import QuarterSealed, UsageCounted, UsageEvent, UsageRestated
from shared.contracts.registry import (
    ClockMoved,
    OrganisationChanged,
    OrganisationCreated,
    OrganisationEvent,
    OrganisationRestated,
    ServiceChanged,
    ServiceEvent,
    ServicePublished,
    ServiceRestated,
)
from shared.database import Transaction
from shared.quarters import Quarter


async def on_organisation(tx: Transaction, event: OrganisationEvent) -> None:
    """Keep who is billed, and where."""
    await copies.keep_organisation(tx.connection, event.organisation)


async def on_service(tx: Transaction, event: ServiceEvent) -> None:
    """Keep what a service is called."""
    await copies.keep_service(tx.connection, event.service)


async def on_agreement(tx: Transaction, event: AgreementEvent) -> None:
    """Keep whose system calls come from."""
    await copies.keep_agreement(tx.connection, event.agreement)


async def on_trial(tx: Transaction, event: TrialEvent) -> None:
    """Keep whose system trial calls come from."""
    await copies.keep_trial(tx.connection, event.trial)


async def on_usage(tx: Transaction, event: UsageEvent) -> None:
    """Keep the counts: the overview shows them from this transaction on."""
    for label in {count.billing_quarter for count in event.usage.counts}:
        try:
            Quarter.parse(label)
        except ValueError as error:
            raise IllegalEvent(f"a count is billed in no quarter: {error}") from None
    await usage.keep_counts(tx.connection, event.usage.counts)


async def on_quarter_sealed(tx: Transaction, event: QuarterSealed) -> None:
    """Keep the seal; the billing job takes it from there."""
    sealed = event.sealed
    if wrong := seal_faults(sealed):
        raise IllegalEvent(f"the seal of {sealed.quarter} for {sealed.municipality_id} is not sound: {wrong}")
    if await billing.keep_seal(tx.connection, sealed, correlation_id=correlation.current().id, now=tx.now):
        return
    kept = await billing.find(tx.connection, sealed.municipality_id, Quarter.parse(sealed.quarter))
    assert kept is not None
    if kept.sequence < sealed.sequence and kept.digest != sealed.digest:
        raise IllegalEvent(
            f"{sealed.quarter} of municipality {sealed.municipality_id} was invoiced on another seal"
            f" ({kept.calls} calls, now {sealed.calls}); what differs must be credited"
        )


HANDLERS: Handlers = {
    OrganisationCreated: on_organisation,
    OrganisationChanged: on_organisation,
    OrganisationRestated: on_organisation,
    ServicePublished: on_service,
    ServiceChanged: on_service,
    ServiceRestated: on_service,
    AgreementApproved: on_agreement,
    AgreementTerminated: on_agreement,
    AgreementRestated: on_agreement,
    TrialOpened: on_trial,
    TrialClosed: on_trial,
    TrialRestated: on_trial,
    UsageCounted: on_usage,
    UsageRestated: on_usage,
    QuarterSealed: on_quarter_sealed,
    ClockMoved: follow_clock,
}
