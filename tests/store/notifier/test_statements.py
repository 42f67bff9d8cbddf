"""Looking for what is due stays cheap among many sent notices."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import asyncpg

from services.notifier.store import QUERIES
from tests.conftest import MakeDatabase


async def test_what_is_due_is_found_by_index_among_many(make_database: MakeDatabase) -> None:
    database = await make_database("notifier")
    connection = await asyncpg.connect(database.owner_url)
    try:
        await connection.execute(
            """
            INSERT INTO notice (id, sequence, kind, event_type, about_id, state, attempts, created_at, ended_at,
                                due_at, correlation_id)
            SELECT gen_random_uuid(), 1, 'invoice', 'x', gen_random_uuid(),
                   CASE WHEN n > 5 THEN 'sent' ELSE 'queued' END, 1, now(),
                   CASE WHEN n > 5 THEN now() END, CASE WHEN n > 5 THEN NULL ELSE now() END, 'c'
            FROM generate_series(1, 20000) AS n
            """
        )
        await connection.execute("ANALYZE")
        explained = await connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {QUERIES['claim']}",
            datetime.now(UTC) + timedelta(minutes=1),
            uuid.uuid4(),
            timedelta(minutes=5),
        )
    finally:
        await connection.close()

    plan = json.dumps(json.loads(explained))
    assert "notice_due" in plan
    assert '"Seq Scan"' not in plan
