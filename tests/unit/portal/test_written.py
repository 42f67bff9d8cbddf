"""Numbers, money and time as people write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.portal.domain.written import NONE, Written
from shared.quarters import Quarter

DANISH, ENGLISH = Written("da"), Written("en")
AT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)  # after midnight in Copenhagen


@pytest.mark.parametrize(
    ("danish", "english", "how", "value"),
    [
        ("12.480", "12,480", "number", 12480),
        ("1.747,20 kr.", "DKK 1,747.20", "money", "1747.20"),
        ("-0,50 kr.", "DKK -0.50", "money", Decimal("-0.5")),
        ("0,0485 kr.", "DKK 0.0485", "price", "0.048500"),
        ("1,00 kr.", "DKK 1.00", "price", "1"),
        ("0,4 %", "0.4 %", "percent", 0.0042),
        ("2. juli 2026", "2 July 2026", "day", AT),
        ("1. juli 2026", "1 July 2026", "day", date(2026, 7, 1)),
        ("1. juli 2026", "1 July 2026", "day", "2026-07-01"),
        ("02.07.2026", "2 Jul 2026", "short_day", AT.isoformat()),
        ("2. juli 2026 kl. 00.30", "2 July 2026 at 00:30", "moment", AT.isoformat()),
        ("02.07.2026 00.30", "2 Jul 2026 00:30", "short_moment", AT),
        ("3. kvartal 2026", "Q3 2026", "quarter", "2026Q3"),
        ("3. kvartal 2026", "Q3 2026", "quarter", Quarter(2026, 3)),
    ],
)
def test_each_language_has_its_way(danish: str, english: str, how: str, value: object) -> None:
    assert getattr(DANISH, how)(value).replace("\xa0", " ") == danish
    assert getattr(ENGLISH, how)(value).replace("\xa0", " ") == english


@pytest.mark.parametrize("how", ["number", "percent", "money", "price", "day", "moment", "quarter"])
def test_nothing_is_a_dash(how: str) -> None:
    assert getattr(DANISH, how)(None) == NONE


def test_how_long_ago() -> None:
    assert DANISH.ago(AT, datetime(2026, 7, 4, 22, 30, tzinfo=UTC)) == "for 3 dage siden"
    assert ENGLISH.ago(AT, datetime(2026, 7, 1, 20, 30, tzinfo=UTC)) == "in 2 hours"
