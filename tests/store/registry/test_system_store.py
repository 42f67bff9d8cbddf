"""What the registry's database holds to by itself, for systems, certificates and access."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.registry.store import access, binding, system
from shared.contracts.event import Interval
from shared.database import prepare_connection
from shared.spans import intervals, ranges
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
async def database(make_database: MakeDatabase) -> ServiceDatabase:
    return await make_database("registry")


@pytest.fixture
async def connection(database: ServiceDatabase) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database.url)
    await prepare_connection(opened)
    yield opened
    await opened.close()


async def a_system(connection: asyncpg.Connection) -> UUID:
    supplier, system_id = uuid4(), uuid4()
    await connection.execute(
        "INSERT INTO organisations (id, sequence, name, cvr, kinds, test, active, created_at)"
        " VALUES ($1, 1, 'S', '12345674', '{supplier}', false, true, $2)",
        supplier,
        NOW,
    )
    await system.add(connection, system_id, supplier, "Omsorg", "production", now=NOW)
    return system_id


INSERT_CERTIFICATE = (
    "INSERT INTO certificates (id, sequence, system_id, kind, subject_serial, common_name, issuer, x509_serial,"
    " thumbprint, x5t_s256, public_key_pem, pem, valid_from, valid_to, bound_from)"
    " VALUES (gen_random_uuid(), 1, $1, 'FOCES', $2, '', $3, $4, $5, '', '', '', $6, $6, $6)"
)


async def test_a_certificate_its_number_and_its_holder_belong_to_one_system(connection: asyncpg.Connection) -> None:
    system_id = await a_system(connection)
    other = uuid4()
    supplier = await connection.fetchval("SELECT supplier_id FROM systems")
    await system.add(connection, other, supplier, "Andet", "test", now=NOW)
    for serial, owner in (("one", system_id), ("two", other)):
        await connection.execute("INSERT INTO certificate_holders VALUES ($1, $2)", serial, owner)
    await connection.execute(INSERT_CERTIFICATE, system_id, "one", "CA", "1f", bytes(32), NOW)

    refused = {
        "the same thumbprint": (other, "two", "CA", "2f", bytes(32)),
        "the same number of the same issuer": (other, "two", "CA", "1f", b"\x01" * 32),
        "another system's holder": (other, "one", "CA", "3f", b"\x02" * 32),
        "a holder nobody claimed": (other, "three", "CA", "4f", b"\x03" * 32),
    }
    for what, told in refused.items():
        with pytest.raises((asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError)):
            await connection.execute(INSERT_CERTIFICATE, *told, NOW)
            pytest.fail(what)
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO certificate_holders VALUES ('one', $1)", other)


async def test_active_spans_follow_the_state(connection: asyncpg.Connection) -> None:
    system_id = await a_system(connection)
    hour = timedelta(hours=1)

    async def move(to: Any, states: list[str], at: datetime) -> list[tuple[datetime, datetime | None]] | None:
        moved = await system.change_state(connection, system_id, to, states=states, now=at)
        return [(span.starts, span.ends) for span in moved.active] if moved else None

    assert await move("registered", ["paused"], NOW + hour) is None
    assert await move("paused", ["registered"], NOW + hour) == [(NOW, NOW + hour)]
    assert await move("paused", ["registered"], NOW + 2 * hour) is None
    assert await move("registered", ["paused"], NOW + 3 * hour) == [(NOW, NOW + hour), (NOW + 3 * hour, None)]
    # Another machine's clock may be behind ours: the span it closes is then gone, never turned round.
    assert await move("deactivated", ["registered"], NOW + 2 * hour) == [(NOW, NOW + hour)]
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE systems SET state = 'registered'")


async def test_an_ended_certificate_ends_no_earlier_than_it_began(connection: asyncpg.Connection) -> None:
    system_id = await a_system(connection)
    await connection.execute("INSERT INTO certificate_holders VALUES ('one', $1)", system_id)
    await connection.execute(INSERT_CERTIFICATE, system_id, "one", "CA", "1f", bytes(32), NOW)
    (bound,) = await binding.of_system(connection, system_id)

    ended = await binding.end(connection, bound.id, system_id, now=NOW - timedelta(seconds=1))

    assert ended is not None
    assert (ended.bound_to, ended.sequence) == (NOW, 2)
    assert await binding.end(connection, bound.id, system_id, now=NOW) is None


@pytest.mark.parametrize(
    "statement",
    [
        f"{act} {table}{rest}"
        for table in ("system_history", "service_history", "access_history", "certificate_holders")
        for act, rest in (
            ("DELETE FROM", ""),
            ("TRUNCATE", ""),
            (
                "UPDATE",
                " SET system_id = system_id"
                if table in {"system_history", "certificate_holders"}
                else " SET at = at",
            ),
        )
    ]
    + [
        f"{act} {table}{rest}"
        for table in ("systems", "certificates", "services", "access", "access_sources")
        for act, rest in (("DELETE FROM", ""), ("TRUNCATE", " CASCADE"))
    ],
)
async def test_the_service_adds_to_history_and_takes_nothing_away(
    shared_connection: asyncpg.Connection, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await shared_connection.execute(statement)


@pytest.fixture(scope="module")
async def shared_connection(database_server: Any) -> AsyncIterator[asyncpg.Connection]:
    """One database for tests that change nothing in it."""
    database = await database_server.make("registry", migrated=True)
    opened = await asyncpg.connect(database.url)
    yield opened
    await opened.close()
    await database_server.drop(database.name)


async def test_spans_go_in_and_out(shared_connection: asyncpg.Connection) -> None:
    hour = timedelta(hours=1)

    async def there_and_back(*spans: Interval) -> tuple[Interval, ...]:
        return intervals(await shared_connection.fetchval("SELECT $1::tstzmultirange", ranges(spans)))

    apart = (Interval(starts=NOW, ends=NOW + hour), Interval(starts=NOW + 2 * hour))
    assert await there_and_back(*apart) == apart
    assert await there_and_back(*reversed(apart)) == apart
    assert await there_and_back() == ()
    assert await there_and_back(Interval(starts=NOW, ends=NOW)) == ()
    touching = (Interval(starts=NOW, ends=NOW + hour), Interval(starts=NOW + hour))
    assert await there_and_back(*touching) == (Interval(starts=NOW),)


MANY = """
INSERT INTO organisations (id, sequence, name, cvr, kinds, municipality_code, test, active, created_at)
SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, 'O' || n, (10000000 + n)::text,
       CASE WHEN n <= 2000 THEN '{municipality}'::text[] ELSE '{supplier}' END,
       CASE WHEN n <= 2000 THEN lpad(n::text, 4, '0') END, false, true, now()
