"""Trial connections: the external test environment without any municipality's approval."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from services.agreements.actions import trial as actions
from services.agreements.api.common import After, Body, Limit, Page, Running, ServiceIds
from services.agreements.api.models import TimelineEntry, TrialAnswer, TrialDetail
from shared.identity import SignedIn

ROUTER = APIRouter(tags=["trial connections"])


class NewTrial(Body):
    """What is opened: these services for a system that is registered in test."""

    system_id: UUID
    service_ids: ServiceIds


@ROUTER.post("/trials", status_code=201)
async def open_trial(body: NewTrial, caller: SignedIn, running: Running) -> TrialAnswer:
    """Open services in the external test environment at once (supplier: administrator, user)."""
    async with running.database.transaction() as tx:
        return TrialAnswer.of(await actions.open_trial(tx, caller, body.system_id, body.service_ids))


@ROUTER.get("/trials")
async def list_trials(
    caller: SignedIn, running: Running, limit: Limit = 100, after: After = None
) -> Page[TrialAnswer]:
    """Own trial connections (supplier), or all (helpdesk), newest first."""
    async with running.database.reading() as connection:
        found = await actions.page(connection, caller, after=after, limit=limit + 1)
    items = [TrialAnswer.of(one) for one in found[:limit]]
    return Page(items=items, next=items[-1].id if len(found) > limit else None)


@ROUTER.get("/trials/{trial_id}")
async def get_trial(trial_id: UUID, caller: SignedIn, running: Running) -> TrialDetail:
    """One trial connection with its timeline."""
    async with running.database.reading() as connection:
        trial, entries = await actions.find(connection, caller, trial_id)
    return TrialDetail.of(trial, timeline=TimelineEntry.all(entries))


@ROUTER.post("/trials/{trial_id}/close")
async def close_trial(trial_id: UUID, caller: SignedIn, running: Running) -> TrialAnswer:
    """Close a trial connection: its access ends at once (supplier: administrator, user; helpdesk)."""
    async with running.database.transaction() as tx:
        done = await actions.close_trial(tx, caller, trial_id)
    return TrialAnswer.of(done)
