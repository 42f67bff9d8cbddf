"""Migrations: plain SQL files, forward only, each in its own transaction, remembered with a checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncpg

SHARED = Path(__file__).parent / "migrations"
_LOCK = 727_001
"""Advisory lock: two copies of a service that start at once migrate one after the other."""


class MigrationChanged(Exception):
    """A migration that was applied has another content now; migrations are never edited, only added."""


def files(service_migrations: Path) -> list[tuple[str, Path]]:
    """All migrations of a service in the order they apply: those every service shares come first."""
    shared = [(f"shared/{path.stem}", path) for path in sorted(SHARED.glob("*.sql"))]
    own = [(f"service/{path.stem}", path) for path in sorted(service_migrations.glob("*.sql"))]
    return shared + own


async def migrate(owner_url: str, service_migrations: Path) -> list[str]:
    """Bring a database up to date, as the owner of its tables; returns the names of what was applied.

    Raises MigrationChanged where an applied file was edited since.
    """
    connection = await asyncpg.connect(owner_url)
    try:
        # The owner's limits are for work on tables; a copy that waits here waits for another's whole migration.
        await connection.execute("SET lock_timeout = 0")
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations ("
            " name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT * FROM migrations")}
        applied: list[str] = []
        for name, path in files(service_migrations):
            sql = path.read_text(encoding="utf-8")
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            if name in done:
                if done[name] != checksum:
                    raise MigrationChanged(f"{name} was edited after it was applied; add a new migration instead")
                continue
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '5s'")
                await connection.execute(sql)
                await connection.execute("INSERT INTO migrations (name, checksum) VALUES ($1, $2)", name, checksum)
            applied.append(name)
        return applied
    finally:
        await connection.close()


async def pending(connection: asyncpg.Connection, service_migrations: Path) -> list[str]:
    """Which migrations this code knows and the database does not have."""
    exists = await connection.fetchval("SELECT to_regclass('migrations') IS NOT NULL")
    done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")} if exists else set()
    return [name for name, _ in files(service_migrations) if name not in done]


async def unknown(connection: asyncpg.Connection, service_migrations: Path) -> list[str]:
    """Which migrations the database has and this code does not know: a newer release was here."""
    exists = await connection.fetchval("SELECT to_regclass('migrations') IS NOT NULL")
    done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")} if exists else set()
    return sorted(done - {name for name, _ in files(service_migrations)})
