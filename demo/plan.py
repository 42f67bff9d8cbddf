"""Which calls the suppliers' systems make over the quarter, and what must become of each."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Planned:
    """One call to send; `municipality_named` is how it says for whom: a UUID or a CVR number."""

    id: str
    at: datetime
    municipality_id: str
    municipality_named: str
    service_id: str
    accounting_info: str


@dataclass(frozen=True)
class Route:
    """A municipality and service that a system calls, and how often compared with the others."""

    municipality_id: str
    municipality_named: str
    service_id: str
    weight: float
    cost_keys: tuple[str, ...] = ("",)


def calls(
    chance: random.Random, routes: Sequence[Route], number: int, starts: datetime, ends: datetime
) -> list[Planned]:
    """So many calls spread over a span of time (its end not included), mostly in office hours."""
    chosen = chance.choices(routes, [route.weight for route in routes], k=number)
    found = [
        Planned(
            id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            at=_instant(chance, starts, ends),
            municipality_id=route.municipality_id,
            municipality_named=route.municipality_named,
            service_id=route.service_id,
            accounting_info=chance.choice(route.cost_keys),
        )
        for route in chosen
    ]
    return sorted(found, key=lambda call: call.at)


def _instant(chance: random.Random, starts: datetime, ends: datetime) -> datetime:
    """An instant in the span, to the millisecond; three of four fall between 7 and 16 UTC."""
    for _ in range(20):
        at = starts + timedelta(milliseconds=chance.randrange(int((ends - starts) / timedelta(milliseconds=1))))
        if 7 <= at.hour < 16 or chance.random() < 0.2:
            return at
    return at
