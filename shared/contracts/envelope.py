"""An event on the wire: CloudEvents 1.0, structured JSON, one per message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
)

from shared.contracts import EVENTS
from shared.contracts.event import Event

CONTENT_TYPE = "application/cloudevents+json"
MAX_EVENT = 12 * 1024 * 1024
"""The largest event a listener reads, in bytes: an invoice with its documents fits."""

_Short = Annotated[str, StringConstraints(max_length=255)]


class UnreadableEvent(Exception):
    """The message is not an event of this platform: it can't be handled, now or later."""


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: _Short
    type: _Short
    subject: _Short
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: _Short
    causationid: UUID | None = None
    sequence: Annotated[int, Field(ge=1)]
    traceparent: _Short | None = None
    data: dict[str, JsonValue]


@dataclass(frozen=True)
class Envelope:
    """An event with what is known of its telling. `time` is platform time, UTC."""

    id: UUID
    speaker: str
    time: datetime
    correlation_id: str
    causation_id: UUID | None
    traceparent: str | None
    event: Event


def encode(envelope: Envelope) -> bytes:
    """The exact bytes to publish."""
    event = envelope.event
    return (
        _Wire(
            id=envelope.id,
            source=f"urn:serviceplatform:{envelope.speaker}",
            type=event.type,
            subject=event.subject,
            time=envelope.time,
            correlationid=envelope.correlation_id,
            causationid=envelope.causation_id,
            sequence=event.sequence,
            traceparent=envelope.traceparent,
            data=event.model_dump(mode="json"),
        )
        .model_dump_json(exclude_none=True)
        .encode()
    )


def decode(body: bytes) -> Envelope:
    """Read a message. Raises UnreadableEvent, saying what is wrong without repeating the content."""
    if len(body) > MAX_EVENT:
        raise UnreadableEvent(f"the message is {len(body)} bytes long; at most {MAX_EVENT} are read")
    try:
        wire = _Wire.model_validate_json(body)
    except ValidationError as error:
        raise UnreadableEvent(f"not a CloudEvents 1.0 event: {summary(error)}") from None
    known = EVENTS.get(wire.type)
    if known is None:
        raise UnreadableEvent(f"no event of type {wire.type!r} is declared in shared/contracts")
    try:
        event = known.model_validate(wire.data)
    except ValidationError as error:
        raise UnreadableEvent(f"the data do not fit {wire.type}: {summary(error)}") from None
    speaker = wire.source.removeprefix("urn:serviceplatform:")
    if speaker != known.speaker:
        raise UnreadableEvent(f"{wire.type} is said by {known.speaker}, not by {speaker!r}")
    if wire.subject != event.subject or wire.sequence != event.sequence:
        raise UnreadableEvent(f"{wire.type}: subject and sequence differ from those of the data")
    return Envelope(
        id=wire.id,
        speaker=speaker,
        time=wire.time,
        correlation_id=wire.correlationid,
        causation_id=wire.causationid,
        traceparent=wire.traceparent,
        event=event,
    )


def summary(error: ValidationError) -> str:
    """Which fields are wrong and why, without their values (they may be personal or secret)."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    told = [f"{'.'.join(str(part) for part in item['loc']) or 'body'}: {item['msg']}" for item in found[:5]]
    return "; ".join(told) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")  # noqa: PLR2004
