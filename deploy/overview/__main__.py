"""``python -m deploy.overview``: how the platform is; exit code 1 when something needs a person."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.overview import judge, show
from deploy.overview.ask import look
from shared.contracts import SERVICES

SERVICES_AT, BROKER_AT, PASSWORD = "SP_OVERVIEW_SERVICES", "SP_OVERVIEW_BROKER", "SP_OVERVIEW_PASSWORD"


class NotTold(Exception):
    """An address or the password is missing; the sentence names the variable."""


def addresses(text: str) -> dict[str, list[str]]:
    """The base URLs of every service's copies, from patterns with {service} in them and commas between."""
    patterns = [pattern.strip().rstrip("/") for pattern in text.split(",") if pattern.strip()]
    if not patterns or any("{service}" not in pattern for pattern in patterns):
        raise NotTold(
            f"{SERVICES_AT}: say where the services are, as a URL with {{service}} in it, such as"
            " http://{service}:8000; of several copies one URL each, with commas between."
        )
    return {service: [pattern.replace("{service}", service) for pattern in patterns] for service in SERVICES}


def management(text: str) -> str:
    """The base URL of the broker's management API."""
    if not text:
        raise NotTold(f"{BROKER_AT}: say where the broker's management API is, such as http://rabbitmq:15672.")
    return text.rstrip("/")


def password(environment: Mapping[str, str]) -> str:
    """The broker's password of the user `operator`, from the variable or the file its _FILE names."""
    named = environment.get(f"{PASSWORD}_FILE")
    try:
        found = Path(named).read_text().strip() if named else environment.get(PASSWORD, "")
    except OSError as error:
        raise NotTold(f"{PASSWORD}_FILE: {named} can't be read ({error.strerror}).") from None
    if not found:
        raise NotTold(f"{PASSWORD} (or {PASSWORD}_FILE): say the password of the broker's user operator.")
    return found


def tell(services: Mapping[str, Sequence[str]], broker_url: str, secret: str, *, as_json: bool) -> int:
    """Print the overview; returns the exit code."""
    seen = asyncio.run(look(services, broker_url, secret))
    print(json.dumps(show.as_json(seen), indent=1) if as_json else show.as_table(seen))
    return 1 if judge.needs(seen) else 0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.overview",
        description="How every service and the broker are; exit code 1 when something needs a person.",
    )
    parser.add_argument("--services", default=os.environ.get(SERVICES_AT, ""), help=f"default: {SERVICES_AT}")
    parser.add_argument("--broker", default=os.environ.get(BROKER_AT, ""), help=f"default: {BROKER_AT}")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    try:
        services, broker = addresses(arguments.services), management(arguments.broker)
        sys.exit(tell(services, broker, password(os.environ), as_json=arguments.json))
    except NotTold as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
