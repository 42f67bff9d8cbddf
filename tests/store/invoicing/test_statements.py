"""What was issued can't be changed; what is asked often uses an index."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.invoicing.store import usage
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

FINAL = ["invoice", "invoice_line", "invoice_document", "billing_history", "price_history"]


@pytest.fixture
async def database(make_database: MakeDatabase) -> ServiceDatabase:
    return await make_database("invoicing")


@pytest.fixture
async def connection(database: ServiceDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the service's own role."""
    opened = await asyncpg.connect(database.url)
    yield opened
    await opened.close()


@pytest.mark.parametrize("table", FINAL)
async def test_what_was_issued_or_happened_can_be_added_to_and_never_changed(
    connection: asyncpg.Connection, table: str
) -> None:
    column = "invoice_id" if table in {"invoice_line", "invoice_document"} else "quarter"
    column = {"price_history": "service_id"}.get(table, column)
    for forbidden in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"DROP TABLE {table} CASCADE",
        f"ALTER TABLE {table} OWNER TO CURRENT_USER",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(forbidden)
    rights = await connection.fetchrow(
        "SELECT has_table_privilege($1, 'SELECT') AS read, has_table_privilege($1, 'INSERT') AS add,"
        " has_table_privilege($1, 'UPDATE') AS change, has_table_privilege($1, 'DELETE') AS remove",
        table,
    )
    assert rights is not None
    assert tuple(rights.values()) == (True, True, False, False)


@pytest.mark.parametrize("price", ["-0.01", "0.0000001", "1000000"])
async def test_the_database_itself_refuses_what_is_no_price(connection: asyncpg.Connection, price: str) -> None:
    await connection.execute("INSERT INTO price (service_id, sequence) VALUES (gen_random_uuid(), 0)")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(f"INSERT INTO price_step SELECT service_id, '2027-01-01', {price} FROM price")


async def test_invoiced_and_its_invoice_go_together(connection: asyncpg.Connection) -> None:
    add = (
        "INSERT INTO billing (municipality_id, quarter, sequence, sealed_at, calls, totals, digest, correlation_id,"
        " state, since, look_at, invoice_id)"
        " VALUES (gen_random_uuid(), '2027Q1', 1, 'epoch', 0, '[]', '', '', $1, 'epoch', 'epoch', $2)"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(add, "invoiced", None)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(add, "invoiced", "00000000-0000-0000-0000-000000000001")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(add, "sealed", "00000000-0000-0000-0000-000000000001")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(add, "lost", None)


async def test_a_municipalitys_quarter_is_found_by_index_among_many(
    database: ServiceDatabase, connection: asyncpg.Connection
) -> None:
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(
        "INSERT INTO usage SELECT md5('m' || m)::uuid, q, md5('s' || m)::uuid, md5('v' || v)::uuid,"
        " md5('a' || m || v)::uuid, md5('c')::uuid, timestamptz '2027-01-01' + h * interval '1 hour', '',"
        " md5('p')::uuid, md5('y')::uuid, date '2027-01-01', q, true, 5"
        " FROM generate_series(1, 98) m, generate_series(1, 4) v, generate_series(1, 60) h,"
        " unnest(ARRAY['2027Q1', '2027Q2']) q"
    )
    await owner.execute("ANALYZE usage")
    await owner.close()
    one = await connection.fetchval("SELECT municipality_id FROM usage LIMIT 1")
    for name in ("called", "own_totals"):
        asked = usage.QUERIES[name]
        for place, value in enumerate([f"'{one}'", "'2027Q1'", "false", "ARRAY[date '2027-02-15']", "false"], 1):
            asked = asked.replace(f"${place}", value)
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {asked}"))
        assert "usage_pkey" in plan, plan
        assert "Seq Scan" not in plan, plan
