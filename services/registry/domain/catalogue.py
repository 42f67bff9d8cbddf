"""A service in the catalogue: what suppliers may ask municipalities for access to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

ServiceState = Literal["open", "locked", "closed"]
"""Open to new agreements; locked: those there are live on; closed: no calls."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service in one version; its id names both, as a caller's ServiceUUID does.

    `number` is the integration's catalogue number (such as SF1520), `entity_id` the service's name in tokens.
    """

    id: UUID
    sequence: int
    name: str
    version: str
    number: str | None
    entity_id: str | None
    description: str
    data_categories: str
    state: ServiceState
    published_at: datetime
