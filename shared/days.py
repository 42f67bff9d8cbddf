"""Civil days in Copenhagen, and how Danes write a day and a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
_MONTHS = (
    *("januar", "februar", "marts", "april", "maj", "juni"),
    *("juli", "august", "september", "oktober", "november", "december"),
)


def civil_day(instant: datetime) -> date:
    """The day in Copenhagen an instant (timezone-aware) falls on."""
    assert instant.tzinfo is not None
    return instant.astimezone(COPENHAGEN).date()


def day_starts(day: date) -> datetime:
    """A civil day's first instant, UTC."""
    return datetime.combine(day, time(), COPENHAGEN).astimezone(UTC)


def danish_day(day: date) -> str:
    """``12. juli 2027``."""
    return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"


def danish_moment(instant: datetime) -> str:
    """An instant (timezone-aware) as the clock in Copenhagen shows it: ``3. marts 2027 kl. 14.05``."""
    assert instant.tzinfo is not None
    local = instant.astimezone(COPENHAGEN)
    return f"{danish_day(local.date())} kl. {local:%H.%M}"