FROM generate_series(1, 4000) n;
INSERT INTO services (id, sequence, name, version, description, data_categories, state, published_at)
SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 1, 'S' || n, '1', repeat('x', 200), '', 'open',
       now()
FROM generate_series(1, 2000) n;
INSERT INTO systems (id, sequence, supplier_id, name, environment, state, active, registered_at)
SELECT ('00000000-0000-4000-a000-' || lpad(n::text, 12, '0'))::uuid, 1,
       ('00000000-0000-4000-8000-' || lpad((2001 + n % 2000)::text, 12, '0'))::uuid, 'I' || n, 'production',
       'registered', tstzmultirange(tstzrange(now(), NULL)), now()
FROM generate_series(1, 5000) n;
INSERT INTO certificate_holders
SELECT 'CVR:12345674-FID:' || n, ('00000000-0000-4000-a000-' || lpad(n::text, 12, '0'))::uuid
FROM generate_series(1, 5000) n;
INSERT INTO certificates (id, sequence, system_id, kind, subject_serial, common_name, issuer, x509_serial, thumbprint,
                          x5t_s256, public_key_pem, pem, valid_from, valid_to, bound_from)
SELECT gen_random_uuid(), 1, ('00000000-0000-4000-a000-' || lpad(n::text, 12, '0'))::uuid, 'FOCES',
       'CVR:12345674-FID:' || n, '', 'CA', to_hex(n), sha256(n::text::bytea), '', '', '', now(), now(), now()
