"""The audit logs of all services as one: newest first, and going on from where each stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Cursors = Mapping[str, int]
"""By service: the position its log was read down to."""
_POSITION = re.compile(r"[0-9]{1,18}")


def read_cursors(text: str) -> dict[str, int]:
    """What the address says of where to go on; nothing where it says nonsense."""
    found = {}
    for part in text.split("~"):
        service, _, position = part.partition(".")
        if service.isalpha() and _POSITION.fullmatch(position):
            found[service] = int(position)
    return found


def write_cursors(cursors: Cursors) -> str:
    """The same, as it stands in an address."""
    return "~".join(f"{service}.{position}" for service, position in sorted(cursors.items()))


def newest(
    logs: Mapping[str, Sequence[dict[str, Any]]], before: Cursors, most: int
) -> tuple[list[dict[str, Any]], dict[str, int] | None]:
    """The newest `most` lines of all logs, each with its `service`, and where to go on; None: there is no more."""
    lines = [{**line, "service": service} for service, found in logs.items() for line in found]
    lines.sort(key=lambda line: (line["at"], line["position"]), reverse=True)
    shown = lines[:most]
    if len(lines) <= most:
        return shown, None
    cursors = dict(before)
    for line in shown:
        service = line["service"]
        cursors[service] = min(line["position"], cursors.get(service, line["position"]))
    return shown, cursors
