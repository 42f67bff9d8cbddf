"""The service catalogue: helpdesk publishes and changes services, everyone may read them."""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid4

from services.registry.actions.restating import restate_all
from services.registry.domain.catalogue import Service, ServiceState
from services.registry.store import catalogue as store
from shared.contracts import registry as contracts
from shared.database import Transaction
from shared.identity import Caller
from shared.problem import Conflict, NotFound


async def publish(
    tx: Transaction,
    caller: Caller,
    *,
    service_id: UUID | None,
    name: str,
    version: str,
    number: str | None,
    entity_id: str | None,
    description: str,
    data_categories: str,
) -> Service:
    """Put a service in the catalogue, open to agreements. Raises Conflict `service.exists`."""
    service = await store.add(
        tx.connection,
        service_id or uuid4(),
        name=name,
        version=version,
        number=number,
        entity_id=entity_id,
        description=description,
        data_categories=data_categories,
        now=tx.now,
    )
    if service is None:
        raise Conflict(
            "service.exists",
            f"A service with this id, or called {name} in version {version}, is in the catalogue. Change that one, or"
            " give the new one its own id and version.",
        )
    await store.remember(tx.connection, service, "published", caller.actor, now=tx.now)
    await tx.say(contracts.ServicePublished(service=told(service)))
    await tx.record(caller.actor, "service.publish", service.id)
    return service


async def change(
    tx: Transaction,
    caller: Caller,
    service_id: UUID,
    *,
    description: str | None,
    data_categories: str | None,
    state: ServiceState | None,
) -> Service:
    """Change what is given; what is None stays. A change to what it is already is none, and says nothing."""
    service = await store.change(
        tx.connection, service_id, description=description, data_categories=data_categories, state=state
    )
    if service is None:
        found = await store.find(tx.connection, service_id)
        if found is None:
            raise unknown(service_id)
        return found
    await store.remember(tx.connection, service, "changed", caller.actor, now=tx.now)
    await tx.say(contracts.ServiceChanged(service=told(service)))
    await tx.record(caller.actor, "service.change", service.id, {"state": service.state})
    return service


async def restate_services(tx: Transaction) -> int:
    """Say every service's present state."""
    listed = partial(store.listed, q=None, state=None)
    return await restate_all(tx, listed, lambda service: contracts.ServiceRestated(service=told(service)))


def told(service: Service) -> contracts.Service:
    """A service as others know it."""
    return contracts.Service(
        id=service.id,
        sequence=service.sequence,
        name=service.name,
        version=service.version,
        number=service.number,
        entity_id=service.entity_id,
        description=service.description,
        data_categories=service.data_categories,
        state=service.state,
    )


def unknown(service_id: UUID) -> NotFound:
    """The catalogue has no such service."""
    return NotFound("service.unknown", f"No service in the catalogue has the id {service_id}.")
