"""No two statements share a name, and the two that lists hang on use their index."""

import json
import uuid
from itertools import chain

import asyncpg

from services.agreements.store import agreements, copies, requests, trials
from tests.conftest import MakeDatabase

EVERY = {
    name: module.QUERIES[name] for module in (agreements, copies, requests, trials) for name in module.QUERIES.names()
}


def test_no_statement_has_another_ones_name() -> None:
    names = list(chain.from_iterable(module.QUERIES.names() for module in (agreements, copies, requests, trials)))

    assert len(names) == len(set(names)) == len(EVERY)


async def test_what_is_taken_is_found_by_index_among_many(make_database: MakeDatabase) -> None:
    database = await make_database("agreements")
    connection = await asyncpg.connect(database.owner_url)
    try:
        await connection.execute(
            """
            WITH r AS (
                INSERT INTO request (id, supplier_id, supplier_name, system_id, system_name, purpose, services,
                                     requested_at)
                SELECT gen_random_uuid(), gen_random_uuid(), 'L', gen_random_uuid(), 'S', 'F', '[]', now()
                FROM generate_series(1, 200) RETURNING id, supplier_id, system_id
            ), a AS (
                INSERT INTO agreement (id, sequence, request_id, supplier_id, system_id, municipality_id,
                                       municipality_name, state, requested_at)
                SELECT gen_random_uuid(), 1, r.id, supplier_id, system_id, gen_random_uuid(), 'K', 'requested', now()
                FROM r, generate_series(1, 50) RETURNING id, system_id, municipality_id
            )
            INSERT INTO agreement_line (agreement_id, place, service_id, service_name, system_id, municipality_id,
                                        decision, live)
            SELECT id, place, gen_random_uuid(), 'T', system_id, municipality_id, 'pending', true
            FROM a, generate_series(1, 3) AS place
            """
        )
        await connection.execute("ANALYZE")
        one = await connection.fetchrow("SELECT system_id, municipality_id, service_id FROM agreement_line LIMIT 1")
        assert one is not None
        explained = await connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {EVERY['taken']}", one[0], [one[1], uuid.uuid4()], [one[2]]
        )
    finally:
        await connection.close()

    plan = json.dumps(json.loads(explained))
    assert "agreement_line_live" in plan
    assert '"Seq Scan"' not in plan
