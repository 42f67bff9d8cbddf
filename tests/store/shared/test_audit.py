"""Who did what: only ever added to by the service, and chained so that a change or a gap shows."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared import audit
from shared.audit import Actor
from shared.correlation import correlated
from shared.database import Database, prepare_connection

KIM = Actor("person", str(uuid4()), uuid4())


async def act(base: Database, *actions: str, detail: dict[str, Any] | None = None) -> None:
    for action in actions:
        async with base.transaction() as tx:
            await tx.record(KIM, action, uuid4(), detail)


async def chain(base: Database) -> int:
    await settled(base)
    async with base.transaction() as tx:
        return await audit.chain(tx.connection)


async def settled(base: Database) -> None:
    """Wait until nothing runs that began before the last row: transactions of other tests' databases count too."""
    async with asyncio.timeout(30):
        while True:
            async with base.reading() as connection:
                if await connection.fetchval(
                    "SELECT coalesce(bool_and(written_in < pg_snapshot_xmin(pg_current_snapshot())), true) FROM audit"
                ):
                    return
            await asyncio.sleep(0.02)


async def verify(base: Database) -> int | None:
    async with base.reading() as connection:
        return await audit.verify(connection)


async def test_a_line_says_who_did_what_to_which_thing_and_in_which_act(base: Database) -> None:
    subject = uuid4()
    with correlated("act-of-kim"):
        async with base.transaction() as tx:
            await tx.record(KIM, "agreement.approve", subject, {"lines": 2})
            now = tx.now
    async with base.reading() as connection:
        row = await connection.fetchrow("SELECT * FROM audit")

    assert row is not None
    assert (row["at"], row["actor_kind"], row["actor_id"], row["organisation_id"]) == (
        now,
        "person",
        KIM.id,
        KIM.organisation_id,
    )
    assert (row["action"], row["subject"], row["detail"], row["correlation_id"]) == (
        "agreement.approve",
        str(subject),
        {"lines": 2},
        "act-of-kim",
    )


async def test_an_act_that_fails_is_not_recorded(base: Database) -> None:
    with pytest.raises(RuntimeError):
        async with base.transaction() as tx:
            await tx.record(KIM, "agreement.approve", uuid4())
            raise RuntimeError("not after all")

    assert await chain(base) == 0


@pytest.mark.parametrize(
    ("table", "key", "column"), [("audit", "position", "actor_id"), ("audit_chain", "link", "hash")]
)
async def test_the_service_can_add_and_nothing_else(base: Database, table: str, key: str, column: str) -> None:
    await act(base, "first")
    await chain(base)
    for forbidden in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} ADD COLUMN more int",
        f"DROP TABLE {table} CASCADE",
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE {table} ON CONFLICT ({key}) DO UPDATE SET {column}=NULL",
        f"MERGE INTO {table} USING (SELECT 1) AS s ON true WHEN MATCHED THEN DELETE",
        f"SELECT * FROM {table} FOR UPDATE",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with base.transaction() as tx:
                await tx.connection.execute(forbidden)
    # It can give itself nothing more either: what it does not have it can't hand on.
    async with base.transaction() as tx:
        await tx.connection.execute(f"GRANT ALL ON {table} TO CURRENT_USER")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with base.transaction() as tx:
            await tx.connection.execute(f"DELETE FROM {table}")
    async with base.reading() as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 1


async def test_the_chain_grows_with_what_is_committed(base: Database) -> None:
    assert (await chain(base), await verify(base)) == (0, None)
    await act(base, "first", "second", detail={"reason": "æøå", "lines": [1, 2.5, None, {"b": 1, "a": "x"}]})
    assert (await chain(base), await verify(base)) == (2, None)
    assert await chain(base) == 0
    await act(base, "third")
    assert (await chain(base), await verify(base)) == (1, None)


