"""The service catalogue: public to read, the helpdesk's to write."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.registry.actions import catalogue as actions
from services.registry.api.asking import Running
from services.registry.domain.catalogue import Service, ServiceState
from services.registry.store import catalogue as store
from shared.asking import Body
from shared.identity import SignedIn
from shared.page import After, Limit, Page, page
from shared.text import Line, Passage, Sought

router = APIRouter(tags=["service catalogue"])

Words = Annotated[Sought | None, Query(description="Part of the name, number, description or data categories")]


class NewService(Body):
    """A service in one version. `id` is what callers name it by (ServiceUUID); left out, a new one is made."""

    id: UUID | None = None
    name: Line
    version: Line
    number: Line | None = None
    entity_id: Line | None = None
    description: Passage = ""
    data_categories: Passage = ""


class ServiceChanges(Body):
    """What to change; what is left out stays. `locked`: no new agreements; `closed`: no calls either."""

    description: Passage | None = None
    data_categories: Passage | None = None
    state: ServiceState | None = None


class ServiceShown(BaseModel):
    """A service of the catalogue; its id names service and version. What it costs is invoicing's to say."""

    id: UUID
    name: str
    version: str
    number: str | None
    entity_id: str | None
    description: str
    data_categories: str
    state: ServiceState
    published_at: datetime

    @classmethod
    def of(cls, service: Service) -> Self:
        return cls(
            id=service.id,
            name=service.name,
            version=service.version,
            number=service.number,
            entity_id=service.entity_id,
            description=service.description,
            data_categories=service.data_categories,
            state=service.state,
            published_at=service.published_at,
        )


@router.post("/services", status_code=201)
async def publish_service(body: NewService, running: Running, caller: SignedIn) -> ServiceShown:
    """Put a service in the catalogue, open to agreements (helpdesk). 409 `service.exists`."""
    caller.require_helpdesk()
    async with running.database.transaction() as tx:
        service = await actions.publish(
            tx,
            caller,
            service_id=body.id,
            name=body.name,
            version=body.version,
            number=body.number,
            entity_id=body.entity_id,
            description=body.description,
            data_categories=body.data_categories,
        )
    return ServiceShown.of(service)


@router.get("/services")
async def list_services(
    running: Running,
    q: Words = None,
    state: Annotated[ServiceState | None, Query(description="Only services in this state")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[ServiceShown]:
    """The catalogue in alphabetical order, for everyone; `q` is looked for in either letter case."""
    async with running.database.reading() as connection:
        found = await store.listed(connection, q=q, state=state, after=after, limit=limit + 1)
    return page(found, limit, ServiceShown.of)


@router.get("/services/{service_id}")
async def get_service(service_id: UUID, running: Running) -> ServiceShown:
    """One service, for everyone. 404 `service.unknown`."""
    async with running.database.reading() as connection:
        service = await store.find(connection, service_id)
    if service is None:
        raise actions.unknown(service_id)
    return ServiceShown.of(service)


@router.patch("/services/{service_id}")
async def change_service(service_id: UUID, body: ServiceChanges, running: Running, caller: SignedIn) -> ServiceShown:
    """Change a service's description, data categories or state (helpdesk). 404 `service.unknown`."""
    caller.require_helpdesk()
    async with running.database.transaction() as tx:
        service = await actions.change(
            tx,
            caller,
            service_id,
            description=body.description,
            data_categories=body.data_categories,
            state=body.state,
        )
    return ServiceShown.of(service)
