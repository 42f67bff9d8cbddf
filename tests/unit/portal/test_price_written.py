"""A price as a Dane writes it is the price that is set."""

from decimal import Decimal

import pytest

from services.portal.pages.helpdesk.services import _amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0,0485", "0.0485"),
        ("0.485", "0.485"),
        ("1,35 kr.", "1.35"),
        ("1.000", "1000"),
        ("12.500,50", "12500.50"),
        ("1.35", "1.35"),
        ("1e3", None),
        ("1.00.0", None),
        ("-1", None),
        ("", None),
    ],
)
def test_a_price_is_read_as_it_is_written(text: str, amount: str | None) -> None:
    assert _amount(text) == (None if amount is None else Decimal(amount))
