"""Databases, roles and rights in PostgreSQL: one database per service, which no other service can enter.

Each service has an owner role ``<service>_owner`` (it runs the migrations and owns the tables) and a runtime
role ``<service>`` (it reads and writes rows and can change no table). Everything here may be run again.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.contracts import SERVICES

RIGHTS = Path(__file__).with_name("rights.sql")


@dataclass(frozen=True)
class Passwords:
    """By service: of the runtime role and of the owner role."""

    runtime: Mapping[str, str]
    owner: Mapping[str, str]


RUNTIME_LIMITS = {
    # A request or a message is over long before; what takes longer is a fault, not patience.
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
}
OWNER_LIMITS = {
    # A migration may rewrite a table, but must not queue behind a long transaction and block everyone else.
    "statement_timeout": "15min",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
}


async def set_up(admin_url: str, passwords: Passwords) -> None:
    """Creates what is missing for every service and sets rights, limits and passwords anew.

    ``admin_url`` is a superuser's connection URL to any database of the server.
    """
    admin = await asyncpg.connect(admin_url)
    try:
        for service in SERVICES:
            await _make_role(admin, owner_of(service), passwords.owner[service], OWNER_LIMITS)
            await _make_role(admin, service, passwords.runtime[service], RUNTIME_LIMITS)
        await admin.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
        await admin.execute("REVOKE CONNECT ON DATABASE template1 FROM PUBLIC")
        for service in SERVICES:
            await make_database(admin, admin_url, service, service)
    finally:
        await admin.close()


def owner_of(service: str) -> str:
    return f"{service}_owner"


async def make_database(admin: asyncpg.Connection, admin_url: str, service: str, name: str) -> None:
    """Creates the database ``name`` with the rights of ``service``'s two roles, or renews its rights."""
    if not await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name):
        await admin.execute(f"CREATE DATABASE {_name(name)} OWNER {_name(owner_of(service))} TEMPLATE template0")
    await let_in(admin, service, name)
    inside = await asyncpg.connect(admin_url, database=name)
    try:
        await inside.execute(RIGHTS.read_text().format(owner=_name(owner_of(service)), runtime=_name(service)))
    finally:
        await inside.close()


async def let_in(admin: asyncpg.Connection, service: str, name: str) -> None:
    """Opens the database ``name`` to the service's two roles and to nobody else."""
    await admin.execute(f"REVOKE ALL ON DATABASE {_name(name)} FROM PUBLIC")
    await admin.execute(f"GRANT CONNECT ON DATABASE {_name(name)} TO {_name(service)}, {_name(owner_of(service))}")


async def _make_role(admin: asyncpg.Connection, role: str, password: str, limits: Mapping[str, str]) -> None:
    if not await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", role):
        await admin.execute(f"CREATE ROLE {_name(role)}")
    await admin.execute(
        f"ALTER ROLE {_name(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        f" PASSWORD {_literal(password)}"
    )
    for setting, value in limits.items():
        await admin.execute(f"ALTER ROLE {_name(role)} SET {setting} = {_literal(value)}")


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    if "\\" in text or "\x00" in text:
        raise ValueError("a password or setting may hold neither a backslash nor a zero byte")
    return "'" + text.replace("'", "''") + "'"


def main() -> None:
    """Sets up the databases; the file holds {"runtime": {service: password}, "owner": {…}}."""
    parser = argparse.ArgumentParser(prog="python -m deploy.postgres.setup", description=main.__doc__)
    parser.add_argument("admin_url")
    parser.add_argument("passwords", type=Path)
    arguments = parser.parse_args()
    given = json.loads(arguments.passwords.read_text())
    missing = [
        f"{kind}.{service}"
        for kind in ("runtime", "owner")
        for service in SERVICES
        if service not in given.get(kind, {})
    ]
    if missing:
        sys.exit(f"{arguments.passwords} lacks the passwords {', '.join(missing)}.")
    asyncio.run(set_up(arguments.admin_url, Passwords(runtime=given["runtime"], owner=given["owner"])))


if __name__ == "__main__":
    main()
