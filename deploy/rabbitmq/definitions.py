"""The RabbitMQ definitions file: the topology derived from what every service says and listens to, with users."""

import argparse
import importlib
import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.secrets import BROKER_OPERATOR, write_private
from shared import topology
from shared.contracts import SERVICES
from shared.contracts.event import Event


def listens() -> dict[str, list[type[Event]]]:
    """For each service the events it has handlers for; one without an ``events`` module listens to nothing."""
    found: dict[str, list[type[Event]]] = {}
    for service in SERVICES:
        module = f"services.{service}.events"
        present = importlib.util.find_spec(f"services.{service}") and importlib.util.find_spec(module)
        found[service] = list(importlib.import_module(module).HANDLERS) if present else []
    return found


def definitions(passwords: Mapping[str, str]) -> dict[str, Any]:
    """What a broker of the platform is loaded with; ``passwords`` by user: every service and ``operator``."""
    return topology.definitions(listens(), passwords)


def main() -> None:
    """Writes the definitions file; the passwords are read from a JSON file {user: password}."""
    parser = argparse.ArgumentParser(prog="python -m deploy.rabbitmq.definitions", description=main.__doc__)
    parser.add_argument("passwords", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    passwords = json.loads(arguments.passwords.read_text())
    missing = sorted({*SERVICES, BROKER_OPERATOR} - set(passwords))
    if missing:
        sys.exit(f"{arguments.passwords} lacks the passwords of {', '.join(missing)}.")
    write_private(arguments.output, json.dumps(definitions(passwords), indent=1).encode())


if __name__ == "__main__":
    main()
