"""One-time links: how long they hold, and what is kept of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.problem import NotFound

Purpose = Literal["invitation", "reset"]


@dataclass(frozen=True)
class OpenLink:
    """A link that can still be used, with whom and what it is for."""

    person_id: UUID
    email: str
    organisation_name: str
    purpose: Purpose
    expires_at: datetime


def digest(secret: str) -> bytes:
    """What is kept of a link's secret, and all it can be found by."""
    return hashlib.sha256(secret.encode()).digest()


def not_valid() -> NotFound:
    """The one answer to a link that is used, replaced, too old or was never made."""
    return NotFound(
        "link.not_valid",
        "This link can't be used: it was used before, a newer one was sent, or it is too old. Ask for a new one.",
    )
