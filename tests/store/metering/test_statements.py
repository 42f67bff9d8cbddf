"""No two statements share a name, and the hot ones hang on their indexes."""

from __future__ import annotations

import uuid
from itertools import chain
from types import ModuleType

import asyncpg
import pytest

from services.metering.store import calls, copies, counts, maintenance, overview, quarters, refusals
from tests.conftest import MakeDatabase

MODULES: tuple[ModuleType, ...] = (calls, copies, counts, maintenance, overview, quarters, refusals)


def test_no_statement_has_another_ones_name() -> None:
    names = list(chain.from_iterable(module.SQL.names() for module in MODULES))

    assert len(names) == len(set(names))


async def test_what_is_asked_often_is_found_by_index_among_many(make_database: MakeDatabase) -> None:
    database = await make_database("metering")
    connection = await asyncpg.connect(database.owner_url)
    try:
        await connection.execute(
            """
            SELECT make_partitions('2027-01-01', '2027-03-31');
            INSERT INTO grants
            SELECT gen_random_uuid(), 1, 'agreement', gen_random_uuid(), 'production', gen_random_uuid(),
                gen_random_uuid(), gen_random_uuid(), lpad(n::text, 8, '1'), gen_random_uuid(),
                '{[2026-01-01,)}'::tstzmultirange
            FROM generate_series(1, 20000) n;
            INSERT INTO claims
            SELECT 'id-' || n, gen_random_uuid(), '\\x00', now(), now() FROM generate_series(1, 20000) n;
            INSERT INTO refusals (id, system_id, message_id, position, received_at, quarter, reason, detail, event_id,
                service_id, municipality)
            SELECT gen_random_uuid(), gen_random_uuid(), 'm', 0, now(), '2027Q1', 'access.none', '', 'id-' || n,
                gen_random_uuid(), '12345678'
            FROM generate_series(1, 20000) n;
            """
        )
        await connection.execute("ANALYZE")
        some = uuid.uuid4()
        asked = [
            (copies.SQL["grants_of"], [[some], [some]], "grants_called"),
            (calls.SQL["claimed_contents"], [["id-7"], [some]], "claims_pkey"),
            (refusals.SQL["want_rejudging"], [some, some, ["1"], ["access.none"]], "refusals_again"),
            (refusals.SQL["rejudged"], [some, some, ["1"], ["access.none"], some, 10], "refusals_again"),
            (refusals.SQL["refusals_of_call"], ["id-7", True, None, None], "refusals_event"),
        ]
        for statement, arguments, index in asked:
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *arguments))
            assert index in plan, plan
            assert "Seq Scan on grants" not in plan, plan
    finally:
        await connection.close()


async def test_a_call_of_a_known_time_is_looked_for_in_its_month_only(make_database: MakeDatabase) -> None:
    database = await make_database("metering")
    connection = await asyncpg.connect(database.url)
    try:
        assert await connection.fetchval("SELECT make_partitions('2027-01-15', '2027-03-01')") == 3
        assert await connection.fetchval("SELECT make_partitions('2027-01-15', '2027-03-01')") == 0
        plan = "\n".join(
            row[0]
            for row in await connection.fetch(
                "EXPLAIN SELECT FROM records WHERE made_at >= '2027-02-01Z' AND made_at < '2027-02-02Z'"
            )
        )
        assert "records_2027_02" in plan
        assert "records_2027_01" not in plan
    finally:
        await connection.close()


async def test_the_service_makes_partitions_but_no_tables(make_database: MakeDatabase) -> None:
    database = await make_database("metering")
    connection = await asyncpg.connect(database.url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT only_through_parent('records')")
        with pytest.raises(asyncpg.PostgresError, match="more than 1200 days"):
            await connection.execute("SELECT make_partitions('2027-01-01', '2040-01-01')")
    finally:
        await connection.close()
