"""Requests: a supplier asks one or many municipalities in one act."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response
from pydantic import Field

from services.agreements.actions import request as actions
from services.agreements.api.asking import Running
from services.agreements.api.fields import MunicipalityIds, Purpose, ServiceIds
from services.agreements.api.models import RequestAnswer, RequestSummary
from services.agreements.domain.request import Order
from shared.asking import Body
from shared.identity import SignedIn
from shared.page import After, Limit, Page, page

router = APIRouter(tags=["requests"])

MOST_CALLS = 1_000_000_000_000

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Your own key for this request: sent again with the same body, the first answer is given again",
    ),
]


class NewRequest(Body):
    """What is asked for: these services for one system, of each of these municipalities."""

    system_id: UUID
    service_ids: ServiceIds
    municipality_ids: MunicipalityIds
    purpose: Purpose = Field(description="What the data are for: what the municipality decides on")
    expected_calls_per_quarter: Annotated[int, Field(ge=0, le=MOST_CALLS)] | None = None


@router.post(
    "/requests",
    status_code=201,
    response_model=RequestAnswer,
    responses={409: {"description": "`agreement.exists` or `idempotency.key_reused`"}},
)
async def create_request(
    body: NewRequest, caller: SignedIn, running: Running, idempotency_key: IdempotencyKey = None
) -> Response:
    """Ask every municipality named for an agreement (supplier: administrator, user): all of them, or none."""
    order = Order(
        system_id=body.system_id,
        service_ids=tuple(body.service_ids),
        municipality_ids=tuple(body.municipality_ids),
        purpose=body.purpose,
        expected_calls_per_quarter=body.expected_calls_per_quarter,
    )
    async with running.database.transaction() as tx:
        answer = await actions.earlier_answer(tx, caller, idempotency_key, order) if idempotency_key else None
        if answer is None:
            answer = RequestAnswer.of(await actions.ask(tx, caller, order)).model_dump_json()
            if idempotency_key:
                await actions.keep_answer(tx, caller, idempotency_key, answer)
    return Response(answer, status_code=201, media_type="application/json")


@router.get("/requests")
async def list_requests(
    caller: SignedIn, running: Running, limit: Limit = 100, after: After = None
) -> Page[RequestSummary]:
    """Own requests with their progress (supplier), or all (helpdesk), newest first."""
    async with running.database.reading() as connection:
        found = await actions.page(connection, caller, after=after, limit=limit + 1)
    return page(found, limit, RequestSummary.of)


@router.get("/requests/{request_id}")
async def get_request(request_id: UUID, caller: SignedIn, running: Running) -> RequestAnswer:
    """One request: progress over all its municipalities, and each one's agreement."""
    async with running.database.reading() as connection:
        return RequestAnswer.of(await actions.find(connection, caller, request_id))
