"""How an agreement goes from request to end.

The rules are the platform's own for municipalities: the supplier asks, the municipality's signatory decides for
all or some of the services, approval means access and that the municipality pays, and either side can end it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.contracts.agreements import (
    Agreement,
    AgreementApproved,
    AgreementEvent,
    AgreementLine,
    AgreementNoticeResent,
    AgreementRejected,
    AgreementTerminated,
    AgreementWithdrawn,
    By,
)
from shared.contracts.event import Interval
from shared.problem import Conflict, Invalid, TooMany

State = Literal["requested", "approved", "rejected", "withdrawn", "terminated"]
Act = Literal["approve", "reject", "withdraw", "terminate", "resend_notice"]

TRANSITIONS: Mapping[tuple[State, Act], State] = {
    ("requested", "approve"): "approved",
    ("requested", "reject"): "rejected",
    ("requested", "withdraw"): "withdrawn",
    ("requested", "resend_notice"): "requested",
    ("approved", "terminate"): "terminated",
}
"""Everything that can happen to an agreement; what is not here is refused."""

RESEND_EVERY = timedelta(hours=1)
"""How long a supplier waits between two reminders about the same request (platform time)."""


@dataclass(frozen=True)
class Approve:
    """A signatory approves these services (None: all that were asked for) and thereby rejects the others.

    `system_state` is the system's at this moment; `not_open` the services that take no new agreements now.
    """

    service_ids: frozenset[UUID] | None
    system_state: str
    not_open: frozenset[UUID]
    act: Act = "approve"


@dataclass(frozen=True)
class Reject:
    """A signatory rejects the request, and says why."""

    reason: str
    act: Act = "reject"


@dataclass(frozen=True)
class Withdraw:
    """The supplier takes back what nobody has decided."""

    act: Act = "withdraw"


@dataclass(frozen=True)
class Terminate:
    """One side, or the operator, ends a running agreement, and says why."""

    by: By
    reason: str
    act: Act = "terminate"


@dataclass(frozen=True)
class ResendNotice:
    """The supplier wants the municipality told once more; `last` is when it was told again before."""

    last: datetime | None
    act: Act = "resend_notice"


Command = Approve | Reject | Withdraw | Terminate | ResendNotice


@dataclass(frozen=True)
class Outcome:
    """What a command makes of an agreement: its new whole state, the event that tells it, its line of history."""

    agreement: Agreement
    event: AgreementEvent
    what: str
    reason: str | None


def decide(agreement: Agreement, command: Command, now: datetime) -> Outcome:
    """The outcome of a command, or the Problem that says why it can't be."""
    state = TRANSITIONS.get((agreement.state, command.act))
    if state is None:
        raise _refusal(agreement, command.act)
    moved = agreement.model_copy(update={"state": state, "sequence": agreement.sequence + 1})
    match command:
        case Approve():
            return _approve(moved, command, now)
        case Reject():
            return _reject(moved, command, now)
        case Withdraw():
            return Outcome(moved, AgreementWithdrawn(agreement=moved), "withdrawn", None)
        case Terminate():
            return _terminate(moved, command, now)
        case ResendNotice():
            return _resend(moved, command, now)


def live_lines(agreement: Agreement) -> frozenset[UUID]:
    """The services that are undecided, or approved and running: they can't be asked for a second time."""
    if agreement.state == "requested":
        return frozenset(line.service_id for line in agreement.lines)
    if agreement.state == "approved":
        return frozenset(line.service_id for line in agreement.lines if line.decision == "approved")
    return frozenset()


def _approve(moved: Agreement, command: Approve, now: datetime) -> Outcome:
    asked = {line.service_id for line in moved.lines}
    chosen = asked if command.service_ids is None else command.service_ids
    if not chosen:
        raise Invalid("agreement.nothing_approved", "Name at least one service to approve, or reject the request.")
    if foreign := sorted(str(one) for one in chosen - asked):
        raise Invalid(
            "agreement.service_not_asked_for",
            f"The request does not ask for {', '.join(foreign)}; approve services of the request only.",
            service_ids=foreign,
        )
    if command.system_state == "deactivated":
        raise Conflict(
            "agreement.system_deactivated",
            f"The system {moved.system_name!r} was deactivated since; reject the request.",
        )
    if shut := sorted(str(one) for one in chosen & command.not_open):
        raise Conflict(
            "agreement.service_not_open",
            f"These services no longer take new agreements: {', '.join(shut)}; approve the others, or reject.",
            service_ids=shut,
        )
    lines = tuple(
        line.model_copy(update={"decision": "approved" if line.service_id in chosen else "rejected"})
        for line in moved.lines
    )
    whole = moved.model_copy(update={"lines": lines, "decided_at": now, "valid": (Interval(starts=now),)})
    what = "approved" if chosen == asked else "partly_approved"
    return Outcome(whole, AgreementApproved(agreement=whole), what, None)


def _reject(moved: Agreement, command: Reject, now: datetime) -> Outcome:
    lines: tuple[AgreementLine, ...] = tuple(
        line.model_copy(update={"decision": "rejected", "reason": command.reason}) for line in moved.lines
    )
    whole = moved.model_copy(update={"lines": lines, "decided_at": now, "reason": command.reason})
    return Outcome(whole, AgreementRejected(agreement=whole), "rejected", command.reason)


def _terminate(moved: Agreement, command: Terminate, now: datetime) -> Outcome:
    running = moved.valid[-1]
    # Another copy of the service may be a moment behind with a clock that was just moved.
    ended = running.model_copy(update={"ends": max(now, running.starts)})
    whole = moved.model_copy(update={"valid": (*moved.valid[:-1], ended), "reason": command.reason})
    event = AgreementTerminated(agreement=whole, by=command.by)
    return Outcome(whole, event, "terminated", command.reason)


def _resend(moved: Agreement, command: ResendNotice, now: datetime) -> Outcome:
    if command.last is not None and now < command.last + RESEND_EVERY:
        again = command.last + RESEND_EVERY
        raise TooMany(
            "agreement.notice_resent_recently",
            f"The municipality was told again at {command.last:%Y-%m-%d %H:%M:%SZ};"
            f" once an hour is allowed, next at {again:%Y-%m-%d %H:%M:%SZ}.",
            again_at=again.isoformat(),
        )
    return Outcome(moved, AgreementNoticeResent(agreement=moved), "notice_resent", None)


def _refusal(agreement: Agreement, act: Act) -> Conflict:
    if act == "terminate":
        if agreement.state == "requested":
            return Conflict(
                "agreement.not_running",
                "The request is not decided yet: the municipality rejects it, or the supplier withdraws it.",
                state=agreement.state,
            )
        return Conflict(
            "agreement.not_running",
            f"Only a running agreement can be terminated; this one is {agreement.state}.",
            state=agreement.state,
        )
    if agreement.state == "withdrawn":
        return Conflict(
            "agreement.withdrawn", "The supplier has withdrawn this request; it can't be acted on.", state="withdrawn"
        )
    decided = f" at {agreement.decided_at:%Y-%m-%d %H:%M:%SZ}" if agreement.decided_at else ""
    return Conflict(
        "agreement.already_decided",
        f"The municipality has decided this request already{decided}: the agreement is {agreement.state}.",
        state=agreement.state,
    )
