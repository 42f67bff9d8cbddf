"""Sending calls over HTTP, and what became of a call."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Path, Request
from pydantic import AwareDatetime, BaseModel

from services.metering.actions.door import Door
from services.metering.actions.message import Message
from services.metering.api.asking import Running, sight_of
from services.metering.api.refused import RefusedCall
from services.metering.domain.judgement import Reason
from services.metering.store import calls, refusals
from shared.contracts.calls import MAX_BODY, MAX_CALLS, CallEvent
from shared.contracts.event import Environment
from shared.identity import SignedIn
from shared.problem import Forbidden, NotFound, TooLarge

router = APIRouter(tags=["calls"])


def _event_schema() -> dict[str, Any]:
    """A call's schema in one piece: references in an API's description reach only what that declares itself."""
    schema = CallEvent.model_json_schema()
    schema["properties"]["data"] = schema.pop("$defs")["CallData"]
    return schema


_EVENT = _event_schema()
_BODY = {
    "requestBody": {
        "required": True,
        "description": f"One CloudEvent, or an array of up to {MAX_CALLS}.",
        "content": {
            "application/cloudevents+json": {
                "schema": {
                    "oneOf": [_EVENT, {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": MAX_CALLS}]
                }
            }
        },
    }
}


class RefusedNow(BaseModel):
    """A call that was not counted. `id` is the supplier's own; None where it could not be read."""

    position: int
    id: str | None
    reason: Reason
    detail: str
    field: str | None


class Taken(BaseModel):
    """What became of a message's calls: calls = counted + duplicates + refused.

    `repeated`: this very message was sent before; nothing was counted again, and this is what became of it then.
    """

    message_id: str
    calls: int
    counted: int
    duplicates: int
    refused: list[RefusedNow]
    repeated: bool


class CountedCall(BaseModel):
    """A call that was counted, by its supplier's `id`; `billing_quarter` is None for trials, never billed.

    `caller_reference` is the supplier's own and shown to no municipality.
    """

    id: str
    system_id: UUID
    supplier_id: UUID
    municipality_id: UUID
    service_id: UUID
    environment: Environment
    source: Literal["agreement", "trial"]
    source_id: UUID
    certificate_id: UUID
    time: AwareDatetime
    received_at: AwareDatetime
    message_id: str
    billing_quarter: str | None
    accounting_info: str
    caller_reference: str | None


class CallFate(BaseModel):
    """All that is known of a call: where it was counted, and every time it was refused."""

    counted: list[CountedCall]
    refused: list[RefusedCall]


@router.post("/calls", openapi_extra=_BODY)
async def post_calls(
    request: Request,
    running: Running,
    caller: SignedIn,
    x_jws_signature: Annotated[
        str | None, Header(max_length=4096, description="Detached JWS over the exact body (RFC 7797)")
    ] = None,
    x_message_id: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="The sender's id of this message; the same bytes under the same id are counted once",
        ),
    ] = None,
) -> Taken:
    """Send calls as a system: judged, counted and committed when the answer comes.

    What does not count is told call by call and does not use up its id. A body that is not a call or an array of
    1 to 500 calls is refused whole.
    """
    if caller.kind != "system":
        raise Forbidden(
            "rights.systems_only", "Calls are sent by a system, with the token it gets for its certificate."
        )
    door = running.get(Door)
    with door.room():
        body = await request.body()
        if len(body) > MAX_BODY:
            raise TooLarge("request.too_large", f"At most {MAX_BODY} bytes are read; send it in parts.")
        outcome = await door.post(
            Message(
                sender=caller.id,
                message_id=x_message_id or str(uuid4()),
                body=body,
                signature=x_jws_signature,
                environment=caller.environment,
            )
        )
    return Taken(
        message_id=outcome.message_id,
        calls=outcome.calls,
        counted=outcome.counted,
        duplicates=outcome.duplicates,
        refused=[
            RefusedNow(
                position=item.position, id=item.event_id, reason=item.reason, detail=item.detail, field=item.field
            )
            for item in outcome.refused
        ],
        repeated=outcome.repeated,
    )


@router.get("/calls/{call_id:path}")
async def get_call(
    running: Running,
    caller: SignedIn,
    call_id: Annotated[
        str, Path(min_length=1, max_length=64, description="The supplier's id of the call, or the id of a refusal")
    ],
) -> CallFate:
    """What became of a call. Suppliers see their own, municipalities what was counted for them, helpdesk all."""
    sight = sight_of(caller)
    of_supplier = caller.helpdesk or caller.kind == "system" or "supplier" in caller.kinds
    async with running.database.reading() as connection:
        counted = await calls.find_records(connection, call_id, sight)
        refused = await refusals.of_call(connection, call_id, sight) if of_supplier else []
        if not counted and not refused and of_supplier and (refusal_id := _uuid(call_id)) is not None:
            found = await refusals.find(connection, refusal_id, sight)
            refused = [found] if found else []
    if not counted and not refused:
        raise NotFound("call.unknown", f"No call of yours has the id {call_id!r}; it may not have arrived yet.")
    return CallFate(
        counted=[
            CountedCall(
                id=item.event_id,
                system_id=item.system_id,
                supplier_id=item.supplier_id,
                municipality_id=item.municipality_id,
                service_id=item.service_id,
                environment=item.environment,
                source=item.source,
                source_id=item.source_id,
                certificate_id=item.certificate_id,
                time=item.made_at,
                received_at=item.received_at,
                message_id=item.message_id,
                billing_quarter=item.billing_quarter if item.source == "agreement" else None,
                accounting_info=item.accounting_info,
                caller_reference=item.caller_reference if of_supplier else None,
            )
            for item in counted
        ],
        refused=[RefusedCall.of(item) for item in refused],
    )


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
