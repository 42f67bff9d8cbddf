"""The demonstration clock."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from services.registry.actions import clock as actions
from services.registry.api.asking import Running
from shared.asking import Body
from shared.identity import SignedIn

router = APIRouter(tags=["clock"])


class NewTime(Body):
    """The time it is to be, with its offset from UTC."""

    to: AwareDatetime


class Moved(BaseModel):
    """Platform time (UTC) after the move, and how many seconds it is ahead of real time."""

    now: AwareDatetime
    offset_seconds: int


@router.post("/clock")
async def move_clock(body: NewTime, running: Running, caller: SignedIn) -> Moved:
    """Move platform time ahead, for every service (helpdesk; demonstration mode only).

    The other services follow within a second. 409 `clock.fixed` in live mode, `clock.backwards`.
    """
    caller.require_helpdesk()
    async with running.database.transaction() as tx:
        moved = await actions.move(tx, caller.actor, body.to)
    async with running.database.reading() as connection:
        await running.clock.refresh(connection)
    return Moved(now=running.clock.now(), offset_seconds=moved.offset_seconds)
