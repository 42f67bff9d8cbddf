"""Counting calls that may be counted: each id once, repeats as duplicates, reused ids refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from services.metering.domain.billing import billing_quarter
from services.metering.domain.call import Call
from services.metering.domain.facts import Certificate, Grant
from services.metering.domain.judgement import Refused
from services.metering.store import calls as store
from services.metering.store import quarters
from services.metering.store.calls import Entry
from shared.database import Transaction
from shared.quarters import Quarter

Fate = Literal["counted", "duplicate"] | Refused


class Countable(NamedTuple):
    """A call that was accepted, with the message that brought it."""

    call: Call
    system_id: UUID
    grant: Grant
    certificate: Certificate
    message_id: str
    received_at: datetime


async def settle(tx: Transaction, accepted: Sequence[Countable]) -> list[Fate]:
    """Count accepted calls; says of each, in order, what became of it. Needs the locks of `store.lock`."""
    if not accepted:
        return []
    last = await quarters.last_sealed(tx.connection)
    billed = _Billing(last)
    first: dict[store.CallKey, int] = {}
    entries: list[Entry] = []
    contents: list[bytes] = []
    for index, item in enumerate(accepted):
        content = item.call.content
        contents.append(content)
        key = item.call.id, item.system_id
        if key in first:
            continue
        first[key] = index
        entries.append(
            Entry(
                item.call.id,
                item.system_id,
                content,
                item.call.time,
                item.grant.id,
                item.certificate.id,
                billed.label(item.call.time),
                item.call.accounting_info,
                item.call.caller_reference,
                item.message_id,
                item.received_at,
            )
        )
    taken = await store.count(tx.connection, entries, now=tx.now)
    # Those are committed by now, whoever claimed them, so their contents can be read.
    known = await store.contents(tx.connection, taken) if taken else {}
    fates: list[Fate] = []
    repeats: Counter[tuple[UUID, UUID, str, date]] = Counter()
    for index, item in enumerate(accepted):
        key = item.call.id, item.system_id
        if first[key] == index and key not in taken:
            fates.append("counted")
        elif (known[key] if key in known else contents[first[key]]) == contents[index]:
            fates.append("duplicate")
            made = item.call.time
            repeats[
                item.system_id, item.grant.municipality_id, str(Quarter.of(made)), made.astimezone(UTC).date()
            ] += 1
        else:
            fates.append(_reused(item.call.id))
    if repeats:
        await store.add_duplicates(tx.connection, list(repeats.items()))
    return fates


def _reused(call_id: str) -> Refused:
    return Refused(
        "id.reused",
        f"The id {call_id!r} was used before for a call with another content; give each call an id of its own.",
    )


class _Billing:
    """Billing quarters by civil day and hour: most calls of a batch share them."""

    def __init__(self, last_sealed: Quarter | None) -> None:
        self._last = last_sealed
        self._known: dict[tuple[int, int, int, int], str] = {}

    def label(self, made_at: datetime) -> str:
        """The label of the quarter a call made then is billed in."""
        hour = made_at.year, made_at.month, made_at.day, made_at.hour
        found = self._known.get(hour)
        if found is None:
            found = self._known[hour] = str(billing_quarter(made_at, self._last))
        return found
