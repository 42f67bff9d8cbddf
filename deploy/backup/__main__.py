"""``python -m deploy.backup make DIR | restore DIR | rejoin``: see docs/operations.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from deploy.backup import backup
from deploy.backup.cut import CutFailed
from deploy.backup.dump import DumpFailed

VARIABLE = "SP_DATABASE_ADMIN_URL"


def admin_url(environment: Mapping[str, str]) -> str:
    """From SP_DATABASE_ADMIN_URL, or the file that SP_DATABASE_ADMIN_URL_FILE names. Raises BackupFailed."""
    named = environment.get(f"{VARIABLE}_FILE")
    try:
        url = Path(named).read_text().strip() if named else environment.get(VARIABLE, "")
    except OSError as error:
        raise backup.BackupFailed(f"{VARIABLE}_FILE: {named} can't be read ({error.strerror}).") from None
    if not url.startswith(("postgresql://", "postgres://")):
        raise backup.BackupFailed(
            f"{VARIABLE} (or {VARIABLE}_FILE) names no database; set it to a superuser's URL, such as"
            " postgresql://platform_admin:…@host:5432/postgres."
        )
    return url


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.backup", description="Backup of all services' databases.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("make", "write all databases, as of one instant, to a new folder; the services may run"),
        ("restore", "fill empty databases from such a folder, migrate them and bring the services in step"),
    ):
        commands.add_parser(name, help=about).add_argument("folder", type=Path)
    commands.add_parser("rejoin", help="after the broker was lost: say again what was in flight")
    arguments = parser.parse_args()
    try:
        urls = backup.databases(admin_url(os.environ))
        asyncio.run(_work(arguments, urls))
    except (backup.BackupFailed, CutFailed, DumpFailed) as error:
        sys.exit(f"backup: {error}")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        # Its message could repeat the URL, password and all.
        sys.exit(f"backup: the database server of {VARIABLE} can't be used ({type(error).__name__}).")


async def _work(arguments: argparse.Namespace, urls: Mapping[str, str]) -> None:
    if arguments.command == "make":
        await backup.make(urls, arguments.folder, _say)
        _say(f"{arguments.folder} is whole; it holds personal data: keep it encrypted, and away from this machine")
        return
    if arguments.command == "restore":
        await backup.restore_all(urls, arguments.folder, _say)
        await backup.migrate_all(urls, _say)
    await backup.bring_in_step(urls, _say)
    _say("start the services: they publish the rest themselves")


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    main()
