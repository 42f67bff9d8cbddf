"""What the registry's database holds to by itself, for organisations and people."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.places import PROJECT
from services.registry.store import sign_in
from shared.sql import Queries
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
async def database(make_database: MakeDatabase) -> ServiceDatabase:
    return await make_database("registry")


@pytest.fixture
async def connection(database: ServiceDatabase) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database.url)
    yield opened
    await opened.close()


async def organisation(connection: asyncpg.Connection, **changes: Any) -> UUID:
    organisation_id = uuid4()
    told = {
        "id": organisation_id,
        "sequence": 1,
        "name": "O",
        "cvr": "12345674",
        "kinds": ["supplier"],
        "municipality_code": None,
        "test": False,
        "active": True,
        "created_at": NOW,
        **changes,
    }
    places = ", ".join(f"${number}" for number in range(1, len(told) + 1))
    await connection.execute(f"INSERT INTO organisations ({', '.join(told)}) VALUES ({places})", *told.values())
    return organisation_id


async def someone(connection: asyncpg.Connection, email: str = "p@example.com") -> UUID:
    person = uuid4()
    await connection.execute(
        "INSERT INTO people (id, sequence, name, email, created_at) VALUES ($1, 1, 'P', $2, $3)", person, email, NOW
    )
    return person


WRONG: list[dict[str, Any]] = [
    {"cvr": "02345678"},
    {"cvr": "1234567"},
    {"kinds": []},
    {"kinds": ["other"]},
    {"kinds": ["municipality"]},
    {"kinds": ["municipality"], "municipality_code": "101"},
    {"municipality_code": "0101"},
    {"sequence": 0},
]


async def test_an_organisation_is_what_it_must_be(connection: asyncpg.Connection) -> None:
    for changes in WRONG:
        with pytest.raises(asyncpg.CheckViolationError):
            await organisation(connection, **changes)


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        ({}, {}, "organisation_cvr"),
        (
            {"kinds": ["municipality"], "municipality_code": "0101"},
            {"kinds": ["municipality"], "municipality_code": "0101", "cvr": "25052943"},
            "organisation_code",
        ),
        (
            {"kinds": ["municipality"], "test": True},
            {"kinds": ["municipality", "supplier"], "test": True, "cvr": "25052943"},
            "organisation_test_municipality",
        ),
        ({"kinds": ["operator"]}, {"kinds": ["operator"], "cvr": "25052943"}, "organisation_operator"),
    ],
)
async def test_what_there_can_be_once(
    connection: asyncpg.Connection, first: dict[str, Any], second: dict[str, Any], rule: str
) -> None:
    await organisation(connection, **first)

    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await organisation(connection, **second)

    assert refused.value.constraint_name == rule


async def test_a_mail_address_is_one_persons_however_it_is_written(connection: asyncpg.Connection) -> None:
    await someone(connection, "Bo@Example.com")

    with pytest.raises(asyncpg.UniqueViolationError):
        await someone(connection, "bo@example.com")


async def test_a_person_has_one_open_link(connection: asyncpg.Connection) -> None:
    person, place = await someone(connection), await organisation(connection)
    add = Queries(PROJECT / "services" / "registry" / "store" / "link.sql")["add"]

    await connection.execute(add, uuid4(), person, place, "invitation", False, b"1" * 32, NOW, NOW)
    with pytest.raises(asyncpg.UniqueViolationError, match="link_open"):
        await connection.execute(add, uuid4(), person, place, "reset", True, b"2" * 32, NOW, NOW)


async def test_a_membership_has_known_roles(connection: asyncpg.Connection) -> None:
    person, place = await someone(connection), await organisation(connection)
    add = "INSERT INTO memberships VALUES ($1, $2, $3, true, $4)"

    for roles in ([], ["chief"], ["user", "chief"]):
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(add, person, place, roles, NOW)
    await connection.execute(add, person, place, ["user"], NOW)


@pytest.mark.parametrize(("table", "column"), [("audit", "actor_id"), ("audit_chain", "hash")])
async def test_the_history_of_acts_is_only_added_to(connection: asyncpg.Connection, table: str, column: str) -> None:
    for statement in (f"UPDATE {table} SET {column} = NULL", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_sign_ins_for_one_address_are_counted_one_after_the_other(database: ServiceDatabase) -> None:
    async def begin() -> bool:
        connection = await asyncpg.connect(database.url)
        try:
            async with connection.transaction():
                return await sign_in.begin(connection, b"a" * 32, most=3, since=NOW.replace(hour=11), now=NOW)
        finally:
            await connection.close()

    assert sorted(await asyncio.gather(*(begin() for _ in range(8)))) == [False] * 5 + [True] * 3
