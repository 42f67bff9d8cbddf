"""The mails the platform sends: what became of each, and trying again."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.notice import ABOUT, FAILURES, KINDS
from services.portal.domain.problem import explained
from services.portal.pages.visit import HelpdeskVisit, Visit

router = APIRouter(prefix="/helpdesk/mails", include_in_schema=False)

LISTED = 50


@router.get("")
async def mails(visit: HelpdeskVisit) -> Response:
    """All mails, newest first, by state, kind and organisation."""
    asked = visit.request.query_params
    state, kind = asked.get("state", ""), asked.get("kind", "")
    found = await visit.notifier.get(
        "/notices",
        state=state if state in {"queued", "sent", "failed"} else None,
        kind=kind if kind in KINDS else None,
        organisation_id=uuid_or_none(asked.get("organisation")),
        about_id=uuid_or_none(asked.get("about")),
        after=uuid_or_none(asked.get("after")),
        limit=LISTED,
    )
    return visit.page("helpdesk/mails.html", found=found, words=_words(visit))


@router.get("/{notice_id}")
async def mail(visit: HelpdeskVisit, notice_id: UUID) -> Response:
    """One mail with all attempts; never its content, which may hold a one-time link."""
    return await _mail(visit, notice_id, {})


@router.post("/{notice_id}/proev-igen")
async def retry(visit: HelpdeskVisit, notice_id: UUID) -> Response:
    """Send it again at once."""
    try:
        await visit.notifier.post(f"/notices/{notice_id}/retry")
    except Refused as refused:
        told = explained(refused.code, refused.status, refused.detail, visit.language).detail
        return await _mail(visit, notice_id, {"form": told}, status=refused.status)
    return await visit.done(f"/helpdesk/mails/{notice_id}", visit.text("Mailen sendes igen nu."))


async def _mail(visit: Visit, notice_id: UUID, errors: dict[str, str], *, status: int = 200) -> Response:
    found = await visit.notifier.get(f"/notices/{notice_id}")
    return visit.page(
        "helpdesk/mail.html", status=status, notice=found, errors=errors, about=ABOUT, words=_words(visit)
    )


def _words(visit: Visit) -> dict[str, dict[str, str]]:
    return {
        "kinds": {kind: visit.text(name) for kind, name in KINDS.items()},
        "failures": {failure: visit.text(why) for failure, why in FAILURES.items()},
    }
