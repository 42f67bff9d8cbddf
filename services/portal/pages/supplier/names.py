"""What suppliers choose among and what things are called: services, municipalities, their own systems."""

from __future__ import annotations

from typing import Any

from services.portal.pages.visit import Visit
from shared.quarters import Quarter


async def services(visit: Visit) -> list[dict[str, Any]]:
    """The whole catalogue in its order."""
    return await visit.registry.all("/services")


async def municipalities(visit: Visit) -> list[dict[str, Any]]:
    """The municipalities the supplier can ask, in the order of Danish names."""
    return await visit.registry.all("/organisations", kind="municipality")


async def systems(visit: Visit, **narrowed: Any) -> list[dict[str, Any]]:
    """The supplier's own systems, in the order they were registered."""
    return await visit.registry.all("/systems", supplier_id=str(visit.signed_in.organisation_id), **narrowed)


def full_name(service: dict[str, Any]) -> str:
    """A service as agreements call it: name and version."""
    return f"{service['name']} {service['version']}"


def by_id(services: list[dict[str, Any]]) -> dict[str, str]:
    """What services are called, by their ids."""
    return {service["id"]: full_name(service) for service in services}


def named_by(municipalities: list[dict[str, Any]]) -> dict[str, str]:
    """What municipalities are called, by their ids and by their CVR numbers: calls may name them by either."""
    return {key: one["name"] for one in municipalities for key in (one["id"], one["cvr"])}


def this_quarter(visit: Visit) -> Quarter:
    """The quarter that runs now, in platform time."""
    return Quarter.of(visit.running.clock.now())


async def people(visit: Visit) -> dict[str, str]:
    """The names of the organisation's own people, by id; the other side's are not told."""
    found = await visit.registry.all(f"/organisations/{visit.signed_in.organisation_id}/colleagues")
    return {one["id"]: one["name"] for one in found}
