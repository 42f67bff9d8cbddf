"""A call that was made, and a message of calls as bytes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

MAX_CALLS = 500
"""Calls in one message at the most."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a platform service.

    `service` is its UUID, `municipality` the UUID or CVR number of whom the call was made for; `time` when it was
    made, timezone-aware. `id` is unique within the system and at most 64 characters: sending a call again under the
    same id is safe, and it is counted once. `agreement` may name the agreement. `accounting_info` is the
    municipality's cost key, `caller_reference` your own; neither may say anything about a person.
    """

    service: str
    municipality: str
    time: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    agreement: str | None = None
    accounting_info: str = ""
    caller_reference: str | None = None

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError("the time of a call must say its time zone, such as datetime.now(UTC)")


def encode(calls: Sequence[Call], source: str) -> bytes:
    """A message of 1 to 500 calls: an array of CloudEvents 1.0. `source` says where they come from, as a URI."""
    if not 1 <= len(calls) <= MAX_CALLS:
        raise ValueError(f"a message takes 1 to {MAX_CALLS} calls, not {len(calls)}")
    return json.dumps([_event(call, source) for call in calls], ensure_ascii=False, separators=(",", ":")).encode()


def _event(call: Call, source: str) -> dict[str, object]:
    data: dict[str, str] = {"service": call.service, "municipality": call.municipality}
    if call.agreement is not None:
        data["agreement"] = call.agreement
    if call.accounting_info:
        data["accounting_info"] = call.accounting_info
    if call.caller_reference is not None:
        data["caller_reference"] = call.caller_reference
    return {
        "specversion": "1.0",
        "id": call.id,
        "source": source,
        "type": "call.made.v1",
        "time": call.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
