"""Whose usage a caller may see."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Sight:
    """Everything, an organisation's own (as supplier or as municipality), or one system's own."""

    all: bool = False
    organisation_id: UUID | None = None
    system_id: UUID | None = None
