"""What this service does about the events it hears: it queues notices, and keeps addresses."""

from __future__ import annotations

from services.notifier import store
from services.notifier.actions.queue import queue
from services.notifier.domain.delivery import REVIVED_WITHIN
from services.notifier.domain.kind import KindName
from shared.clock import follow_clock
from shared.consumer import Handlers
from shared.contracts.agreements import (
    AgreementApproved,
    AgreementNoticeResent,
    AgreementRejected,
    AgreementRequested,
    AgreementTerminated,
    AgreementWithdrawn,
    TrialOpened,
)
from shared.contracts.invoicing import InvoiceDispatched
from shared.contracts.registry import (
    ClockMoved,
    OrganisationChanged,
    OrganisationCreated,
    OrganisationEvent,
    OrganisationRestated,
    UserChanged,
    UserCreated,
    UserEvent,
    UserLinkIssued,
    UserRestated,
)
from shared.database import Transaction


async def keep_organisation(tx: Transaction, event: OrganisationEvent) -> None:
    told = event.organisation
    if await store.keep_organisation(tx.connection, told):
        await store.bring_forward_unknown(tx.connection, told.id, now=tx.now)
        await store.revive(tx.connection, [told.id], now=tx.now, younger_than=REVIVED_WITHIN)


async def keep_person(tx: Transaction, event: UserEvent) -> None:
    if await store.keep_person(tx.connection, event.user):
        concerned = [one.organisation_id for one in event.user.memberships]
        await store.revive(tx.connection, concerned, now=tx.now, younger_than=REVIVED_WITHIN)


async def on_link_issued(tx: Transaction, event: UserLinkIssued) -> None:
    kind: KindName = "invitation" if event.link.purpose == "invitation" else "password_reset"
    await queue(tx, event, kind, event.link, organisation_id=None, about_id=event.link.user_id)


async def on_requested(tx: Transaction, event: AgreementRequested) -> None:
    told = event.agreement
    await queue(tx, event, "agreement_requested", told, organisation_id=told.municipality_id, about_id=told.id)


async def on_notice_resent(tx: Transaction, event: AgreementNoticeResent) -> None:
    told = event.agreement
    await queue(tx, event, "agreement_request_resent", told, organisation_id=told.municipality_id, about_id=told.id)


async def on_approved(tx: Transaction, event: AgreementApproved) -> None:
    told = event.agreement
    partly = any(line.decision == "rejected" for line in told.lines)
    kind: KindName = "agreement_partly_approved" if partly else "agreement_approved"
    await queue(tx, event, kind, told, organisation_id=told.supplier_id, about_id=told.id)


async def on_rejected(tx: Transaction, event: AgreementRejected) -> None:
    told = event.agreement
    await queue(tx, event, "agreement_rejected", told, organisation_id=told.supplier_id, about_id=told.id)


async def on_withdrawn(tx: Transaction, event: AgreementWithdrawn) -> None:
    told = event.agreement
    await queue(tx, event, "agreement_withdrawn", told, organisation_id=told.municipality_id, about_id=told.id)


async def on_terminated(tx: Transaction, event: AgreementTerminated) -> None:
    told = event.agreement
    sides = {"municipality": told.municipality_id, "supplier": told.supplier_id}
    sides.pop(event.by, None)
    for organisation_id in dict.fromkeys(sides.values()):
        await queue(
            tx,
            event,
            "agreement_terminated",
            told,
            organisation_id=organisation_id,
            about_id=told.id,
            by=event.by,
        )


async def on_trial_opened(tx: Transaction, event: TrialOpened) -> None:
    told = event.trial
    await queue(tx, event, "trial_opened", told, organisation_id=told.supplier_id, about_id=told.id)


async def on_invoice_dispatched(tx: Transaction, event: InvoiceDispatched) -> None:
    told = event.dispatch
    await queue(tx, event, "invoice", told, organisation_id=told.municipality_id, about_id=told.id)


HANDLERS: Handlers = {
    OrganisationCreated: keep_organisation,
    OrganisationChanged: keep_organisation,
    OrganisationRestated: keep_organisation,
    UserCreated: keep_person,
    UserChanged: keep_person,
    UserRestated: keep_person,
    UserLinkIssued: on_link_issued,
    AgreementRequested: on_requested,
    AgreementNoticeResent: on_notice_resent,
    AgreementApproved: on_approved,
    AgreementRejected: on_rejected,
    AgreementWithdrawn: on_withdrawn,
    AgreementTerminated: on_terminated,
    TrialOpened: on_trial_opened,
    InvoiceDispatched: on_invoice_dispatched,
    ClockMoved: follow_clock,
}
