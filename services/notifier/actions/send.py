"""Sending what is due: claim, write, hand over, mark. Killed in between, it is sent again with the same id."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import asyncpg

from services.notifier import store
from services.notifier.domain import address, delivery
from services.notifier.domain.delivery import NotSent, Sent, Verdict
from services.notifier.domain.kind import KINDS
from services.notifier.letter import Letters
from services.notifier.mail import compose
from services.notifier.postman import Postman
from shared import logs
from shared.address import wire_address
from shared.contracts.notifier import Notice, NoticeFailed, NoticeSent
from shared.correlation import correlated
from shared.database import AWAY, TRANSIENT, Database, Transaction

log = logs.get(__name__)

T = TypeVar("T")

LEASE = timedelta(minutes=5)
"""How long a claimed notice is one copy's alone, in real time: longer than all answers of a slow mail server."""

AWAY_SECONDS = 1.0
"""How long to wait before asking a database again that was away with a notice in hand."""


@dataclass(frozen=True)
class Attempt:
    """What came of one attempt, and which addresses it went to."""

    verdict: Verdict
    addresses: tuple[str, ...] = ()


class Sending:
    """Sends one notice at a time over a connection of its own."""

    def __init__(self, database: Database, letters: Letters, postman: Postman, sender: str) -> None:
        self._database = database
        self._letters = letters
        self._postman = postman
        self._sender = sender
        self._server_was_away = False

    async def send_next(self) -> bool:
        """Send the next notice that is due; False when none is. A claimed one outlives its database being away."""
        async with self._database.transaction() as tx:
            claimed = await store.claim(tx.connection, now=tx.now, lease=LEASE)
        if claimed is None:
            return False
        with correlated(claimed.correlation_id, causation=claimed.causation_id):
            attempt = await _while_leased(lambda: self._attempt(claimed))
            # The mail may be out: what became of it must not get lost with one connection, or it is sent twice.
            await _while_leased(lambda: self._settle(claimed, attempt))
        return True

    async def close(self) -> None:
        await self._postman.close()

    async def _attempt(self, claimed: store.Claimed) -> Attempt:
        now = self._database.clock.now()
        if KINDS[claimed.kind].secret and datetime.fromisoformat(claimed.content["expires_at"]) <= now:
            return Attempt(
                NotSent("link_expired", "the link had expired before the mail could be sent", lasting=True)
            )
        async with self._database.reading() as connection:
            try:
                addressed = await _addressed(connection, claimed)
            except address.NoAddress as error:
                return Attempt(NotSent("no_address", delivery.without_addresses(str(error)), lasting=True))
            documents = await store.documents(connection, claimed.id)
        if addressed is None:
            told = f"organisation {claimed.organisation_id} is not known here yet"
            return Attempt(NotSent("organisation_unknown", told, lasting=False))
        try:
            content = {**claimed.content, "filenames": [one.filename for one in documents]}
            mail = compose(
                self._letters.write(claimed.kind, content, addressed),
                sender=self._sender,
                addresses=addressed.addresses,
                notice_id=claimed.id,
                event_type=claimed.event_type,
                about_id=claimed.about_id,
                written_at=now,
                documents=documents,
            )
        except Exception as error:  # noqa: BLE001 - a fault of ours in one text must not keep the others from being sent
            # Without its traceback: the values in it may be names and addresses.
            log.error("notice_not_written", notice=str(claimed.id), kind=claimed.kind, error=type(error).__name__)  # noqa: TRY400
            told = f"the mail could not be written ({type(error).__name__})"
            return Attempt(NotSent("not_written", told, lasting=False), addressed.addresses)
        return Attempt(await self._postman.hand_over(mail, addressed.addresses), addressed.addresses)

    async def _settle(self, claimed: store.Claimed, attempt: Attempt) -> None:
        verdict = attempt.verdict
        async with self._database.transaction() as tx:
            if isinstance(verdict, Sent):
                await self._sent(tx, claimed, attempt, verdict)
            else:
                await self._not_sent(tx, claimed, attempt, verdict)

    async def _sent(self, tx: Transaction, claimed: store.Claimed, attempt: Attempt, verdict: Sent) -> None:
        total = len(attempt.addresses)
        reason = f"{verdict.refused} of {total} addresses were refused" if verdict.refused else None
        marked = await store.mark_sent(
            tx.connection,
            claimed,
            now=tx.now,
            reason=reason,
            addresses=attempt.addresses,
            erase=KINDS[claimed.kind].secret,
        )
        if marked is None:
            log.warning("lease_lost", notice=str(claimed.id))
            return
        await tx.say(NoticeSent(notice=_told(claimed, *marked, "sent", reason)))
        if self._server_was_away or claimed.failure == "server_away":
            await store.bring_forward(tx.connection, now=tx.now)
            self._server_was_away = False
        log.info("notice_sent", notice=str(claimed.id), kind=claimed.kind, attempts=marked[1])

    async def _not_sent(self, tx: Transaction, claimed: store.Claimed, attempt: Attempt, verdict: NotSent) -> None:
        self._server_was_away = self._server_was_away or verdict.failure == "server_away"
        wait = None if verdict.lasting else delivery.next_attempt(claimed.attempts)
        log.warning(
            "notice_not_sent",
            notice=str(claimed.id),
            kind=claimed.kind,
            failure=verdict.failure,
            reason=verdict.reason,
            attempts=claimed.attempts,
            again=wait is not None,
        )
        if wait is not None:
            await store.defer(
                tx.connection,
                claimed,
                now=tx.now,
                due_at=tx.now + wait,
                failure=verdict.failure,
                reason=verdict.reason,
                addresses=attempt.addresses,
            )
            return
        marked = await store.mark_failed(
            tx.connection,
            claimed,
            now=tx.now,
            failure=verdict.failure,
            reason=verdict.reason,
            addresses=attempt.addresses,
            erase=KINDS[claimed.kind].secret,
        )
        if marked is not None:
            await tx.say(NoticeFailed(notice=_told(claimed, *marked, "failed", verdict.reason)))


async def _while_leased(act: Callable[[], Awaitable[T]]) -> T:
    """Do it, again and again while the database is away and the notice still ours."""
    until = time.monotonic() + LEASE.total_seconds()
    while True:
        try:
            return await act()
        except (*AWAY, *TRANSIENT) as error:
            if time.monotonic() > until:
                raise
            log.warning("database_away_in_hand", error=type(error).__name__)
        await asyncio.sleep(AWAY_SECONDS)


async def _addressed(connection: asyncpg.Connection, claimed: store.Claimed) -> address.Addressed | None:
    """Where the notice goes now; None when its organisation is not known here yet. Raises NoAddress."""
    content = claimed.content
    if claimed.organisation_id is None:
        plain = wire_address(content["email"])
        if plain is None:
            raise address.NoAddress("the person's address is none that mail can be sent to; correct it")
        return address.Addressed((plain,), "person", content["organisation_name"])
    organisation = await store.organisation(connection, claimed.organisation_id)
    if organisation is None:
        return None
    people = await store.people(connection, claimed.organisation_id)
    return address.resolve(KINDS[claimed.kind].audience, organisation, people, content.get("mailbox"))


def _told(claimed: store.Claimed, sequence: int, attempts: int, state: str, reason: str | None) -> Notice:
    return Notice.model_validate(
        {
            "id": claimed.id,
            "sequence": sequence,
            "kind": claimed.kind,
            "organisation_id": claimed.organisation_id,
            "about_id": claimed.about_id,
            "state": state,
            "attempts": attempts,
            "reason": reason,
        }
    )
