"""What a supplier's system sends for each call it made: one CloudEvent, or an array of them, signed as a whole.

Not an event between services: suppliers publish it to `platform.calls` or post it to metering. It names who was
called and for whom, never about whom: members it does not know are refused, since they could be personal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import from_json, to_json

MAX_BODY = 4 * 1024 * 1024
"""Bytes in one message at the most."""
MAX_CALLS = 500
"""Calls in one message at the most."""
SIGNATURE_HEADER = "signature"
"""The AMQP header with the detached JWS over the body; over HTTP it is `X-JWS-Signature`."""
PARKED_TYPE = "platform.calls"
"""The type under which a message of calls is parked; its body is then a packed `Arrival`."""

_NO_CONTROL = r"^[^\x00-\x1f\x7f]*$"
_CVR = re.compile(r"[0-9]{8}")


def _written_out(value: object) -> object:
    """RFC 3339 only: a bare number could be seconds or milliseconds, and nobody guesses a call into a quarter."""
    if isinstance(value, str) and value[4:5] == "-":
        return value
    raise ValueError("write the time like 2027-01-31T12:00:00Z")


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("no such instant in UTC") from None


def _municipality(value: str) -> str:
    if _CVR.fullmatch(value):
        return value
    try:
        return str(UUID(value))
    except ValueError:
        raise ValueError("write the municipality's UUID, or its CVR number of 8 digits") from None


CallId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_CONTROL)]
Reference = Annotated[str, StringConstraints(max_length=255, pattern=_NO_CONTROL)]
Instant = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_utc)]
Municipality = Annotated[str, StringConstraints(max_length=45), AfterValidator(_municipality)]


class CallData(BaseModel):
    """Which service was called and for whom.

    `municipality` is its UUID or its CVR number. `agreement` may name the agreement the call is made under.
    `accounting_info` is the municipality's own cost key and comes back in its usage; `caller_reference` is the
    supplier's own. Neither may say anything about a person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    service: UUID
    municipality: Municipality
    agreement: UUID | None = None
    accounting_info: Reference = ""
    caller_reference: Reference | None = None


class CallEvent(BaseModel):
    """One call as a CloudEvents 1.0 event. `id` is the supplier's, unique within the system; `time` the call's."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    specversion: Literal["1.0"]
    id: CallId
    source: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    type: Literal["call.made.v1"]
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    data: CallData


@dataclass(frozen=True)
class Misfit:
    """A call that does not fit its description: which field, why, and as much of it as could be read.

    No other content is kept, because what does not fit could be anything.
    """

    position: int
    field: str
    message: str
    id: str | None
    time: datetime | None
    service: UUID | None
    municipality: str | None


class UnreadableCalls(Exception):
    """The body is not a call or an array of calls at all."""


_UNKNOWN = f"holds a member that is not known here; known are {', '.join(CallData.model_fields)}"
_ALL = TypeAdapter(list[CallEvent])
_ONE = TypeAdapter(CallEvent)


def read(body: bytes) -> list[CallEvent | Misfit]:
    """The calls of a message in order, each as it is or as a Misfit. Raises UnreadableCalls."""
    if len(body) > MAX_BODY:
        raise UnreadableCalls(f"the message is {len(body)} bytes long; at most {MAX_BODY} are read")
    try:
        if body.lstrip()[:1] == b"{":
            return [_ONE.validate_json(body)]
        whole = _ALL.validate_json(body)
    except ValidationError:
        return _one_by_one(body)
    _require_size(len(whole))
    return list(whole)


def _one_by_one(body: bytes) -> list[CallEvent | Misfit]:
    try:
        found: Any = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise UnreadableCalls(f"the body is not JSON: {str(error)[:200]}") from None
    items = found if isinstance(found, list) else [found]
    _require_size(len(items))
    if not isinstance(found, list | dict):
        raise UnreadableCalls("the body is neither a CloudEvent nor an array of them")
    return [_one(position, item) for position, item in enumerate(items)]


def _require_size(calls: int) -> None:
    if not 1 <= calls <= MAX_CALLS:
        raise UnreadableCalls(f"the message holds {calls} calls; it takes 1 to {MAX_CALLS}")


def _one(position: int, item: Any) -> CallEvent | Misfit:
    try:
        return _ONE.validate_json(to_json(item))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    given: Mapping[str, Any] = item if isinstance(item, dict) else {}
    inner = given.get("data")
    data: Mapping[str, Any] = inner if isinstance(inner, dict) else {}
    return Misfit(
        position=position,
        field=_field(first["loc"], first["type"]),
        message=_UNKNOWN if first["type"] == "extra_forbidden" else first["msg"][:200],
        id=_readable(TypeAdapter[str](CallId), given.get("id")),
        time=_readable(TypeAdapter[datetime](Instant), given.get("time")),
        service=_readable(TypeAdapter(UUID), data.get("service")),
        municipality=_readable(TypeAdapter[str](Municipality), data.get("municipality")),
    )


def _field(where: tuple[int | str, ...], kind: str) -> str:
    """The field's name; that of an unknown member could itself be personal and is left out."""
    known = where[:-1] if kind == "extra_forbidden" else where
    return ".".join(str(part) for part in known)[:255] or "event"


def _readable(kind: TypeAdapter[Any], value: Any) -> Any:
    if not isinstance(value, str):
        return None
    try:
        return kind.validate_json(to_json(value))
    except ValidationError:
        return None


@dataclass(frozen=True)
class Arrival:
    """A message of calls as the broker handed it over. `user` is the broker's word for who published it."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    routing_key: str
    user: str | None
    message_id: str | None
    signature: str | None
    body: bytes

    @property
    def identity(self) -> UUID:
        """The same for the same message however often it comes."""
        told = "/".join((self.routing_key, self.user or "", self.message_id or "", self.signature or ""))
        return uuid5(_ARRIVALS, hashlib.sha256(told.encode() + b"\x00" + self.body).hexdigest())

    def pack(self) -> bytes:
        """As it is parked."""
        return _PACKED.dump_json(self)

    @classmethod
    def unpack(cls, packed: bytes) -> Arrival:
        """From what was parked. Raises ValueError."""
        return _PACKED.validate_json(packed)


def signature_of(headers: Mapping[str, Any]) -> str | None:
    """The signature among a message's AMQP headers; None where there is none that could be one."""
    found = headers.get(SIGNATURE_HEADER)
    if isinstance(found, bytes | bytearray):
        return bytes(found).decode("latin-1")
    return found if isinstance(found, str) else None


_ARRIVALS = UUID("2d9b6a5e-3a64-4f0f-9b0d-0c2b1f6f2a77")
_PACKED = TypeAdapter(Arrival)
