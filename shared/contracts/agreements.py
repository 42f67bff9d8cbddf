"""What agreements says: service agreements from request to end, and trial connections."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import ACTED_ON, Aggregate, Environment, Event, Interval, LongText, State, Text

By = Literal["supplier", "municipality", "operator"]


class AgreementLine(State):
    """One service of an agreement, with the name it had when asked for and the municipality's answer."""

    service_id: UUID
    service_name: Text
    decision: Literal["pending", "approved", "rejected"]
    reason: LongText | None = None


class Agreement(Aggregate):
    """A service agreement between one municipality and one supplier's system, from request to end.

    `lines` are the services; `valid` the spans in which the approved ones may be called (and are billed).
    Names are those at the time of the request: the text the municipality decided on.
    """

    request_id: UUID
    environment: Environment
    supplier_id: UUID
    supplier_name: Text
    municipality_id: UUID
    municipality_name: Text
    system_id: UUID
    system_name: Text
    purpose: LongText
    expected_calls_per_quarter: Annotated[int, Field(ge=0)] | None = None
    lines: tuple[AgreementLine, ...]
    state: Literal["requested", "approved", "rejected", "withdrawn", "terminated"]
    valid: tuple[Interval, ...]
    requested_at: AwareDatetime
    decided_at: AwareDatetime | None = None
    reason: LongText | None = None


class TrialLine(State):
    """One service a trial connection opens."""

    service_id: UUID
    service_name: Text


class Trial(Aggregate):
    """A trial connection (prøvetilslutning): the external test environment, without a municipality's approval.

    Its calls name the platform's own test municipality; they are counted, never billed.
    """

    supplier_id: UUID
    supplier_name: Text
    system_id: UUID
    system_name: Text
    municipality_id: UUID
    municipality_name: Text
    lines: tuple[TrialLine, ...]
    state: Literal["open", "closed"]
    valid: tuple[Interval, ...]


class AgreementEvent(Event):
    speaker: ClassVar[str] = "agreements"
    about: ClassVar[str] = "agreement"
    agreement: Agreement


class AgreementRequested(AgreementEvent):
    """A supplier asked a municipality for a service agreement."""

    type: ClassVar[str] = "agreement.requested.v1"
    kept: ClassVar[timedelta] = ACTED_ON


class AgreementApproved(AgreementEvent):
    """A municipality's signatory approved all or some of the services: access opens, the municipality pays."""

    type: ClassVar[str] = "agreement.approved.v1"
    kept: ClassVar[timedelta] = ACTED_ON


class AgreementRejected(AgreementEvent):
    """A municipality's signatory rejected a request, with a reason."""

    type: ClassVar[str] = "agreement.rejected.v1"
    kept: ClassVar[timedelta] = ACTED_ON


class AgreementWithdrawn(AgreementEvent):
    """The supplier took back a request that was not yet decided."""

    type: ClassVar[str] = "agreement.withdrawn.v1"
    kept: ClassVar[timedelta] = ACTED_ON


class AgreementTerminated(AgreementEvent):
    """An agreement ended: its access closes at once."""

    type: ClassVar[str] = "agreement.terminated.v1"
    kept: ClassVar[timedelta] = ACTED_ON
    by: By


class AgreementNoticeResent(AgreementEvent):
    """The supplier asked for the notice of an undecided request to be sent again (gensend advis)."""

    type: ClassVar[str] = "agreement.notice_resent.v1"
    kept: ClassVar[timedelta] = ACTED_ON


class AgreementRestated(AgreementEvent):
    """An agreement's present state, for copies that are new or broken."""

    type: ClassVar[str] = "agreement.restated.v1"


class TrialEvent(Event):
    speaker: ClassVar[str] = "agreements"
    about: ClassVar[str] = "trial"
    trial: Trial


class TrialOpened(TrialEvent):
    """A supplier opened a trial connection."""

    type: ClassVar[str] = "trial.opened.v1"
    kept: ClassVar[timedelta] = ACTED_ON


class TrialClosed(TrialEvent):
    """A trial connection ended."""

    type: ClassVar[str] = "trial.closed.v1"
    by: By


class TrialRestated(TrialEvent):
    """A trial connection's present state, for copies that are new or broken."""

    type: ClassVar[str] = "trial.restated.v1"


EVENTS: tuple[type[Event], ...] = (
    AgreementRequested,
    AgreementApproved,
    AgreementRejected,
    AgreementWithdrawn,
    AgreementTerminated,
    AgreementNoticeResent,
    AgreementRestated,
    TrialOpened,
    TrialClosed,
    TrialRestated,
)
