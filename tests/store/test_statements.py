"""Every named statement of every service can be prepared on its own tables, by the service's own role."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from shared.contracts import SERVICES
from shared.sql import Queries
from tests.conftest import MakeDatabase

PROJECT = Path(__file__).resolve().parents[2]


def files(service: str) -> list[Path]:
    folder = PROJECT / "services" / service
    return [*folder.glob("store.sql"), *sorted(folder.glob("store/*.sql"))]


@pytest.mark.parametrize("service", SERVICES)
async def test_every_statement_fits_the_tables(service: str, make_database: MakeDatabase) -> None:
    database = await make_database(service)
    connection = await asyncpg.connect(database.url)
    prepared = 0
    try:
        for path in files(service):
            queries = Queries(path)
            assert queries.names(), f"{path.name} names no statement"
            for name in queries.names():
                try:
                    await connection.prepare(queries[name])
                except asyncpg.PostgresError as error:
                    pytest.fail(f"{path.name}, {name}: {error}")
                prepared += 1
    finally:
        await connection.close()
    assert prepared > (5 if service == "portal" else 20), "the files were not found"
