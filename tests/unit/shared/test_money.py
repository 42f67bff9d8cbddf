"""Kroner are exact, rounded once and half up, and written as Danes write them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.money import MoneyError, checked, danish, danish_count, line_amount, to_ore, vat

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=6)
prices = st.decimals(min_value=0, max_value=10**6, places=6)


def exact_half_up(value: Fraction) -> Decimal:
    """The same rounding by whole-number arithmetic, to compare with."""
    ore = int(abs(value) * 100 + Fraction(1, 2))
    return Decimal(ore if value >= 0 else -ore).scaleb(-2)


@pytest.mark.parametrize(
    ("amount", "ore"),
    [
        ("0.005", "0.01"),
        ("0.0049999", "0.00"),
        ("-0.005", "-0.01"),
        ("-0.004", "0.00"),
        ("2.675", "2.68"),
        ("1234567890123.455", "1234567890123.46"),
    ],
)
def test_rounds_half_up_to_the_ore(amount: str, ore: str) -> None:
    assert str(to_ore(Decimal(amount))) == ore


@given(amounts)
@settings(derandomize=True, max_examples=200)
def test_rounding_agrees_with_whole_number_arithmetic(amount: Decimal) -> None:
    assert to_ore(amount) == exact_half_up(Fraction(amount))


@given(st.integers(min_value=0, max_value=10**8), prices)
@settings(derandomize=True, max_examples=200)
def test_a_line_is_rounded_once(quantity: int, price: Decimal) -> None:
    assert line_amount(quantity, price) == exact_half_up(quantity * Fraction(price))


@given(amounts)
@settings(derandomize=True, max_examples=200)
def test_vat_is_a_quarter(net: Decimal) -> None:
    assert vat(net) == exact_half_up(Fraction(net) / 4)


@given(amounts)
@settings(derandomize=True, max_examples=200)
def test_what_is_written_is_the_amount(amount: Decimal) -> None:
    written = danish(amount, unit="")

    assert Decimal(written.replace(".", "").replace(",", ".")) == amount
    assert len(written.split(",")[1]) >= 2


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234.56", "1.234,56 kr."),
        ("1234567.5", "1.234.567,50 kr."),
        ("0.0485", "0,0485 kr."),
        ("0.000001", "0,000001 kr."),
        ("0.100000", "0,10 kr."),
        ("-1234", "-1.234,00 kr."),
        ("-0.00", "0,00 kr."),
        ("1E+3", "1.000,00 kr."),
    ],
)
def test_written_in_danish(amount: str, text: str) -> None:
    assert danish(Decimal(amount)) == text


def test_counts_in_danish() -> None:
    assert [danish_count(n) for n in (0, 999, 1000, 1234567, -1000)] == [
        "0",
        "999",
        "1.000",
        "1.234.567",
        "-1.000",
    ]


@pytest.mark.parametrize("bad", [0.1, 1, True, "1.00", None, Decimal("NaN"), Decimal("Infinity"), Decimal("1E15")])
def test_what_is_not_money_is_refused(bad: object) -> None:
    for use in (checked, to_ore, vat, danish):
        with pytest.raises(MoneyError):
            use(bad)  # type: ignore[operator]


def test_a_finer_price_is_refused_not_rounded() -> None:
    with pytest.raises(MoneyError, match="more than 6 decimals"):
        danish(Decimal("0.0000001"))
    with pytest.raises(MoneyError, match="more than 6 decimals"):
        line_amount(1, Decimal("0.0000001"))


@pytest.mark.parametrize("quantity", [1.0, True, Decimal(1), "1"])
def test_a_quantity_is_a_whole_number(quantity: object) -> None:
    with pytest.raises(MoneyError, match="quantity"):
        line_amount(quantity, Decimal(1))  # type: ignore[arg-type]
