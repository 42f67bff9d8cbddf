"""Each service's schema.sql is what its migrations add up to."""

from __future__ import annotations

import os

import asyncpg
import pytest

from deploy.local.places import PROJECT
from deploy.postgres.describe import describe
from shared.contracts import SERVICES
from tests.conftest import MakeDatabase


@pytest.mark.parametrize("service", SERVICES)
async def test_the_schema_is_what_the_migrations_add_up_to(service: str, make_database: MakeDatabase) -> None:
    database = await make_database(service)
    connection = await asyncpg.connect(database.owner_url)
    try:
        found = await describe(connection, service)
    finally:
        await connection.close()
    path = PROJECT / "services" / service / "schema.sql"
    if os.environ.get("SP_WRITE_SCHEMA"):
        path.write_text(found, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == found, "run `make schema` and commit what changed"
