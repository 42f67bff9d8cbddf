"""Opening, closing and following trial connections."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg

from services.agreements.actions import rights
from services.agreements.domain import request as rules
from services.agreements.domain import trial as domain
from services.agreements.store import copies, trials
from services.agreements.store.agreements import Entry
from shared.contracts.agreements import By, Trial, TrialClosed, TrialOpened, TrialRestated
from shared.database import Transaction
from shared.identity import Caller
from shared.page import after_unknown
from shared.problem import Conflict, NotFound


async def open_trial(tx: Transaction, caller: Caller, system_id: UUID, service_ids: Sequence[UUID]) -> Trial:
    """Open these services in the external test environment, at once."""
    caller.require("supplier", *rights.SUPPLIER_ROLES)
    system = rules.check_system(
        await copies.lock_system(tx.connection, system_id),
        system_id,
        caller.organisation_id,
        wanted="test",
        nouns="trial",
    )
    services = rules.check_services(service_ids, await copies.services(tx.connection, service_ids), nouns="trial")
    domain.check_not_open(await trials.open_already(tx.connection, system.id, service_ids))
    trial = domain.open_trial(uuid4(), system, services, await copies.trial_municipality(tx.connection), tx.now)
    await trials.add_trial(tx.connection, trial)
    await trials.add_history(tx.connection, trial, Entry(tx.now, "opened", "supplier", caller.id))
    await tx.say(TrialOpened(trial=trial))
    await tx.record(
        caller.actor,
        "trial.open",
        trial.id,
        {"system": str(system.id), "services": [str(one) for one in service_ids]},
    )
    return trial


async def close_trial(tx: Transaction, caller: Caller, trial_id: UUID) -> Trial:
    """Close a trial connection: its access ends at once. For its supplier and helpdesk."""
    supplier_id = rights.supplier_or_helpdesk(caller)
    trial = await trials.lock_trial(tx.connection, trial_id)
    if trial is None or supplier_id not in (None, trial.supplier_id):
        raise _unknown(trial_id)
    by: By = "operator" if supplier_id is None else "supplier"
    closed = domain.close_trial(trial, tx.now)
    if not await trials.save_closed(tx.connection, closed):
        raise Conflict("trial.already_closed", "The trial connection was closed before.", state="closed")
    await trials.add_history(tx.connection, closed, Entry(tx.now, "closed", by, caller.id))
    await tx.say(TrialClosed(trial=closed, by=by))
    await tx.record(caller.actor, "trial.close", trial_id, {"by": by})
    return closed


async def find(connection: asyncpg.Connection, caller: Caller, trial_id: UUID) -> tuple[Trial, list[Entry]]:
    """A trial connection with its history, for its supplier and helpdesk."""
    supplier_id = rights.supplier_or_helpdesk(caller)
    found = await trials.find_trial(connection, trial_id)
    if found is None or supplier_id not in (None, found[1].supplier_id):
        raise _unknown(trial_id)
    return found[1], await trials.history(connection, trial_id)


async def page(
    connection: asyncpg.Connection,
    caller: Caller,
    *,
    system_id: UUID | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> list[Trial]:
    """Trial connections, newest first; own, or all for helpdesk, narrowed."""
    supplier_id = rights.supplier_or_helpdesk(caller)
    before = None
    if after is not None:
        last = await trials.find_trial(connection, after)
        if last is None or supplier_id not in (None, last[1].supplier_id):
            raise after_unknown(after, "a trial connection")
        before = last[0]
    return await trials.list_trials(
        connection, supplier_id=supplier_id, system_id=system_id, state=state, before=before, limit=limit
    )


async def restate(tx: Transaction) -> int:
    """Say the present state of every trial connection; returns how many."""
    said = 0
    async for trial in trials.all_trials(tx.connection):
        await tx.say(TrialRestated(trial=trial))
        said += 1
    return said


def _unknown(trial_id: UUID) -> NotFound:
    return NotFound("trial.unknown", f"You have no trial connection with the id {trial_id}.")
