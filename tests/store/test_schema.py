"""Each schema.sql is what the migrations beside it add up to."""

from __future__ import annotations

import os
from pathlib import Path

import asyncpg
import pytest

from deploy.local.places import PROJECT
from deploy.postgres.describe import describe
from shared.contracts import SERVICES
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase


@pytest.mark.parametrize("service", SERVICES)
async def test_the_schema_is_what_the_migrations_add_up_to(service: str, make_database: MakeDatabase) -> None:
    await _hold(PROJECT / "services" / service / "schema.sql", service, await make_database(service), shared=False)


async def test_what_every_service_shares_is_what_its_migrations_add_up_to(make_database: MakeDatabase) -> None:
    await _hold(PROJECT / "shared" / "schema.sql", "registry", await make_database("registry"), shared=True)


async def _hold(path: Path, service: str, database: ServiceDatabase, *, shared: bool) -> None:
    connection = await asyncpg.connect(database.owner_url)
    try:
        found = await describe(connection, service, shared=shared)
    finally:
        await connection.close()
    if os.environ.get("SP_WRITE_SCHEMA"):
        path.write_text(found, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == found, "run `make schema` and commit what changed"
