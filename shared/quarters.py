"""Quarters: civil time in Copenhagen, because that is what is billed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from shared.days import civil_day, day_starts

if TYPE_CHECKING:
    from shared.contracts.metering import SealedTotal

_LABEL = re.compile(r"(\d{4})Q([1-4])")


@dataclass(frozen=True, order=True)
class Quarter:
    """A calendar quarter of civil time in Copenhagen: `Quarter(2027, 1)` is 1 January to 31 March 2027."""

    year: int
    number: int

    @classmethod
    def of(cls, instant: datetime) -> Quarter:
        """The quarter an instant (timezone-aware) falls in."""
        return cls.of_day(civil_day(instant))

    @classmethod
    def of_day(cls, day: date) -> Quarter:
        """The quarter a civil day falls in."""
        return cls(day.year, (day.month - 1) // 3 + 1)

    @classmethod
    def parse(cls, label: str) -> Quarter:
        """Read "2027Q1". Raises ValueError."""
        found = _LABEL.fullmatch(label)
        if not found:
            raise ValueError(f"{label!r} is not a quarter; write it like 2027Q1")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def danish(self) -> str:
        """As people write it: "1. kvartal 2027"."""
        return f"{self.number}. kvartal {self.year}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.number * 3 - 2, 1)

    @property
    def next(self) -> Quarter:
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)  # noqa: PLR2004

    @property
    def previous(self) -> Quarter:
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    @property
    def last_day(self) -> date:
        return date.fromordinal(self.next.first_day.toordinal() - 1)

    @property
    def starts(self) -> datetime:
        """Its first instant, UTC."""
        return day_starts(self.first_day)

    @property
    def ends(self) -> datetime:
        """The first instant after it, UTC."""
        return self.next.starts


def digest(totals: Iterable[SealedTotal]) -> str:
    """What two services compare before an invoice: hex SHA-256 over the totals, one sorted line each."""
    lines = sorted(
        f"{total.source_id} {total.service_id} {total.made_in_quarter} {total.calls}\n" for total in totals
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()