FROM generate_series(1, 5000) n;
INSERT INTO access_sources SELECT ('00000000-0000-4000-b000-' || lpad(n::text, 12, '0'))::uuid, 'agreement', 1
FROM generate_series(1, 40000) n;
INSERT INTO access (id, sequence, source, source_id, environment, supplier_id, system_id, municipality_id, service_id,
                    valid)
SELECT gen_random_uuid(), 1, 'agreement', ('00000000-0000-4000-b000-' || lpad(n::text, 12, '0'))::uuid, 'production',
       ('00000000-0000-4000-8000-' || lpad((2001 + n % 2000)::text, 12, '0'))::uuid,
       ('00000000-0000-4000-a000-' || lpad((1 + n % 100)::text, 12, '0'))::uuid,
       ('00000000-0000-4000-8000-' || lpad((1 + n / 100 % 98)::text, 12, '0'))::uuid,
       ('00000000-0000-4000-9000-' || lpad((1 + n / 9800)::text, 12, '0'))::uuid,
       tstzmultirange(tstzrange(now(), NULL))
FROM generate_series(1, 40000) n;
"""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("named", ["id", "cvr"])
async def test_the_access_decision_looks_up_and_never_searches(
    many: asyncpg.Connection, mode: str, named: str
) -> None:
    service_id = UUID("00000000-0000-4000-9000-000000000002")
    municipality = ("'00000000-0000-4000-8000-000000000007'", "NULL") if named == "id" else ("NULL", "'10000007'")
    await many.execute(f"SET plan_cache_mode = {mode}")
    await many.execute(f"PREPARE question (bytea, uuid, uuid, text) AS {access.QUERIES['decide_access'].rstrip(';')}")
    try:
        told = await many.fetchval(
            "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE question"
            f" (sha256('8'), '{service_id}', {municipality[0]}, {municipality[1]})"
        )
    finally:
        await many.execute("DEALLOCATE question")

    (found,) = json.loads(told)
    used = list(nodes(found["Plan"]))
    assert [node["Relation Name"] for node in used if node["Node Type"] == "Seq Scan"] == []
    indexes = {node["Index Name"] for node in used if "Index Name" in node}
    municipalities = {"id": "organisations_pkey", "cvr": "organisation_cvr"}
    assert indexes - set(municipalities.values()) == {
        "certificate_thumbprint",
        "systems_pkey",
        "services_pkey",
        "access_question",
    }
    assert municipalities[named] in indexes
    # One certificate, one system, one service, at most one municipality by each name, its grants.
    scanned = [node for node in used if "Scan" in node["Node Type"] and node["Node Type"] != "Subquery Scan"]
    assert all(node["Actual Rows"] * node["Actual Loops"] <= 2 for node in scanned)


async def test_the_question_is_answered_among_many(many: asyncpg.Connection) -> None:
    thumbprint = await many.fetchval("SELECT sha256('8')")
    facts = await access.facts(
        many,
        thumbprint,
        UUID("00000000-0000-4000-9000-000000000002"),
        municipality_id=None,
        municipality_cvr="10000007",
    )

    assert facts.known is not None
    assert facts.municipality_known
    assert len(facts.grants) == 1


@pytest.fixture(scope="module")
async def many(database_server: Any) -> AsyncIterator[asyncpg.Connection]:
    """A registry with thousands of everything."""
    database = await database_server.make("registry", migrated=True)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(MANY)
    await owner.execute("ANALYZE")
    await owner.close()
    opened = await asyncpg.connect(database.url)
    yield opened
    await opened.close()
    await database_server.drop(database.name)
