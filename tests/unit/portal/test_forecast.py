"""What a quarter is foretold to come to."""

from datetime import date
from decimal import Decimal

import pytest

from services.portal.domain.forecast import Forecast, forecast
from shared.quarters import Quarter

QUARTER = Quarter(2027, 3)


def test_the_days_that_are_gone_stand_for_the_whole_quarter() -> None:
    found = forecast(4600, Decimal("92.46"), QUARTER, date(2027, 8, 16))

    assert found == Forecast(calls=9200, net=Decimal("184.92"), gone=46, days=92)


def test_amounts_are_rounded_to_the_ore() -> None:
    found = forecast(1, Decimal("0.10"), QUARTER, date(2027, 7, 8))

    assert found is not None
    assert (found.gone, found.calls, found.net) == (7, 13, Decimal("1.31"))  # 0.10 x 92 / 7 = 1.314


@pytest.mark.parametrize("today", [date(2027, 7, 1), date(2027, 7, 7), date(2027, 10, 1), date(2027, 6, 30)], ids=str)
def test_nothing_is_foretold_too_early_or_of_another_quarter(today: date) -> None:
    assert forecast(100, Decimal(10), QUARTER, today) is None


def test_the_last_day_of_the_quarter_is_still_to_come() -> None:
    found = forecast(91, Decimal(91), QUARTER, date(2027, 9, 30))

    assert found is not None
    assert (found.gone, found.calls) == (91, 92)