async def test_rows_of_a_transaction_that_still_runs_are_waited_for(base: Database) -> None:
    await act(base, "before")
    await settled(base)
    async with base.transaction() as running:
        await running.record(KIM, "slow", uuid4())
        await act(base, "after")
        # What began later waits too; what was there before does not.
        async with base.transaction() as tx:
            assert await audit.chain(tx.connection) == 1
    assert await chain(base) == 2

    async with base.reading() as connection:
        chained = await connection.fetch(
            "SELECT a.action FROM audit_chain JOIN audit a USING (position) ORDER BY link"
        )
    assert [row["action"] for row in chained] == ["before", "slow", "after"]
    assert await verify(base) is None


async def test_a_row_that_is_rolled_back_leaves_no_gap_in_the_chain(base: Database) -> None:
    await act(base, "first")
    with pytest.raises(RuntimeError):
        async with base.transaction() as tx:
            await tx.record(KIM, "undone", uuid4())
            raise RuntimeError("not after all")
    await act(base, "second")

    assert await chain(base) == 2
    assert await verify(base) is None


async def test_one_copy_chains_at_a_time(base: Database) -> None:
    await act(base, "first")
    await settled(base)
    async with base.transaction() as tx, base.transaction() as other:
        assert await audit.chain(tx.connection) == 1
        assert await audit.chain(other.connection) == 0

    assert await verify(base) is None


CHANGES = [
    "actor_id = 'another'",
    "actor_kind = 'service'",
    "organisation_id = NULL",
    "action = 'agreement.reject'",
    "subject = 'another'",
    "detail = '{}'",
    "detail = detail || '{\"more\": 1}'",
    "correlation_id = 'another'",
    "at = at + interval '1 microsecond'",
]


async def found_after(owner: asyncpg.Connection, *tampering: str) -> int | None:
    """What `verify` says once the owner of the tables did this; it is undone again."""
    work = owner.transaction()
    await work.start()
    for statement in tampering:
        assert not (await owner.execute(statement)).endswith(" 0")
    found = await audit.verify(owner)
    await work.rollback()
    return found


async def test_a_changed_row_is_found(base: Database, owner: asyncpg.Connection) -> None:
    await act(base, "first", "second", "third", detail={"lines": 2})
    await chain(base)
    await prepare_connection(owner)

    for change in CHANGES:
        assert await found_after(owner, f"UPDATE audit SET {change} WHERE action = 'second'") == 2, change
    assert await verify(base) is None


async def test_a_removed_row_is_found(base: Database, owner: asyncpg.Connection) -> None:
    await act(base, "first", "second", "third")
    await chain(base)
    await prepare_connection(owner)
    await owner.execute("ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_position_fkey")

    for position, following in ((1, 2), (2, 3), (3, None)):
        row = f"DELETE FROM audit WHERE position = {position}"
        link = f"DELETE FROM audit_chain WHERE position = {position}"
        assert await found_after(owner, row) == position
        # With its link the last one goes unseen, as the docstring says; the next row tells of any other.
        assert await found_after(owner, row, link) == following
    assert await verify(base) is None


async def test_links_that_are_exchanged_or_made_up_are_found(base: Database, owner: asyncpg.Connection) -> None:
    await act(base, "first", "second", "third")
    await chain(base)
    hashes = await owner.fetch("SELECT position, hash FROM audit_chain ORDER BY link")
    await owner.execute("UPDATE audit_chain SET hash = $1 WHERE position = 2", hashes[0]["hash"])
    assert await verify(base) == 2
    await owner.execute("UPDATE audit_chain SET hash = $1 WHERE position = 2", hashes[1]["hash"])
    assert await verify(base) is None
    await owner.execute("UPDATE audit_chain SET link = 9 WHERE position = 3")
    assert await verify(base) == 3


async def test_an_organisation_is_optional_and_other_actors_have_none(base: Database) -> None:
    for kind in ("system", "operator", "service"):
        async with base.transaction() as tx:
            await tx.record(Actor(kind, "x"), "y", "z")  # type: ignore[arg-type]

    async with base.reading() as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit WHERE organisation_id IS NULL") == 3
    assert isinstance(KIM.organisation_id, UUID)
