"""What the notifier says: what became of a notice. Addresses and names stay with the notifier."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.event import Aggregate, Event, LongText, Text


class Notice(Aggregate):
    """One e-mail to one recipient: what it was about and what became of it."""

    kind: Text
    organisation_id: UUID | None = None
    about_id: UUID
    state: Literal["queued", "sent", "failed"]
    attempts: int
    reason: LongText | None = None


class NoticeEvent(Event):
    speaker: ClassVar[str] = "notifier"
    about: ClassVar[str] = "notice"
    notice: Notice


class NoticeSent(NoticeEvent):
    """A mail server took over a notice."""

    type: ClassVar[str] = "notice.sent.v1"


class NoticeFailed(NoticeEvent):
    """A notice was given up: the mail server refused it for good, or for too long."""

    type: ClassVar[str] = "notice.failed.v1"


EVENTS: tuple[type[Event], ...] = (NoticeSent, NoticeFailed)
