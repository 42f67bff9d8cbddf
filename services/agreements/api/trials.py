"""Trial connections: the external test environment without any municipality's approval."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter

from services.agreements.actions import trial as actions
from services.agreements.api.asking import Running
from services.agreements.api.fields import ServiceIds
from services.agreements.api.models import TimelineEntry, TrialAnswer, TrialDetail
from shared.asking import Body
from shared.identity import SignedIn
from shared.page import After, Limit, Page, page

router = APIRouter(tags=["trial connections"])


class NewTrial(Body):
    """What is opened: these services for a system that is registered in test."""

    system_id: UUID
    service_ids: ServiceIds


@router.post("/trials", status_code=201)
async def open_trial(body: NewTrial, caller: SignedIn, running: Running) -> TrialAnswer:
    """Open services in the external test environment at once (supplier: administrator, user)."""
    async with running.database.transaction() as tx:
        return TrialAnswer.of(await actions.open_trial(tx, caller, body.system_id, body.service_ids))


@router.get("/trials")
async def list_trials(
    caller: SignedIn,
    running: Running,
    *,
    system_id: UUID | None = None,
    state: Literal["open", "closed"] | None = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[TrialAnswer]:
    """Own trial connections (supplier), or all (helpdesk), newest first."""
    async with running.database.reading() as connection:
        found = await actions.page(connection, caller, system_id=system_id, state=state, after=after, limit=limit + 1)
    return page(found, limit, TrialAnswer.of)


@router.get("/trials/{trial_id}")
async def get_trial(trial_id: UUID, caller: SignedIn, running: Running) -> TrialDetail:
    """One trial connection with its timeline."""
    async with running.database.reading() as connection:
        trial, entries = await actions.find(connection, caller, trial_id)
    return TrialDetail.of(trial, timeline=TimelineEntry.all(entries))


@router.post("/trials/{trial_id}/close")
async def close_trial(trial_id: UUID, caller: SignedIn, running: Running) -> TrialAnswer:
    """Close a trial connection: its access ends at once (supplier: administrator, user; helpdesk)."""
    async with running.database.transaction() as tx:
        done = await actions.close_trial(tx, caller, trial_id)
    return TrialAnswer.of(done)
