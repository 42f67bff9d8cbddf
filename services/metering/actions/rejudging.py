"""Judging refused calls again: a call can overtake the news of its certificate, system or grant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from services.metering.actions.counting import Countable, settle
from services.metering.actions.message import signed_by
from services.metering.domain.call import Call
from services.metering.domain.facts import Certificate, Facts
from services.metering.domain.judgement import AGAIN, Accepted, Reason, Refused, judge
from services.metering.domain.signature import Signature
from services.metering.store import calls, copies, refusals
from services.metering.store.refusals import Refusal, Rejudging
from shared import logs
from shared.database import AWAY, TRANSIENT, Database, Transaction

log = logs.get(__name__)

PIECE = 500
"""Refusals judged again in one transaction."""


async def judge_again(database: Database, late: timedelta) -> int:
    """Work off what news may have lifted; returns how many refusals were lifted.

    A wish that fails is logged and put behind the others, so that it holds none of them up.
    """
    lifted = 0
    wish: Rejudging | None = None
    while True:
        try:
            async with database.transaction() as tx:
                wish = await refusals.next_rejudging(tx.connection)
                if wish is None:
                    return lifted
                lifted += await _piece(tx, wish, late)
        except (*AWAY, *TRANSIENT):
            raise
        except Exception:
            if wish is None:
                raise
            log.exception("rejudging_failed", system_id=str(wish.system_id))
            async with database.transaction() as tx:
                await refusals.postpone(tx.connection, wish)
            return lifted


async def want_all(tx: Transaction) -> int:
    """Have every refusal that news could lift judged again; returns how many systems have any."""
    return await refusals.want_rejudging_of_all(tx.connection, AGAIN)


async def _piece(tx: Transaction, wish: Rejudging, late: timedelta) -> int:
    await calls.lock(tx.connection, [wish.system_id])
    found = await refusals.rejudged(tx.connection, wish, PIECE)
    await refusals.go_on(tx.connection, wish, found[-1].id if len(found) == PIECE else None)
    if not found:
        return 0
    facts = await _facts(tx, found)
    accepted: list[tuple[Refusal, Countable]] = []
    changed: list[tuple[UUID, Reason, str, UUID | None]] = []
    for refusal in found:
        signer = _signer(refusal, facts)
        verdict = signer if isinstance(signer, Refused) else _judge(refusal, signer, facts, late)
        if isinstance(verdict, Accepted):
            assert isinstance(signer, Certificate)
            accepted.append((refusal, _countable(refusal, signer, verdict)))
        elif verdict.reason != refusal.reason:
            changed.append(_changed(refusal, signer, verdict))
    settled: list[tuple[UUID, Literal["counted", "duplicate"]]] = []
    fates = await settle(tx, [countable for _, countable in accepted])
    for (refusal, countable), fate in zip(accepted, fates, strict=True):
        if isinstance(fate, Refused):
            changed.append(_changed(refusal, countable.certificate, fate))
        else:
            settled.append((refusal.id, fate))
    if settled:
        await refusals.settle(tx.connection, settled, now=tx.now)
    if changed:
        await refusals.change_reasons(tx.connection, changed, now=tx.now)
    return len(settled)


async def _facts(tx: Transaction, found: Sequence[Refusal]) -> Facts:
    return await copies.facts(
        tx.connection,
        systems={refusal.system_id for refusal in found},
        thumbprints={refusal.thumbprint for refusal in found if refusal.thumbprint},
        called={(refusal.system_id, refusal.service_id) for refusal in found if refusal.service_id},
    )


def _signer(refusal: Refusal, facts: Facts) -> Certificate | Refused:
    assert refusal.thumbprint is not None
    if refusal.certificate_id is None:
        assert refusal.algorithm is not None
        assert refusal.signed_digest is not None
        assert refusal.signature is not None
        return signed_by(
            Signature(refusal.algorithm, refusal.thumbprint, refusal.signed_digest, refusal.signature), facts
        )
    certificate = facts.certificate(refusal.thumbprint)
    assert certificate is not None, "a certificate once known is never forgotten"
    return certificate


def _judge(refusal: Refusal, certificate: Certificate, facts: Facts, late: timedelta) -> Accepted | Refused:
    return judge(
        _call(refusal),
        sender=refusal.system_id,
        certificate=certificate,
        named_environment=refusal.named_environment,
        facts=facts,
        received_at=refusal.received_at,
        late=late,
    )


def _call(refusal: Refusal) -> Call:
    assert refusal.event_id is not None
    assert refusal.made_at is not None
    assert refusal.service_id is not None
    assert refusal.municipality is not None
    return Call(
        refusal.event_id,
        refusal.made_at,
        refusal.service_id,
        refusal.municipality,
        refusal.agreement_id,
        refusal.accounting_info,
        refusal.caller_reference,
    )


def _countable(refusal: Refusal, certificate: Certificate, verdict: Accepted) -> Countable:
    return Countable(
        _call(refusal), refusal.system_id, verdict.grant, certificate, refusal.message_id, refusal.received_at
    )


def _changed(
    refusal: Refusal, signer: Certificate | Refused, verdict: Refused
) -> tuple[UUID, Reason, str, UUID | None]:
    known = signer.id if isinstance(signer, Certificate) else refusal.certificate_id
    return refusal.id, verdict.reason, verdict.detail, known
