"""Trial connections with their lines and their append-only history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import asyncpg

from services.agreements.store.agreements import Entry
from shared.contracts.agreements import Trial, TrialLine
from shared.contracts.event import Interval
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def add_trial(connection: asyncpg.Connection, trial: Trial) -> None:
    """A new, open trial connection with its lines."""
    await connection.execute(
        QUERIES["add_trial"],
        trial.id,
        trial.supplier_id,
        trial.supplier_name,
        trial.system_id,
        trial.system_name,
        trial.municipality_id,
        trial.municipality_name,
        trial.valid[0].starts,
    )
    await connection.execute(
        QUERIES["add_trial_lines"],
        trial.id,
        trial.system_id,
        [line.service_id for line in trial.lines],
        [line.service_name for line in trial.lines],
    )


async def open_already(
    connection: asyncpg.Connection, system_id: UUID, service_ids: Sequence[UUID]
) -> list[tuple[UUID, UUID, str]]:
    """Which of these services (trial id, service id, name) a running trial connection opens already."""
    rows = await connection.fetch(QUERIES["open_already"], system_id, list(service_ids))
    return [(row["trial_id"], row["service_id"], row["service_name"]) for row in rows]


async def lock_trial(connection: asyncpg.Connection, trial_id: UUID) -> Trial | None:
    """The trial connection, locked for the transaction."""
    if await connection.fetchval(QUERIES["lock_trial"], trial_id) is None:
        return None
    found = await find_trial(connection, trial_id)
    return found[1] if found else None


async def find_trial(connection: asyncpg.Connection, trial_id: UUID) -> tuple[int, Trial] | None:
    """The trial connection and its place in the list."""
    row = await connection.fetchrow(QUERIES["find_trial"], trial_id)
    return (row["number"], _trial(row)) if row else None


async def list_trials(
    connection: asyncpg.Connection,
    *,
    supplier_id: UUID | None,
    system_id: UUID | None,
    state: str | None,
    before: int | None,
    limit: int,
) -> list[Trial]:
    """Newest first; of one supplier, or of all, narrowed."""
    rows = await connection.fetch(QUERIES["list_trials"], supplier_id, system_id, state, before, limit)
    return [_trial(row) for row in rows]


async def all_trials(connection: asyncpg.Connection) -> AsyncIterator[Trial]:
    """Every trial connection, oldest first."""
    async for row in connection.cursor(QUERIES["all_trials"]):
        yield _trial(row)


async def save_closed(connection: asyncpg.Connection, trial: Trial) -> bool:
    """Write that a trial connection is closed; False when it was not open any more."""
    done = await connection.execute(QUERIES["close_trial"], trial.id, trial.sequence, trial.valid[-1].ends)
    if done != "UPDATE 1":
        return False
    await connection.execute(QUERIES["close_trial_lines"], trial.id)
    return True


async def add_history(connection: asyncpg.Connection, trial: Trial, entry: Entry) -> None:
    await connection.execute(
        QUERIES["add_trial_history"],
        trial.id,
        trial.sequence,
        entry.at,
        entry.what,
        entry.side,
        entry.person_id,
    )


async def history(connection: asyncpg.Connection, trial_id: UUID) -> list[Entry]:
    """What happened to a trial connection, oldest first."""
    return [Entry(**dict(row)) for row in await connection.fetch(QUERIES["trial_history"], trial_id)]


def _trial(row: asyncpg.Record) -> Trial:
    return Trial(
        id=row["id"],
        sequence=row["sequence"],
        supplier_id=row["supplier_id"],
        supplier_name=row["supplier_name"],
        system_id=row["system_id"],
        system_name=row["system_name"],
        municipality_id=row["municipality_id"],
        municipality_name=row["municipality_name"],
        lines=tuple(TrialLine.model_validate(line) for line in row["lines"]),
        state=row["state"],
        valid=(Interval(starts=row["starts"], ends=row["ends"]),),
    )
