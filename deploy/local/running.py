"""Finding an instance that runs on this machine, by its directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.local import places
from deploy.local.failures import StartError
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.postgres import ADMIN
from deploy.local.secrets import Secrets

BASE = "port"
"""The file in an instance's directory with the first of its ports."""


@dataclass(frozen=True)
class Running:
    """Where a running instance is reached, and with what."""

    ports: Ports
    secrets: Secrets

    @property
    def admin_url(self) -> str:
        """The database server, as its superuser."""
        return f"postgresql://{ADMIN}:{self.secrets.database_admin}@{LOOPBACK}:{self.ports.postgres}/postgres"


def find(directory: Path) -> Running:
    """The instance in a directory. Raises StartError when none runs there."""
    try:
        base = int((directory / BASE).read_text())
    except (OSError, ValueError):
        raise StartError(f"No instance has been started in {directory}; see `python -m deploy.local up`.") from None
    if not places.is_claimed(directory):
        raise StartError(f"The instance in {directory} does not run; start it with `python -m deploy.local up`.")
    return Running(Ports.from_base(base), Secrets.of_instance(directory))
