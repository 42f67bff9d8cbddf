"""How numbers, money, days and moments are written for people, in their language. Times are those of Copenhagen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal, format_percent

from services.portal.domain.language import Language
from shared.days import COPENHAGEN
from shared.quarters import Quarter

_LOCALES = {"da": "da_DK", "en": "en_GB"}
NONE = "–"
"""Stands where there is nothing to show."""


@dataclass(frozen=True)
class Written:
    """Writes things in one language. What the services send as text (amounts, instants) is read first."""

    language: Language

    @property
    def _locale(self) -> str:
        return _LOCALES[self.language]

    def number(self, value: float | str | None) -> str:
        """A whole number: 12.480."""
        return NONE if value is None else format_decimal(int(value), locale=self._locale)

    def percent(self, share: float | None) -> str:
        """A share of one with one decimal at the most: 0,4 %."""
        return NONE if share is None else format_percent(share, "#,##0.#\u00a0%", locale=self._locale)

    def money(self, amount: Decimal | str | None) -> str:
        """An amount to the øre: 1.747,20 kr."""
        if amount is None:
            return NONE
        told = format_decimal(Decimal(amount), "#,##0.00", locale=self._locale)
        return f"{told} kr." if self.language == "da" else f"DKK {told}"

    def price(self, amount: Decimal | str | None) -> str:
        """A price of one call, with as many decimals as it has: 0,0485 kr."""
        if amount is None:
            return NONE
        told = format_decimal(Decimal(amount), "#,##0.00####", locale=self._locale)
        return f"{told} kr." if self.language == "da" else f"DKK {told}"

    def day(self, value: date | datetime | str | None) -> str:
        """A day in full: 19. november 2026."""
        found = _day(value)
        return NONE if found is None else format_date(found, "long", locale=self._locale)

    def short_day(self, value: date | datetime | str | None) -> str:
        """A day in a table: 19.11.2026, in English 19 Nov 2026."""
        found = _day(value)
        pattern = "dd.MM.yyyy" if self.language == "da" else "d MMM yyyy"
        return NONE if found is None else format_date(found, pattern, locale=self._locale)

    def moment(self, value: datetime | str | None) -> str:
        """A moment: 19. november 2026 kl. 10.42."""
        found = _instant(value)
        if found is None:
            return NONE
        local = found.astimezone(COPENHAGEN)
        day = format_date(local, "long", locale=self._locale)
        return f"{day} kl. {local:%H.%M}" if self.language == "da" else f"{day} at {local:%H:%M}"

    def short_moment(self, value: datetime | str | None) -> str:
        """A moment in a table: 19.11.2026 10.42."""
        found = _instant(value)
        if found is None:
            return NONE
        local = found.astimezone(COPENHAGEN)
        return (
            f"{self.short_day(local)} {local:%H.%M}"
            if self.language == "da"
            else (f"{self.short_day(local)} {local:%H:%M}")
        )

    def ago(self, value: datetime | str | None, now: datetime) -> str:
        """How long ago, or in how long: for 3 dage siden, om 2 timer."""
        found = _instant(value)
        return NONE if found is None else format_timedelta(found - now, add_direction=True, locale=self._locale)

    def quarter(self, value: Quarter | str | None) -> str:
        """A quarter: 1. kvartal 2027, in English Q1 2027."""
        if value is None:
            return NONE
        found = value if isinstance(value, Quarter) else Quarter.parse(value)
        return found.danish if self.language == "da" else f"Q{found.number} {found.year}"

    def month(self, value: date | str) -> str:
        """A month in a chart: nov."""
        found = _day(value)
        assert found is not None
        return format_date(found, "MMM", locale=self._locale).rstrip(".")


def machine(value: Any) -> str:
    """An instant or a day as `<time datetime>` wants it."""
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _instant(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _day(value: date | datetime | str | None) -> date | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(COPENHAGEN).date()
    return value
