"""An example of every event, made from its declaration: `python -m tests.contracts.examples` adds missing samples.

The samples in tests/contracts/samples/ are what older speakers may still have on the wire: files are added,
never edited, so that a change an older event does not survive shows as a failing test.
"""

from __future__ import annotations

import base64
import types
import typing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from shared.contracts import EVENTS
from shared.contracts.envelope import Envelope, encode
from shared.contracts.event import Event

SAMPLES = Path(__file__).parent / "samples"
ID = UUID("5c7a9e1e-0d55-4a3b-9a55-1f1f0a5a0001")
AT = datetime(2027, 1, 15, 9, 30, tzinfo=UTC)


def example(kind: Any) -> Any:  # noqa: PLR0911 - one kind of value a line
    """A plain value of the declared type."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        inner, *extra = typing.get_args(kind)
        if any("Base64" in repr(part) for part in extra):
            return base64.b64encode(b"%PDF-1.7").decode()
        return example(inner)
    if origin in (typing.Union, types.UnionType):
        return example(next(part for part in typing.get_args(kind) if part is not type(None)))
    if origin is typing.Literal:
        return typing.get_args(kind)[0]
    if origin is tuple:
        return [example(typing.get_args(kind)[0])]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {
            name: base64.b64encode(b"%PDF-1.7").decode()
            if any("Base64" in repr(part) for part in info.metadata)
            else example(info.annotation)
            for name, info in kind.model_fields.items()
        }
    plain: dict[Any, Any] = {
        UUID: str(ID),
        str: "tekst",
        int: 1,
        bool: True,
        Decimal: "1.25",
        date: "2027-01-15",
        datetime: AT.isoformat(),
    }
    if kind in plain:
        return plain[kind]
    # pydantic's AwareDatetime is a class of its own.
    if getattr(kind, "__name__", "") == "AwareDatetime":
        return AT.isoformat()
    raise TypeError(f"no example for {kind!r}")


def sample(event: type[Event]) -> bytes:
    """The example on the wire."""
    found = event.model_validate(example(event))
    return encode(Envelope(ID, event.speaker, AT, "0f0e0d0c-correlation", None, None, found))


if __name__ == "__main__":
    SAMPLES.mkdir(exist_ok=True)
    for name, declared in EVENTS.items():
        path = SAMPLES / f"{name}.json"
        if not path.exists():
            path.write_bytes(sample(declared) + b"\n")
