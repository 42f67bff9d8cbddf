"""May this call be counted? Judged by what held at the time of the call, one stable reason for each refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.metering.domain.call import Call
from services.metering.domain.facts import Certificate, Facts, Grant
from shared.contracts.event import Environment, covered

Reason = Literal[
    "event.not_valid",
    "signature.missing",
    "signature.not_valid",
    "certificate.unknown",
    "certificate.ended",
    "certificate.expired",
    "sender.differs",
    "system.not_active",
    "environment.wrong",
    "access.none",
    "access.ended",
    "agreement.differs",
    "time.in_future",
    "time.too_old",
    "id.reused",
]
"""Why a call was refused; suppliers' software goes by these, so they never change."""

AGAIN: frozenset[Reason] = frozenset(
    {
        "certificate.unknown",
        "certificate.ended",
        "system.not_active",
        "access.none",
        "access.ended",
        "agreement.differs",
    }
)
"""Refusals that news which a call overtook can lift."""

LAST_SECOND = timedelta(seconds=1)
"""A certificate names its last second, and is valid to the end of it (RFC 5280, 4.1.2.5); as in the registry."""

FUTURE = timedelta(minutes=5)
"""How far a supplier's clock may be ahead."""


@dataclass(frozen=True)
class Refused:
    """A call that is not counted: the reason, and a sentence that names the thing, the rule and what to do."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class Accepted:
    """A call that may be counted, under this grant."""

    grant: Grant


def judge(
    call: Call,
    *,
    sender: UUID,
    certificate: Certificate,
    named_environment: Environment | None,
    facts: Facts,
    received_at: datetime,
    late: timedelta,
) -> Accepted | Refused:
    """Judge a call whose signature by `certificate` holds.

    `sender` is the system the broker or the token vouches for; `named_environment` the one it was sent to, where
    that was said. Rules about lateness go by `received_at`, all others by the time of the call. `late` is how long
    after it was made a call may still be told.
    """
    if certificate.system_id != sender:
        return Refused(
            "sender.differs",
            f"Signed with a certificate of system {certificate.system_id}, but sent by system {sender};"
            " each system signs its own calls.",
        )
    return (
        _time(call, received_at, late)
        or _certificate(call, certificate)
        or _system(call, sender, named_environment, facts)
        or _grant(call, sender, facts)
    )


def _time(call: Call, received_at: datetime, late: timedelta) -> Refused | None:
    if call.time > received_at + FUTURE:
        return Refused(
            "time.in_future",
            f"The call is said to be made at {call.time:%Y-%m-%dT%H:%M:%SZ}, more than 5 minutes ahead of the"
            f" platform's {received_at:%Y-%m-%dT%H:%M:%SZ}; set the system's clock and send it again.",
        )
    if call.time < received_at - late:
        return Refused(
            "time.too_old",
            f"The call was made at {call.time:%Y-%m-%dT%H:%M:%SZ}; calls older than {late.days} days are no"
            " longer counted.",
        )
    return None


def _certificate(call: Call, certificate: Certificate) -> Refused | None:
    if not certificate.valid_from <= call.time < certificate.valid_to + LAST_SECOND:
        return Refused(
            "certificate.expired",
            f"The certificate is valid from {certificate.valid_from:%Y-%m-%dT%H:%M:%SZ} to"
            f" {certificate.valid_to:%Y-%m-%dT%H:%M:%SZ}, and the call was made outside; sign with a valid one.",
        )
    if covered(certificate.bound, call.time):
        return None
    if any(span.starts <= call.time for span in certificate.bound):
        return Refused(
            "certificate.ended",
            "The certificate no longer identified the system when the call was made; sign with the system's present"
            " one.",
        )
    return Refused(
        "certificate.unknown",
        "The certificate was not yet registered for the system when the call was made; register it first.",
    )


def _system(call: Call, sender: UUID, named: Environment | None, facts: Facts) -> Refused | None:
    system = facts.system(sender)
    if system is None or not covered(system.active, call.time):
        return Refused(
            "system.not_active",
            f"System {sender} was not active when the call was made: it was not registered yet, paused or"
            " deactivated.",
        )
    if named is not None and named != system.environment:
        return Refused(
            "environment.wrong",
            f"System {sender} is registered for the {system.environment} environment and the call was sent to"
            f" {named}.",
        )
    return None


def _grant(call: Call, sender: UUID, facts: Facts) -> Accepted | Refused:
    system = facts.system(sender)
    assert system is not None
    named = facts.grants(sender, call.service_id, call.municipality)
    grants = [grant for grant in named if grant.environment == system.environment]
    covering = [grant for grant in grants if grant.covers(call.time)]
    if covering:
        chosen = [grant for grant in covering if call.agreement_id in (None, grant.source_id)]
        if chosen:
            return Accepted(chosen[0])
        return Refused(
            "agreement.differs",
            f"The call names agreement {call.agreement_id}, but what allowed it is {covering[0].source_id}; leave the"
            " agreement out or name that one.",
        )
    what = f"service {call.service_id} for municipality {call.municipality}"
    if named and not grants:
        return Refused(
            "environment.wrong",
            f"System {sender} may call {what} only in the other environment than its own ({system.environment}).",
        )
    if any(span.starts <= call.time for grant in grants for span in grant.valid):
        return Refused(
            "access.ended",
            f"System {sender} might call {what} before, but no longer when the call was made.",
        )
    return Refused(
        "access.none",
        f"System {sender} had no agreement to call {what} when the call was made; request one.",
    )
