"""Looking at notices, and trying one again."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from services.notifier import store
from shared.database import Transaction
from shared.identity import Caller
from shared.page import after_unknown
from shared.problem import Conflict, Forbidden, NotFound


def whose(caller: Caller) -> UUID | None:
    """The organisation whose notices the caller sees; None means helpdesk, who sees all. Raises Forbidden."""
    if caller.helpdesk:
        return None
    if caller.person_of("supplier") or caller.person_of("municipality"):
        return caller.organisation_id
    raise Forbidden(
        "rights.role_missing", "This takes a person of a supplier or municipality, or the platform's helpdesk."
    )


async def find(
    connection: asyncpg.Connection, caller: Caller, notice_id: UUID
) -> tuple[store.Kept, list[store.Entry]]:
    """A notice the caller may know of, and what happened to it."""
    organisation_id = whose(caller)
    found = await store.find_notice(connection, notice_id)
    if found is None or organisation_id not in (None, found.organisation_id):
        raise _unknown(notice_id)
    return found, await store.history(connection, notice_id)


async def page(
    connection: asyncpg.Connection,
    caller: Caller,
    *,
    state: str | None,
    kind: str | None,
    about_id: UUID | None,
    organisation_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[store.Kept]:
    """The notices the caller may know of, narrowed, newest first. `organisation_id` narrows the helpdesk's."""
    own = whose(caller)
    before = None
    if after is not None:
        last = await store.find_notice(connection, after)
        if last is None or own not in (None, last.organisation_id):
            raise after_unknown(after, "a notice")
        before = last.number
    return await store.list_notices(
        connection,
        organisation_id=own or organisation_id,
        state=state,
        kind=kind,
        about_id=about_id,
        before=before,
        limit=limit,
    )


async def retry(tx: Transaction, caller: Caller, notice_id: UUID) -> store.Kept:
    """Send a notice that failed, or waits for its next attempt, at once. Helpdesk only."""
    caller.require_helpdesk()
    notice = await store.lock_notice(tx.connection, notice_id)
    if notice is None:
        raise _unknown(notice_id)
    if notice.state == "sent":
        raise Conflict("notice.already_sent", "The mail server has taken this notice over; it is not sent again.")
    if notice.erased:
        raise Conflict(
            "notice.content_erased",
            "The one-time link in this notice was erased when it failed; send the invitation or the link again.",
        )
    await store.queue_again(tx.connection, notice_id, now=tx.now, reason="helpdesk asked for it")
    await tx.record(caller.actor, "notice.retry", notice_id)
    found = await store.find_notice(tx.connection, notice_id)
    assert found is not None
    return found


def _unknown(notice_id: UUID) -> NotFound:
    return NotFound("notice.unknown", f"There is no notice with the id {notice_id} that you may see.")
