"""What metering says: how many calls were made, and that a quarter is sealed."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import ACTED_ON, Aggregate, Environment, Event, State, Text

MAX_COUNTS = 500
"""How many counts one usage event carries at the most."""


class Count(State):
    """How many calls were counted under one agreement, service, certificate and hour: an absolute total.

    It only grows, so the highest is the newest. `hour` is the UTC hour of the calls (its start);
    `billing_quarter` ("2027Q1") the quarter it is billed in: that of the calls, or a later one where that was
    sealed already. `accounting_info` is the caller's own cost key, empty where none was given.
    """

    source: Literal["agreement", "trial"]
    source_id: UUID
    access_id: UUID
    environment: Environment
    supplier_id: UUID
    system_id: UUID
    municipality_id: UUID
    service_id: UUID
    certificate_id: UUID
    hour: AwareDatetime
    billing_quarter: Text
    accounting_info: Text = ""
    calls: Annotated[int, Field(ge=0)]


class Usage(Aggregate):
    """A handful of counts that changed, told together; `id` is that of the telling."""

    counts: Annotated[tuple[Count, ...], Field(max_length=MAX_COUNTS)]


class SealedTotal(State):
    """What one agreement's service comes to in a sealed quarter, by the civil quarter the calls were made in."""

    source_id: UUID
    service_id: UUID
    made_in_quarter: Text
    calls: Annotated[int, Field(ge=0)]


class SealedQuarter(Aggregate):
    """One municipality's production calls billed in one quarter, final: `id` is of that pair.

    `digest` is the hex SHA-256 over the totals' canonical lines (`shared.quarters.digest`).
    """

    quarter: Text
    municipality_id: UUID
    sealed_at: AwareDatetime
    calls: Annotated[int, Field(ge=0)]
    totals: tuple[SealedTotal, ...]
    digest: Text


class UsageEvent(Event):
    speaker: ClassVar[str] = "metering"
    about: ClassVar[str] = "usage"
    usage: Usage


class UsageCounted(UsageEvent):
    """Counts changed: their new absolute totals."""

    type: ClassVar[str] = "usage.counted.v1"


class UsageRestated(UsageEvent):
    """Counts' present totals, for copies that are new or broken."""

    type: ClassVar[str] = "usage.restated.v1"


class QuarterSealed(Event):
    """A municipality's quarter is closed: nothing more is counted into it."""

    type: ClassVar[str] = "quarter.sealed.v1"
    kept: ClassVar[timedelta] = ACTED_ON
    speaker: ClassVar[str] = "metering"
    about: ClassVar[str] = "sealed"
    sealed: SealedQuarter


EVENTS: tuple[type[Event], ...] = (UsageCounted, UsageRestated, QuarterSealed)
