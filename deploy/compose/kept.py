"""Passwords of the installation: each made when it is first asked for, in a file of its own, never shown."""

from __future__ import annotations

import secrets
from pathlib import Path

from deploy.local.secrets import write_private
from shared.contracts import SERVICES

ADMINISTRATOR = "administrator"
BROKER_USERS = (*SERVICES, "operator", ADMINISTRATOR)

RENEWABLE = (
    *(f"database-{service}" for service in SERVICES),
    *(f"owner-{service}" for service in SERVICES),
    *(f"broker-{user}" for user in BROKER_USERS if user != ADMINISTRATOR),
)
"""What can be made anew: the next start sets the new password where it is checked, as one of the administrators."""


class Kept:
    """The passwords kept in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def password(self, name: str) -> str:
        """The password of this name; it needs no escaping in a URL."""
        file = self._directory / name
        if not file.exists():
            write_private(file, secrets.token_urlsafe(24).encode())
        return file.read_text(encoding="utf-8")

    def forget(self, name: str) -> None:
        """Have it made anew. Raises ValueError for one that can't be."""
        if name not in RENEWABLE:
            raise ValueError(f"{name} can't be renewed here; these can: {', '.join(RENEWABLE)}")
        (self._directory / name).unlink(missing_ok=True)
