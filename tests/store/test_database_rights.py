"""What a service's two database roles may do, and that nobody else gets in."""

import asyncpg
import pytest

from deploy.postgres.setup import Passwords, set_up
from deploy.postgres.setup import make_database as make_database_anew
from shared.contracts import SERVICES
from tests.conftest import MakeDatabase
from tests.servers import DatabaseServer


@pytest.mark.parametrize("stranger", ["registry", "registry_owner", "metering", "metering_owner"])
async def test_no_role_enters_another_services_database(
    make_database: MakeDatabase, database_server: DatabaseServer, stranger: str
) -> None:
    database = await make_database("invoicing")
    service = stranger.removesuffix("_owner")
    passwords = database_server.owner_passwords if stranger.endswith("_owner") else database_server.runtime_passwords
    url = database_server.url(stranger, passwords[service], database.name)

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
        await asyncpg.connect(url)


async def test_no_service_enters_the_servers_own_databases(
    database_server: DatabaseServer, make_database: MakeDatabase
) -> None:
    await make_database("registry")
    for name in ("postgres", "template1"):
        url = database_server.url("registry", database_server.runtime_passwords["registry"], name)

        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(url)


async def test_the_runtime_role_reads_and_writes_rows_but_changes_no_table(make_database: MakeDatabase) -> None:
    database = await make_database("registry", migrated=False)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text)")
    await owner.close()
    runtime = await asyncpg.connect(database.url)
    try:
        await runtime.execute("INSERT INTO thing (word) VALUES ('a'), ('b')")
        await runtime.execute("UPDATE thing SET word = 'c' WHERE word = 'b'")
        await runtime.execute("DELETE FROM thing WHERE word = 'a'")

        assert await runtime.fetchval("SELECT array_agg(word) FROM thing") == ["c"]
        for forbidden in (
            "CREATE TABLE another (id int)",
            "ALTER TABLE thing ADD COLUMN extra int",
            "DROP TABLE thing",
            "TRUNCATE thing",
            "CREATE SCHEMA mine",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await runtime.execute(forbidden)
    finally:
        await runtime.close()


async def test_the_runtime_role_has_time_limits(make_database: MakeDatabase) -> None:
    database = await make_database("metering")
    runtime = await asyncpg.connect(database.url)
    try:
        limits = [
            await runtime.fetchval(f"SHOW {name}")
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    finally:
        await runtime.close()

    assert limits == ["30s", "5s", "1min"]


async def test_a_wrong_password_is_refused_also_from_this_machine(
    make_database: MakeDatabase, database_server: DatabaseServer
) -> None:
    database = await make_database("registry")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database_server.url("registry", "wrong", database.name))


RIGHTS = """
SELECT DISTINCT table_name || ': ' || privilege_type FROM information_schema.role_table_grants
WHERE grantee = $1 AND table_schema = 'public'
"""


@pytest.mark.parametrize("service", SERVICES)
async def test_setting_up_again_gives_no_right_back_that_a_migration_took(
    make_database: MakeDatabase, database_server: DatabaseServer, service: str
) -> None:
    database = await make_database(service)
    admin = await asyncpg.connect(database_server.admin_url, database=database.name)
    try:
        before = {row[0] for row in await admin.fetch(RIGHTS, service)}
        await make_database_anew(admin, database_server.admin_url, service, database.name)
        after = {row[0] for row in await admin.fetch(RIGHTS, service)}
    finally:
        await admin.close()

    assert after == before
    assert {"audit: SELECT", "audit: INSERT", "migrations: SELECT"} <= after
    assert not {"audit: UPDATE", "audit: DELETE", "migrations: INSERT", "migrations: UPDATE"} & after


async def test_setting_up_again_changes_nothing_that_works(
    make_database: MakeDatabase, database_server: DatabaseServer
) -> None:
    database = await make_database("agreements")
    passwords = Passwords(database_server.runtime_passwords, database_server.owner_passwords)

    await set_up(database_server.admin_url, passwords)

    runtime = await asyncpg.connect(database.url)
    await runtime.close()
    admin = await asyncpg.connect(database_server.admin_url)
    try:
        owners = await admin.fetch(
            "SELECT datname, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = ANY($1)",
            list(SERVICES),
        )
    finally:
        await admin.close()
    assert {row["datname"]: row["owner"] for row in owners} == {name: f"{name}_owner" for name in SERVICES}
