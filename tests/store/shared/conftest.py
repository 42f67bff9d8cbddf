"""A database with what every service's holds, and nothing of any service's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared import database, schema
from shared.clock import Clock
from shared.database import Database
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase


@pytest.fixture
def no_migrations(tmp_path: Path) -> Path:
    """A service that has no tables of its own."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    return folder


@pytest.fixture
async def place(make_database: MakeDatabase, no_migrations: Path) -> ServiceDatabase:
    made = await make_database("registry", migrated=False)
    await schema.migrate(made.owner_url, no_migrations)
    return made


@pytest.fixture
async def base(place: ServiceDatabase) -> AsyncIterator[Database]:
    """The database as the service itself uses it."""
    found = await database.connect(place.url, connections=5, clock=Clock("live"), speaker="registry")
    yield found
    await found.close()


@pytest.fixture
async def owner(place: ServiceDatabase) -> AsyncIterator[asyncpg.Connection]:
    """As the owner of the tables, who may do what the service may not."""
    connection = await asyncpg.connect(place.owner_url)
    yield connection
    await connection.close()
