"""What this service does about the events it hears: keep copies of what a request needs."""

from __future__ import annotations

from services.agreements.store import copies
from shared.clock import follow_clock
from shared.consumer import Handlers
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
    SystemChanged,
    SystemEvent,
    SystemRegistered,
    SystemRestated,
)
from shared.database import Transaction


async def keep_organisation(tx: Transaction, event: OrganisationEvent) -> None:
    await copies.keep_organisation(tx.connection, event.organisation)


async def keep_system(tx: Transaction, event: SystemEvent) -> None:
    await copies.keep_system(tx.connection, event.system)


async def keep_service(tx: Transaction, event: ServiceEvent) -> None:
    await copies.keep_service(tx.connection, event.service)


HANDLERS: Handlers = {
    OrganisationCreated: keep_organisation,
    OrganisationChanged: keep_organisation,
    OrganisationRestated: keep_organisation,
    SystemRegistered: keep_system,
    SystemChanged: keep_system,
    SystemRestated: keep_system,
    ServicePublished: keep_service,
    ServiceChanged: keep_service,
    ServiceRestated: keep_service,
    ClockMoved: follow_clock,
}
