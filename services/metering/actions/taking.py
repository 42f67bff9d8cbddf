"""Taking messages of calls: claim, judge, count, keep what is refused; one transaction, exactly once."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from prometheus_client import Counter as Measured

from services.metering.actions.counting import Countable, settle
from services.metering.actions.message import Prepared, signed_by
from services.metering.domain.call import Call
from services.metering.domain.facts import Certificate, Facts
from services.metering.domain.judgement import Accepted, Refused, judge
from services.metering.domain.signature import Signature
from services.metering.store import calls, copies, refusals
from services.metering.store.calls import MessageKey, Tally
from services.metering.store.refusals import Refusal
from shared.contracts.calls import Misfit
from shared.database import Transaction
from shared.quarters import Quarter

CALLS = Measured("sp_calls_total", "Calls that suppliers told of, by what became of them", ["outcome"])
REMEMBERED = timedelta(days=400)
"""How long the ids of calls are remembered."""


@dataclass(frozen=True)
class Outcome:
    """What became of a message's calls: calls = counted + duplicates + refused.

    `repeated`: the message was taken before, and this is what became of it then.
    """

    message_id: str
    calls: int
    counted: int
    duplicates: int
    refused: tuple[Refusal, ...]
    repeated: bool


class _Judged(NamedTuple):
    """One call of a batch with the verdict on it."""

    source: Prepared
    position: int
    call: Call | Misfit
    verdict: Accepted | Refused
    certificate: Certificate | None


async def take(tx: Transaction, prepared: Sequence[Prepared], late: timedelta) -> list[Outcome]:
    """Take messages; the answer is in their order. A message that came before is not counted again."""
    first: dict[MessageKey, Prepared] = {}
    for item in prepared:
        first.setdefault(item.key, item)
    await calls.lock(tx.connection, {item.message.sender for item in first.values()})
    fresh = await calls.claim_messages(
        tx.connection, [(key, len(item.calls)) for key, item in first.items()], now=tx.now
    )
    new = [item for key, item in first.items() if key in fresh]
    facts = await _facts(tx, new)
    judged = await asyncio.to_thread(_judge, new, facts, tx.now, late)
    outcomes = await _keep(tx, new, judged)
    answers: list[Outcome] = []
    for item in prepared:
        known = outcomes.get(item.key)
        if known is None:
            known = outcomes[item.key] = await _taken_before(tx, item)
            answers.append(known)
        else:
            answers.append(known)
            outcomes[item.key] = replace(known, repeated=True)
    return answers


async def _facts(tx: Transaction, new: Sequence[Prepared]) -> Facts:
    return await copies.facts(
        tx.connection,
        systems={item.message.sender for item in new},
        thumbprints={item.signature.thumbprint for item in new if isinstance(item.signature, Signature)},
        called={
            (item.message.sender, call.service_id) for item in new for call in item.calls if isinstance(call, Call)
        },
    )


def _judge(new: Sequence[Prepared], facts: Facts, now: datetime, late: timedelta) -> list[_Judged]:
    judged: list[_Judged] = []
    for item in new:
        message = item.message
        signer = item.signature if isinstance(item.signature, Refused) else signed_by(item.signature, facts)
        certificate = signer if isinstance(signer, Certificate) else None
        for position, call in enumerate(item.calls):
            verdict: Accepted | Refused
            if isinstance(call, Misfit):
                verdict = Refused("event.not_valid", f"{call.field}: {call.message}")
            elif isinstance(signer, Refused):
                verdict = signer
            else:
                verdict = judge(
                    call,
                    sender=message.sender,
                    certificate=signer,
                    named_environment=message.environment,
                    facts=facts,
                    received_at=now,
                    late=late,
                )
            judged.append(_Judged(item, position, call, verdict, certificate))
    return judged


async def _keep(tx: Transaction, new: Sequence[Prepared], judged: Sequence[_Judged]) -> dict[MessageKey, Outcome]:
    accepted = [
        Countable(
            item.call,
            item.source.message.sender,
            item.verdict.grant,
            item.certificate,
            item.source.message.message_id,
            tx.now,
        )
        for item in judged
        if isinstance(item.verdict, Accepted) and isinstance(item.call, Call) and item.certificate is not None
    ]
    fates = iter(await settle(tx, accepted))
    counted: Counter[MessageKey] = Counter()
    duplicates: Counter[MessageKey] = Counter()
    refused: dict[MessageKey, list[Refusal]] = {item.key: [] for item in new}
    for place, item in enumerate(judged):
        fate = next(fates) if isinstance(item.verdict, Accepted) else item.verdict
        key = item.source.key
        if fate == "counted":
            counted[key] += 1
        elif fate == "duplicate":
            duplicates[key] += 1
        else:
            assert isinstance(fate, Refused)
            refused[key].append(_refusal(item, fate, tx.now, place))
    if kept := [refusal for found in refused.values() for refusal in found]:
        await refusals.add(tx.connection, kept)
    outcomes = {
        item.key: Outcome(
            item.message.message_id,
            len(item.calls),
            counted[item.key],
            duplicates[item.key],
            tuple(refused[item.key]),
            repeated=False,
        )
        for item in new
    }
    for outcome in outcomes.values():
        assert outcome.calls == outcome.counted + outcome.duplicates + len(outcome.refused)
    await calls.finish_messages(
        tx.connection,
        [
            (key, Tally(outcome.counted, outcome.duplicates, len(outcome.refused)))
            for key, outcome in outcomes.items()
        ],
    )
    return outcomes


def _refusal(item: _Judged, refused: Refused, now: datetime, place: int) -> Refusal:
    message = item.source.message
    base = Refusal(
        id=time_ordered_id(now, place),
        system_id=message.sender,
        message_id=message.message_id,
        position=item.position,
        received_at=now,
        quarter=str(_quarter(item.call.time, now)),
        reason=refused.reason,
        detail=refused.detail,
        field=item.call.field if isinstance(item.call, Misfit) else None,
        event_id=item.call.id,
        made_at=item.call.time,
        service_id=item.call.service if isinstance(item.call, Misfit) else item.call.service_id,
        municipality=item.call.municipality,
    )
    if isinstance(item.call, Misfit):
        return base
    signed = item.source.signature if isinstance(item.source.signature, Signature) else None
    # What was signed need only be kept until it is known who signed.
    unchecked = signed if refused.reason == "certificate.unknown" and item.certificate is None else None
    return replace(
        base,
        agreement_id=item.call.agreement_id,
        accounting_info=item.call.accounting_info,
        caller_reference=item.call.caller_reference,
        named_environment=message.environment,
        certificate_id=item.certificate.id if item.certificate else None,
        thumbprint=signed.thumbprint if signed else None,
        algorithm=unchecked.algorithm if unchecked else None,
        signed_digest=unchecked.digest if unchecked else None,
        signature=unchecked.value if unchecked else None,
    )


def _quarter(made_at: datetime | None, received_at: datetime) -> Quarter:
    """The quarter a refused call is reported in: its own, where its time can be believed."""
    if made_at is not None and abs(received_at - made_at) < REMEMBERED:
        return Quarter.of(made_at)
    return Quarter.of(received_at)


def time_ordered_id(now: datetime, place: int) -> UUID:
    """A new id that sorts by platform time and, within a batch, by `place` (UUID version 7; place below 2^18)."""
    milliseconds = int(now.timestamp() * 1000)
    high, low = place >> 6, place & 0x3F
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << 56 | secrets.randbits(56))


async def _taken_before(tx: Transaction, item: Prepared) -> Outcome:
    taken = await calls.find_message(tx.connection, item.key)
    refused = await refusals.of_message(
        tx.connection, item.message.sender, item.message.message_id, taken.received_at
    )
    return Outcome(
        item.message.message_id, taken.calls, taken.counted, taken.duplicates, tuple(refused), repeated=True
    )


def measure(outcomes: Sequence[Outcome]) -> None:
    """Show in the metrics what was taken; after the commit."""
    for outcome in outcomes:
        if outcome.repeated:
            continue
        CALLS.labels("counted").inc(outcome.counted)
        CALLS.labels("duplicate").inc(outcome.duplicates)
        for refusal in outcome.refused:
            CALLS.labels(refusal.reason).inc()
