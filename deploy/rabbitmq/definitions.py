"""The definitions file every deployment loads: the topology of the services as they are in this checkout."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from shared import topology
from shared.contracts import SERVICES
from shared.contracts.event import Event


def listens() -> dict[str, list[type[Event]]]:
    """For each service the events it has handlers for."""
    return {service: list(importlib.import_module(f"services.{service}.events").HANDLERS) for service in SERVICES}


def definitions(users: Mapping[str, str], *, vhost: str = "/") -> dict[str, Any]:
    """The definitions document for these users' passwords (every service, and `operator`)."""
    return topology.definitions(listens(), users, vhost=vhost)
