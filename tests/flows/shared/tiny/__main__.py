"""The smallest service there can be, run in processes of its own: it takes the notifier's place on the broker."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import asyncpg
from fastapi import APIRouter, Request

from shared import commands, correlation
from shared.contracts.notifier import Notice, NoticeSent
from shared.contracts.registry import OrganisationCreated
from shared.database import Transaction
from shared.run import Job, Runtime, Service
from shared.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"
COPY = str(os.getpid())
SLOW_SECONDS = 1.5
RUN_SECONDS = 0.1

router = APIRouter()


@router.get("/slow")
async def slow(request: Request) -> dict[str, str]:
    """Answers late, after its transaction."""
    running: Runtime[Settings] = request.app.state.runtime
    async with running.database.transaction() as tx:
        await tx.connection.execute("INSERT INTO begun (name) VALUES ('request')")
    await asyncio.sleep(SLOW_SECONDS)
    async with running.database.transaction() as tx:
        await tx.connection.execute("INSERT INTO seen (name) VALUES ('request')")
    return {"copy": COPY}


async def see(tx: Transaction, event: OrganisationCreated) -> None:
    """Writes the name down and says so; one named "slow" takes its time."""
    name = event.organisation.name
    if name == "slow":
        await asyncio.sleep(SLOW_SECONDS)
    await tx.connection.execute("INSERT INTO seen (name) VALUES ($1)", name)
    await tx.say(
        NoticeSent(
            notice=Notice(id=uuid4(), sequence=1, kind=name, about_id=event.organisation.id, state="sent", attempts=1)
        )
    )


async def tick(running: Runtime[Settings]) -> None:
    try:
        async with running.database.transaction() as tx:
            # Ours can only be what a database that went away left behind.
            await tx.connection.execute("DELETE FROM running WHERE copy = $1", COPY)
            await tx.connection.execute("INSERT INTO running (copy) VALUES ($1)", COPY)
    except asyncpg.UniqueViolationError:
        async with running.database.transaction() as tx:
            await tx.connection.execute("INSERT INTO overlapped (copy) VALUES ($1)", COPY)
        return
    await asyncio.sleep(RUN_SECONDS)
    async with running.database.transaction() as tx:
        await tx.connection.execute("DELETE FROM running")
        await tx.connection.execute(
            "INSERT INTO ran (copy, correlation_id) VALUES ($1, $2)", COPY, correlation.current().id
        )


SERVICE = Service(
    name="notifier",
    about="A service of the tests",
    settings=Settings,
    migrations=MIGRATIONS,
    handlers={OrganisationCreated: see},
    routers=[router],
    jobs=[Job("tick", 0.02, tick)],
)

if __name__ == "__main__":
    commands.build(SERVICE)()
