"""A one-shot before the services start: databases, roles and rights, then every service's migrations."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

import asyncpg

from deploy.postgres import setup
from shared import schema
from shared.contracts import SERVICES

FOLDER = Path("/run/platform")
PROJECT = Path(__file__).parent.parent.parent


async def set_up(*, empty: bool) -> list[str]:
    """Make what is missing and bring databases up to date, or leave new ones `empty`; returns what was applied."""
    given = json.loads((FOLDER / "passwords.json").read_text())
    await setup.set_up((FOLDER / "admin-url").read_text(), setup.Passwords(given["runtime"], given["owner"]))
    applied: list[str] = []
    for service in () if empty else SERVICES:
        owner_url = (FOLDER / f"owner-url-{service}").read_text()
        found = await schema.migrate(owner_url, PROJECT / "services" / service / "migrations")
        applied += [f"{service}: {name}" for name in found]
    return applied


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.compose.databases", description=__doc__)
    parser.add_argument("--empty", action="store_true", help="without any table: for a backup to be restored into")
    arguments = parser.parse_args()
    try:
        applied = asyncio.run(set_up(empty=arguments.empty))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, schema.MigrationChanged) as error:
        sys.exit(f"The databases can't be set up ({type(error).__name__}): {error}")
    if arguments.empty:
        print("databases and roles are there; no table was made")
    else:
        print("\n".join(applied) if applied else "all databases are up to date")


if __name__ == "__main__":
    main()
