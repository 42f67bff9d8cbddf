"""The HTTP routes: what became of notices, and trying one again."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from services.notifier import store
from services.notifier.actions import notice as actions
from services.notifier.domain.kind import KindName
from services.notifier.settings import NotifierSettings
from shared import asking
from shared.identity import SignedIn
from shared.page import After, Limit, Page, page

router = APIRouter(tags=["notices"])


Running = asking.Running[NotifierSettings]
NoticeState = Literal["queued", "sent", "failed"]


class NoticeAnswer(BaseModel):
    """One mail to one organisation or person, and what became of it; never its content."""

    id: UUID
    kind: KindName
    organisation_id: UUID | None = Field(description="Whom it is for; null: a person, by a one-time link")
    organisation_name: str | None = Field(description="Its name; null too where it is not known here yet")
    about_id: UUID = Field(description="The agreement, trial connection, invoice or person it is about")
    state: NoticeState
    attempts: int = Field(description="Attempts since it was queued, or queued again")
    failure: str | None = Field(description="A stable code for why the last attempt failed")
    reason: str | None = Field(description="The same in words, without addresses")
    created_at: AwareDatetime
    next_attempt_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    addresses: list[str] | None = Field(description="Where the last attempt went; shown to helpdesk only")

    @classmethod
    def of(cls, kept: store.Kept, *, addresses: bool, **more: object) -> Self:
        return cls.model_validate(
            {
                "id": kept.id,
                "kind": kept.kind,
                "organisation_id": kept.organisation_id,
                "organisation_name": kept.organisation_name,
                "about_id": kept.about_id,
                "state": kept.state,
                "attempts": kept.attempts,
                "failure": kept.failure,
                "reason": kept.reason,
                "created_at": kept.created_at,
                "next_attempt_at": kept.due_at,
                "ended_at": kept.ended_at,
                "addresses": list(kept.addressed_to) if addresses else None,
                **more,
            }
        )


class TimelineEntry(BaseModel):
    """What happened to a notice when (platform time, UTC)."""

    at: AwareDatetime
    what: store.What
    reason: str | None


class NoticeDetail(NoticeAnswer):
    """A notice with all its attempts."""

    timeline: list[TimelineEntry]


@router.get("/notices")
async def list_notices(
    caller: SignedIn,
    running: Running,
    *,
    state: Annotated[NoticeState | None, Query()] = None,
    kind: Annotated[KindName | None, Query()] = None,
    about_id: Annotated[UUID | None, Query()] = None,
    organisation_id: Annotated[UUID | None, Query(description="For helpdesk: only those to this one")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[NoticeAnswer]:
    """Notices, newest first: those to the caller's own organisation, or all for helpdesk."""
    async with running.database.reading() as connection:
        found = await actions.page(
            connection,
            caller,
            state=state,
            kind=kind,
            about_id=about_id,
            organisation_id=organisation_id,
            after=after,
            limit=limit + 1,
        )
    return page(found, limit, lambda one: NoticeAnswer.of(one, addresses=caller.helpdesk))


@router.get("/notices/{notice_id}")
async def get_notice(notice_id: UUID, caller: SignedIn, running: Running) -> NoticeDetail:
    """One notice with all its attempts."""
    async with running.database.reading() as connection:
        found, entries = await actions.find(connection, caller, notice_id)
    timeline = [TimelineEntry(at=one.at, what=one.what, reason=one.reason) for one in entries]
    return NoticeDetail.of(found, addresses=caller.helpdesk, timeline=timeline)


@router.post("/notices/{notice_id}/retry")
async def retry(notice_id: UUID, caller: SignedIn, running: Running) -> NoticeAnswer:
    """Send a notice that failed, or waits, at once (helpdesk)."""
    async with running.database.transaction() as tx:
        return NoticeAnswer.of(await actions.retry(tx, caller, notice_id), addresses=True)


ROUTERS = (router,)
