"""Where the links in mails lead: to the thing itself, under the hat and organisation that may see it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Apis, Refused
from services.portal.domain.linked import KINDS, Linked
from services.portal.domain.session import SignedIn
from services.portal.pages.visit import SignedInVisit, Visit

router = APIRouter(include_in_schema=False)

MOST = 20
"""How many of a person's other organisations are asked for the thing."""


@router.get("/serviceaftale/{thing_id}")
async def agreement(visit: SignedInVisit, thing_id: UUID) -> Response:
    """An agreement, or a request for one that waits for its answer."""
    return await _lead(visit, "serviceaftale", thing_id)


@router.get("/anmodning/{thing_id}")
async def request(visit: SignedInVisit, thing_id: UUID) -> Response:
    """A supplier's request to several municipalities."""
    return await _lead(visit, "anmodning", thing_id)


@router.get("/proevetilslutning/{thing_id}")
async def trial(visit: SignedInVisit, thing_id: UUID) -> Response:
    """A trial connection."""
    return await _lead(visit, "proevetilslutning", thing_id)


@router.get("/faktura/{thing_id}")
async def invoice(visit: SignedInVisit, thing_id: UUID) -> Response:
    """An invoice."""
    return await _lead(visit, "faktura", thing_id)


async def _lead(visit: Visit, word: str, thing_id: UUID) -> Response:
    linked = KINDS[word]
    apis = visit.running.get(Apis)
    page = await _page(apis, linked, thing_id, visit.signed_in)
    if page is not None:
        return visit.see(page)
    others = [
        other
        for other in visit.signed_in.memberships
        if other.organisation_id != visit.signed_in.organisation_id and linked.pages.keys() & other.kinds
    ]
    for other in others[:MOST]:
        acting = await _acting_for(visit, other.organisation_id)
        if acting and await _page(apis, linked, thing_id, acting):
            return visit.page("mail_link/switch.html", word=word, other=other, address=f"/{word}/{thing_id}")
    return visit.page("mail_link/not_yours.html", status=404, word=word)


async def _page(apis: Apis, linked: Linked, thing_id: UUID, signed_in: SignedIn) -> str | None:
    thing: dict[str, Any] | None = await apis.ask(linked.service, signed_in.token).get_or_none(
        f"{linked.api}/{thing_id}"
    )
    return linked.page(thing, signed_in) if thing else None


async def _acting_for(visit: Visit, organisation_id: UUID) -> SignedIn | None:
    """The person as they would be in another of their organisations; the session stays where it is."""
    try:
        answer = await visit.registry.post("/sign-in/organisation", {"organisation_id": str(organisation_id)})
    except Refused:
        return None
    return SignedIn.of(answer)
