"""What the helpdesk sees and does of a service's inside over HTTP: parked messages, and the audit log.

Every service has these routes; what they show is what the operators' commands show, and what is done is audited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared import audit, parking
from shared.identity import SignedIn
from shared.page import After, Limit, Page, after_unknown, page
from shared.problem import Conflict, NotFound
from shared.text import Line

if TYPE_CHECKING:
    from shared.run import Runtime

router = APIRouter(tags=["upkeep"])


async def _running(request: Request) -> Any:
    return request.app.state.runtime


Running = Annotated[Any, Depends(_running)]
"""The running service, whichever it is; what `shared.asking` has for routes would come back here in a circle."""


class ParkedShown(BaseModel):
    """A message whose handling failed. `due_at`: when it is tried again (null: it waits for a person, or is over).

    `redacted`: its content was a secret and is gone; it can't be replayed.
    """

    id: UUID
    event_id: UUID | None
    type: str
    reason: str
    attempts: int
    state: parking.State
    redacted: bool
    parked_at: AwareDatetime
    due_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    note: str | None

    @classmethod
    def of(cls, kept: parking.Kept, **more: object) -> Any:
        return cls.model_validate({name: getattr(kept, name) for name in ParkedShown.model_fields} | more)


class ParkedDetail(ParkedShown):
    """A parked message with its content; null where that is secret, or not known to be harmless."""

    body: str | None


class Dropping(BaseModel):
    """Why a message may be lost; it is kept."""

    model_config = ConfigDict(extra="forbid")

    reason: Line


class AuditLine(BaseModel):
    """Who did what to which thing (`subject`: its id), in platform time; `detail` holds no names or addresses."""

    position: int
    at: AwareDatetime
    actor_kind: Literal["person", "system", "operator", "service"]
    actor_id: str
    organisation_id: UUID | None
    action: str
    subject: str
    detail: dict[str, Any]
    correlation_id: str


class AuditPage(BaseModel):
    """Lines of the audit log, newest first; `next` goes into `after` for those before."""

    items: list[AuditLine]
    next: int | None


@router.get("/parked")
async def list_parked(
    running: Running,
    caller: SignedIn,
    *,
    state: Annotated[parking.State, Query()] = "waiting",
    limit: Limit = 100,
    after: After = None,
) -> Page[ParkedShown]:
    """Messages whose handling failed, oldest first (helpdesk)."""
    caller.require_helpdesk()
    service: Runtime[Any] = running
    async with service.database.reading() as connection:
        if after is not None and await parking.find(connection, after) is None:
            raise after_unknown(after, "a parked message")
        found = await parking.listed(connection, state=state, after=after, limit=limit + 1)
    return page(found, limit, ParkedShown.of)


@router.get("/parked/{parked_id}")
async def show_parked(parked_id: UUID, running: Running, caller: SignedIn) -> ParkedDetail:
    """One parked message with its content (helpdesk); what is secret is left out."""
    caller.require_helpdesk()
    service: Runtime[Any] = running
    async with service.database.reading() as connection:
        found = await parking.find(connection, parked_id)
        kept = await parking.kept(connection, parked_id)
    if found is None or kept is None:
        raise _unknown(parked_id)
    shown: ParkedDetail = ParkedDetail.of(kept, body=parking.shown(found))
    return shown


@router.post("/parked/{parked_id}/replay")
async def replay_parked(parked_id: UUID, running: Running, caller: SignedIn) -> ParkedShown:
    """Have the service try it again at once (helpdesk). 409 `parked.not_waiting`, `parked.redacted`."""
    caller.require_helpdesk()
    service: Runtime[Any] = running
    async with service.database.transaction() as tx:
        if not await parking.replay(tx.connection, parked_id, now=tx.now):
            kept = await parking.kept(tx.connection, parked_id)
            if kept is not None and kept.state == "waiting":
                raise Conflict("parked.redacted", "Its content was a secret and is gone; it can only be dropped.")
            raise _not_waiting(parked_id, kept)
        await tx.record(caller.actor, "parked.replay", parked_id)
        return await _now(tx.connection, parked_id)


@router.post("/parked/{parked_id}/drop")
async def drop_parked(parked_id: UUID, body: Dropping, running: Running, caller: SignedIn) -> ParkedShown:
    """Give it up for good (helpdesk). 409 `parked.not_waiting`."""
    caller.require_helpdesk()
    service: Runtime[Any] = running
    async with service.database.transaction() as tx:
        if not await parking.drop(tx.connection, parked_id, note=body.reason, now=tx.now):
            raise _not_waiting(parked_id, await parking.kept(tx.connection, parked_id))
        await tx.record(caller.actor, "parked.drop", parked_id, {"reason": body.reason})
        return await _now(tx.connection, parked_id)


@router.get("/audit")
async def list_audit(  # noqa: PLR0917 - a route's parameters are named in the query
    running: Running,
    caller: SignedIn,
    subject: Annotated[str | None, Query(max_length=255, description="What it was done to: its id")] = None,
    actor_id: Annotated[str | None, Query(max_length=255, description="Who did it: their id")] = None,
    action: Annotated[str | None, Query(max_length=64, description="What was done, such as person.invite")] = None,
    since: Annotated[AwareDatetime | None, Query(description="From this instant on")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before this instant")] = None,
    limit: Limit = 100,
    after: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = None,
) -> AuditPage:
    """Who did what, newest first (helpdesk)."""
    caller.require_helpdesk()
    service: Runtime[Any] = running
    async with service.database.reading() as connection:
        found = await audit.listed(
            connection,
            subject=subject,
            actor_id=actor_id,
            action=action,
            since=since,
            until=until,
            before=after,
            limit=limit + 1,
        )
    items = [AuditLine.model_validate(row) for row in found[:limit]]
    return AuditPage(items=items, next=items[-1].position if len(found) > limit else None)


async def _now(connection: Any, parked_id: UUID) -> ParkedShown:
    kept = await parking.kept(connection, parked_id)
    assert kept is not None
    shown: ParkedShown = ParkedShown.of(kept)
    return shown


def _not_waiting(parked_id: UUID, kept: parking.Kept | None) -> NotFound | Conflict:
    if kept is None:
        return _unknown(parked_id)
    return Conflict("parked.not_waiting", f"This message was {kept.state} already; nothing waits by its id.")


def _unknown(parked_id: UUID) -> NotFound:
    return NotFound("parked.unknown", f"No message with the id {parked_id} is parked here.")
