"""Making a backup, and restoring it onto empty databases."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.backup.cut import cut
from deploy.backup.dump import contents, dump, restore
from deploy.backup.rejoin import Rejoined, rejoin
from deploy.postgres.setup import owner_of
from deploy.rabbitmq.definitions import listens
from shared import schema, topology
from shared.contracts import SERVICES
from shared.run import VERSION

MANIFEST = "manifest.json"
BROKER = "broker.json"
PROJECT = Path(__file__).resolve().parents[2]
AT_ONCE = 2

# Transaction numbers begin anew on another server; those of restored rows must not look like some still under way.
_SETTLE_AUDIT = """
UPDATE audit SET written_in = '1' WHERE NOT EXISTS (
    SELECT FROM audit_chain WHERE audit_chain.position = audit.position
)
"""

Say = Callable[[str], None]


class BackupFailed(Exception):
    """A backup can't be made or used; a sentence for a person."""


def databases(admin_url: str) -> dict[str, str]:
    """The URL of every service's database on the server of a superuser's URL."""
    parts = urlsplit(admin_url)
    return {service: urlunsplit(parts._replace(path=f"/{service}")) for service in SERVICES}


async def make(databases: Mapping[str, str], folder: Path, say: Say = lambda _: None) -> None:
    """Write all databases as of one instant (URLs by service, of a superuser or the owners) to a new folder.

    The services may run. `folder` appears when everything in it is whole. Raises BackupFailed, CutFailed, DumpFailed.
    """
    draft = _draft(folder)
    async with cut(databases) as taken:
        say(f"all services stood still for {taken.held_seconds * 1000:.0f} ms at {taken.at:%Y-%m-%d %H:%M:%SZ}")
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(service: str) -> int:
            async with turns:
                await dump(databases[service], taken.snapshots[service].name, draft / service)
                return await contents(draft / service)

        held = await asyncio.gather(*(one(service) for service in SERVICES))
    manifest = {
        "release": VERSION,
        "cut_at": taken.at.isoformat(),
        "services": {
            service: {"migrations": taken.snapshots[service].migrations, "objects": objects}
            for service, objects in zip(SERVICES, held, strict=True)
        },
    }
    _finish(draft, folder, manifest)


def _draft(folder: Path) -> Path:
    if folder.exists():
        raise BackupFailed(f"{folder} is there already; a backup goes to a new folder.")
    draft = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    return draft


def _finish(draft: Path, folder: Path, manifest: Mapping[str, Any]) -> None:
    (draft / BROKER).write_text(json.dumps(topology.definitions(listens(), {}), indent=1))
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1))
    for path in (*draft.rglob("*"), draft):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    draft.rename(folder)


async def restore_all(databases: Mapping[str, str], folder: Path, say: Say = lambda _: None) -> None:
    """Fill empty databases, which `deploy.postgres.setup` has made, from a backup.

    Run before migrations and before any service. `databases`: superuser URLs by service. Raises BackupFailed,
    DumpFailed; a database is filled whole or not at all.
    """
    manifest = read(folder)
    for service in SERVICES:
        await _require_room_for(service, databases[service], manifest["services"][service]["migrations"])
    for service in SERVICES:
        await restore(databases[service], folder / service)
        connection = await asyncpg.connect(databases[service])
        try:
            await connection.execute(_SETTLE_AUDIT)
            await connection.execute("ANALYZE")
        finally:
            await connection.close()
        say(f"{service}: restored as of {manifest['cut_at']}")


async def migrate_all(databases: Mapping[str, str], say: Say = lambda _: None) -> None:
    """Bring restored databases up to this release, in the name of their owners. `databases`: superuser URLs."""
    for service in SERVICES:
        parts = urlsplit(databases[service])
        role = f"role={owner_of(service)}"
        as_owner = urlunsplit(parts._replace(query=f"{parts.query}&{role}" if parts.query else role))
        for name in await schema.migrate(as_owner, PROJECT / "services" / service / "migrations"):
            say(f"{service}: {name}")


async def bring_in_step(databases: Mapping[str, str], say: Say = lambda _: None) -> Rejoined:
    """After a restore or the loss of a broker, with the schema up to date: nothing in flight stays lost."""
    done = await rejoin(databases)
    for service in SERVICES:
        say(f"{service}: {done.again[service]} events said again, {done.restated[service]} restated")
    return done


def read(folder: Path) -> dict[str, Any]:
    """A backup's manifest. Raises BackupFailed when this is no whole backup."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        missing = [service for service in SERVICES if not (folder / service / "toc.dat").exists()]
    except (OSError, ValueError) as error:
        raise BackupFailed(f"{folder} is no backup: {MANIFEST} can't be read ({type(error).__name__}).") from None
    if missing:
        raise BackupFailed(f"{folder} lacks {', '.join(missing)}; use another backup.")
    return manifest


async def _require_room_for(service: str, url: str, migrations: list[str]) -> None:
    known = {name for name, _ in schema.files(PROJECT / "services" / service / "migrations")}
    if newer := [name for name in migrations if name not in known]:
        raise BackupFailed(
            f"the backup of {service} is of a newer release, with {', '.join(newer)}; restore it with that one."
        )
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    if tables:
        raise BackupFailed(
            f"the database of {service} is not empty ({tables} tables); restore onto databases that"
            " `python -m deploy.postgres.setup` has just made."
        )
