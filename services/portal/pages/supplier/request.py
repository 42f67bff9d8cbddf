"""Requests on their way: the list, how far one has come over all its municipalities, reminding and taking back."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.pages.visit import SupplierVisit, Visit

router = APIRouter(include_in_schema=False)

LIST = "/leverandoer/anmodninger"
PAGE = 25
AT_ONCE = 8
"""How many municipalities are acted on at the same time."""


@router.get(LIST)
async def requests(visit: SupplierVisit, after: str = "") -> Response:
    """The supplier's requests, newest first."""
    found = await visit.agreements.get("/requests", after=uuid_or_none(after), limit=PAGE)
    return visit.page("supplier/requests.html", requests=found["items"], next=found["next"])


@router.get(LIST + "/{request_id:uuid}")
async def request(visit: SupplierVisit, request_id: UUID) -> Response:
    """How far one request has come."""
    found = await visit.agreements.get(f"/requests/{request_id}")
    order = {"requested": 0, "approved": 1, "rejected": 2, "terminated": 3, "withdrawn": 4}
    counts = found["counts"]
    return visit.page(
        "supplier/request.html",
        request=found,
        agreements=sorted(found["agreements"], key=lambda one: order[one["state"]]),
        all=len(found["agreements"]),
        answered=len(found["agreements"]) - counts["requested"] - counts["withdrawn"],
    )


@router.post(LIST + "/{request_id:uuid}/gensend")
async def remind(visit: SupplierVisit, request_id: UUID) -> Response:
    """Have every municipality that has not answered told once more."""
    done, refused = await _each_waiting(visit, request_id, "resend-notice")
    sentence = visit.texts("Advis er gensendt til %(num)s kommune.", "Advis er gensendt til %(num)s kommuner.", done)
    if refused:
        sentence += " " + visit.texts(
            "%(num)s kommune har fået et advis inden for den seneste time og får ikke et nyt endnu.",
            "%(num)s kommuner har fået et advis inden for den seneste time og får ikke et nyt endnu.",
            refused,
        )
    return await visit.done(f"{LIST}/{request_id}", sentence)


@router.get(LIST + "/{request_id:uuid}/traek-tilbage")
async def confirm(visit: SupplierVisit, request_id: UUID) -> Response:
    """What taking the request back would mean."""
    found = await visit.agreements.get(f"/requests/{request_id}")
    waiting = [one for one in found["agreements"] if one["state"] == "requested"]
    return visit.page("supplier/request_withdraw.html", request=found, waiting=waiting)


@router.post(LIST + "/{request_id:uuid}/traek-tilbage")
async def withdraw(visit: SupplierVisit, request_id: UUID) -> Response:
    """Take the request back where nobody has answered."""
    done, _ = await _each_waiting(visit, request_id, "withdraw")
    sentence = visit.texts(
        "Anmodningen er trukket tilbage hos %(num)s kommune.",
        "Anmodningen er trukket tilbage hos %(num)s kommuner.",
        done,
    )
    return await visit.done(f"{LIST}/{request_id}", sentence)


async def _each_waiting(visit: Visit, request_id: UUID, act: str) -> tuple[int, int]:
    """Do this about every agreement of the request that nobody has answered; how many went well, how many not."""
    found = await visit.agreements.get(f"/requests/{request_id}")
    room = asyncio.Semaphore(AT_ONCE)

    async def one(agreement: dict[str, Any]) -> bool:
        async with room:
            try:
                await visit.agreements.post(f"/agreements/{agreement['id']}/{act}")
            except Refused as refused:
                if refused.status in {409, 429}:
                    return False
                raise
            return True

    told = await asyncio.gather(*(one(each) for each in found["agreements"] if each["state"] == "requested"))
    return sum(told), len(told) - sum(told)
