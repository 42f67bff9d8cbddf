"""Migrations: each once, in order, whole or not at all, also when two copies start at once."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from shared import schema
from tests.conftest import MakeDatabase

SHARED = ["shared/0001_messaging", "shared/0002_said", "shared/0003_audit_search"]


@pytest.fixture
def folder(no_migrations: Path) -> Path:
    (no_migrations / "0001_things.sql").write_text("CREATE TABLE thing (id int PRIMARY KEY);")
    (no_migrations / "0002_words.sql").write_text("ALTER TABLE thing ADD COLUMN word text; SELECT pg_sleep(0.2);")
    return no_migrations


OWN = ["service/0001_things", "service/0002_words"]


async def test_each_migration_is_applied_once_and_in_order(make_database: MakeDatabase, folder: Path) -> None:
    made = await make_database("registry", migrated=False)

    assert await schema.migrate(made.owner_url, folder) == SHARED + OWN
    assert await schema.migrate(made.owner_url, folder) == []
    (folder / "0003_more.sql").write_text("INSERT INTO thing VALUES (1, 'one');")
    assert await schema.migrate(made.owner_url, folder) == ["service/0003_more"]


async def test_copies_that_start_at_once_migrate_once(make_database: MakeDatabase, folder: Path) -> None:
    made = await make_database("registry", migrated=False)

    applied = await asyncio.gather(*(schema.migrate(made.owner_url, folder) for _ in range(4)))

    assert sorted(applied) == [[], [], [], SHARED + OWN]


async def test_a_copy_waits_for_another_longer_than_its_role_waits_for_a_lock(
    make_database: MakeDatabase, folder: Path
) -> None:
    made = await make_database("registry", migrated=False)
    other = await asyncpg.connect(made.owner_url)
    await other.execute("SELECT pg_advisory_lock($1)", schema._LOCK)

    migrating = asyncio.create_task(schema.migrate(f"{made.owner_url}?lock_timeout=100", folder))
    done, _ = await asyncio.wait([migrating], timeout=0.6)
    assert not done
    await other.close()

    assert await migrating == SHARED + OWN


async def test_an_edited_migration_is_refused_before_anything_is_applied(
    make_database: MakeDatabase, folder: Path
) -> None:
    made = await make_database("registry", migrated=False)
    await schema.migrate(made.owner_url, folder)
    (folder / "0001_things.sql").write_text("CREATE TABLE thing (id bigint PRIMARY KEY);")
    (folder / "0003_more.sql").write_text("CREATE TABLE more (id int);")

    with pytest.raises(schema.MigrationChanged, match="^service/0001_things was edited after it was applied"):
        await schema.migrate(made.owner_url, folder)

    runtime = await asyncpg.connect(made.url)
    assert await schema.pending(runtime, folder) == ["service/0003_more"]
    await runtime.close()


async def test_a_migration_that_fails_leaves_nothing_of_itself(make_database: MakeDatabase, folder: Path) -> None:
    made = await make_database("registry", migrated=False)
    (folder / "0003_wrong.sql").write_text("CREATE TABLE half (id int); CREATE TABLE thing (id int);")

    with pytest.raises(asyncpg.DuplicateTableError):
        await schema.migrate(made.owner_url, folder)

    runtime = await asyncpg.connect(made.url)
    assert await schema.pending(runtime, folder) == ["service/0003_wrong"]
    assert await runtime.fetchval("SELECT to_regclass('half')") is None
    await runtime.close()
    (folder / "0003_wrong.sql").write_text("CREATE TABLE half (id int);")
    assert await schema.migrate(made.owner_url, folder) == ["service/0003_wrong"]


async def test_what_is_pending_is_told_of_an_empty_and_of_a_newer_database(
    make_database: MakeDatabase, folder: Path
) -> None:
    made = await make_database("registry", migrated=False)
    runtime = await asyncpg.connect(made.url)
    assert await schema.pending(runtime, folder) == SHARED + OWN
    await schema.migrate(made.owner_url, folder)
    assert await schema.pending(runtime, folder) == []

    # The copy before a rolling upgrade knows fewer than the database has, and goes on.
    (folder / "0002_words.sql").unlink()
    assert await schema.pending(runtime, folder) == []
    await runtime.close()
