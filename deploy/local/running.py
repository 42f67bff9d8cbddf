"""An instance that runs on this machine, found by its directory: where its parts are, and each service's settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.local import places
from deploy.local.failures import StartError
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.postgres import ADMIN, database_url
from deploy.local.rabbitmq import broker_url
from deploy.local.secrets import Secrets, signing_key
from deploy.postgres import setup
from shared.contracts import SERVICES

Mode = Literal["demonstration", "live"]

BASE = "port"
"""The file in an instance's directory with the first of its ports."""
TRUST = Path("authority") / "trust"
"""Below an instance's directory: the certificates of the authorities its registry trusts."""

OPERATOR = {"SP_OPERATOR_NAME": "Demonstrationsplatformen (opdigtet)", "SP_OPERATOR_CVR": "12345674"}
"""Who runs a demonstration: the same made-up organisation that sells on its invoices."""

CONTACT = {
    "SP_CONTACT_NAME": "Helpdesk på demonstrationsplatformen (opdigtet)",
    "SP_CONTACT_ADDRESS": "Rådhuspladsen 1, 9999 Fjordby",
    "SP_CONTACT_PHONE": "70 00 00 00",
    "SP_CONTACT_EMAIL": "helpdesk@serviceplatform.example",
}
"""Whom the portal of a demonstration tells people to turn to: as made up as its operator."""


def service_url(ports: Ports, service: str) -> str:
    """A service's own address, past the edge."""
    return f"http://{LOOPBACK}:{ports.named()[service]}"


def jwks_url(ports: Ports) -> str:
    """Where the registry publishes the keys that tokens are checked with."""
    return f"{service_url(ports, 'registry')}/.well-known/jwks.json"


@dataclass(frozen=True)
class Running:
    """Where an instance is reached, and with what."""

    directory: Path
    ports: Ports
    secrets: Secrets
    mode: Mode = "demonstration"

    @property
    def admin_url(self) -> str:
        """The database server, as its superuser."""
        return database_url(self.ports.postgres, ADMIN, self.secrets.database_admin, "postgres")

    def environment(self, service: str) -> dict[str, str]:
        """The settings of one service, for its process or for one of its operator commands."""
        settings = {
            "SP_DATABASE_URL": database_url(self.ports.postgres, service, self.secrets.database[service], service),
            "SP_BROKER_URL": broker_url(self.ports.amqp, service, self.secrets.broker[service]),
            "SP_LISTEN_HOST": LOOPBACK,
            "SP_LISTEN_PORT": str(self.ports.named()[service]),
            "SP_ROOT_PATH": f"/{service}",
            "SP_PUBLIC_URL": f"http://{LOOPBACK}:{self.ports.edge}",
            "SP_JWKS_URL": jwks_url(self.ports),
            "SP_MODE": self.mode,
            "SP_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
        }
        if service == "registry":
            settings["SP_SIGNING_KEY_FILE"] = str(signing_key(self.directory))
            settings["SP_TRUST_DIRECTORY"] = str(self.directory / TRUST)
            if self.mode == "demonstration":
                settings |= OPERATOR
        if service == "portal":
            others = [other for other in SERVICES if other != service]
            settings |= {f"SP_{other.upper()}_URL": service_url(self.ports, other) for other in others}
            settings["SP_ROOT_PATH"] = ""
            if self.mode == "demonstration":
                settings |= CONTACT
        if service == "notifier":
            settings["SP_SMTP_HOST"] = LOOPBACK
            settings["SP_SMTP_PORT"] = str(self.ports.smtp)
        return settings

    def owner_environment(self, service: str) -> dict[str, str]:
        """What a service's commands need beyond its own settings: the owner of its schema, for `migrate`."""
        owner = setup.owner_of(service)
        password = self.secrets.database_owner[service]
        return {"SP_DATABASE_OWNER_URL": database_url(self.ports.postgres, owner, password, service)}


def find(directory: Path) -> Running:
    """The instance in a directory. Raises StartError when none runs there."""
    try:
        base = int((directory / BASE).read_text())
    except (OSError, ValueError):
        raise StartError(f"No instance has been started in {directory}; see `python -m deploy.local up`.") from None
    if not places.is_claimed(directory):
        raise StartError(f"The instance in {directory} does not run; start it with `python -m deploy.local up`.")
    return Running(directory.resolve(), Ports.from_base(base), Secrets.of_instance(directory))
