"""Who somebody is whom a timeline or a log names by their id."""

from __future__ import annotations

from collections.abc import Iterable

from services.portal.pages.visit import Visit, unless_away

MOST = 500


async def people_named(visit: Visit, person_ids: Iterable[str]) -> dict[str, str]:
    """The names of these people, as far as they are known and the registry answers."""
    ids = sorted(set(person_ids))[:MOST]
    if not ids:
        return {}
    found = await unless_away(visit.registry.get("/people", id=ids))
    return {one["id"]: one["name"] for one in found or []}
