"""What every event is: a fact in the past tense, carrying the whole present state it is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(max_length=255)]
LongText = Annotated[str, StringConstraints(max_length=4000)]
Environment = Literal["production", "test"]


ACTED_ON = timedelta(days=7)
"""`Event.kept` of what listeners act on: longer than a listener is away before somebody sees to it."""


class State(BaseModel):
    """A frozen value in an event. Readers ignore fields they do not know, so that speakers may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Interval(State):
    """A span of time in UTC: from `starts` (included) to `ends` (not included; None = still running)."""

    starts: AwareDatetime
    ends: AwareDatetime | None = None

    def covers(self, instant: datetime) -> bool:
        return self.starts <= instant and (self.ends is None or instant < self.ends)


def covered(intervals: tuple[Interval, ...], instant: datetime) -> bool:
    """Whether any of the intervals covers the instant."""
    return any(interval.covers(instant) for interval in intervals)


class Aggregate(State):
    """The whole present state of one thing, as others may know it.

    `sequence` is its version: it rises by one with every change, so that a copy-keeper keeps the highest.
    """

    id: UUID
    sequence: Annotated[int, Field(ge=1)]


class Event(State):
    """A fact one service tells the others. `type` is also the routing key: `agreement.approved.v1`."""

    type: ClassVar[str] = ""
    speaker: ClassVar[str] = ""
    about: ClassVar[str] = ""
    """The field that holds the aggregate the event is about."""
    only_for: ClassVar[str | None] = None
    """The one service that may listen, for what must not linger anywhere else."""

    kept: ClassVar[timedelta] = timedelta(0)
    """How long its speaker keeps it after it was published (real time), to say it again when the broker or a
    listener's database is lost with it. For what is acted on one by one, such as a mail; of what is only copied
    the present state is restated instead.
    """

    @property
    def aggregate(self) -> Aggregate:
        found = getattr(self, self.about)
        assert isinstance(found, Aggregate)
        return found

    @property
    def subject(self) -> str:
        return str(self.aggregate.id)

    @property
    def sequence(self) -> int:
        return self.aggregate.sequence
