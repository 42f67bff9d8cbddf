"""Danish kroner: exact amounts, VAT, and how both are written for people.

Amounts are ``Decimal``. A float is refused, because 0.1 + 0.2 kr. is not 0.3 kr. in it.
"""

from decimal import ROUND_HALF_UP, Context, Decimal

ORE = Decimal("0.01")
VAT_PERCENT = Decimal(25)
"""Danish VAT has one rate (momsloven § 33)."""

UNIT_PRICE_DECIMALS = 6
"""Prices per call may be fractions of an øre; six decimals of a krone is the finest the platform keeps."""

_LARGEST = Decimal(10) ** 15
# The default context rounds at 28 digits; a large count times a fine price must be rounded at its øre only.
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


class MoneyError(ValueError):
    """An amount cannot be used as money."""


def checked(amount: Decimal, what: str = "amount") -> Decimal:
    """The amount itself, if it is a finite ``Decimal`` below 10^15 kr.

    :param what: what the amount is, for the error's sentence.
    :raises MoneyError: a float or other type, NaN, infinity, or too large to be meant.
    """
    if not isinstance(amount, Decimal):
        raise MoneyError(f"{what}: money is a Decimal, not {type(amount).__name__} ({amount!r})")
    if not amount.is_finite():
        raise MoneyError(f"{what}: {amount} is not a finite amount")
    if abs(amount) >= _LARGEST:
        raise MoneyError(f"{what}: {amount} kr. is beyond what the platform can bill (10^15 kr.)")
    return amount


def to_ore(amount: Decimal) -> Decimal:
    """Round kroner to whole øre, half up (a half øre rounds away from zero). The result has 2 decimals.

    :raises MoneyError: see :func:`checked`.
    """
    rounded = checked(amount).quantize(ORE, context=_EXACT)
    return rounded or Decimal("0.00")  # never "-0.00"


def line_amount(quantity: int, unit_price: Decimal) -> Decimal:
    """What an invoice line costs: quantity × unit price, rounded once, to the øre.

    :raises MoneyError: quantity is not a whole number, or the price has more than 6 decimals.
    """
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        raise MoneyError(f"quantity: a whole number of calls, not {quantity!r}")
    return to_ore(_EXACT.multiply(Decimal(quantity), unit_price_checked(unit_price)))


def unit_price_checked(price: Decimal) -> Decimal:
    """The price itself, if it is money with at most 6 decimals.

    :raises MoneyError: not money, or finer than the platform keeps.
    """
    exponent = checked(price, "unit price").normalize(_EXACT).as_tuple().exponent
    if isinstance(exponent, int) and exponent < -UNIT_PRICE_DECIMALS:
        raise MoneyError(f"unit price: {price} has more than {UNIT_PRICE_DECIMALS} decimals")
    return price


def vat(net: Decimal) -> Decimal:
    """VAT of a net amount, 25 %, rounded half up to the øre. To be taken once per invoice, of its sum.

    :raises MoneyError: see :func:`checked`.
    """
    return to_ore(_EXACT.multiply(checked(net, "net amount"), VAT_PERCENT / 100))


def danish(amount: Decimal, *, unit: str = " kr.") -> str:
    """Write an amount as Danes do: ``1.234,56 kr.``; a unit price keeps up to 6 decimals: ``0,0485 kr.``

    :param unit: what follows the number; "" gives the number alone.
    :raises MoneyError: not money, or more than 6 decimals (it would have to be rounded to be shown).
    """
    plain = unit_price_checked(amount).normalize(_EXACT)
    digits = f"{abs(plain):f}"
    kroner, _, decimals = digits.partition(".")
    sign = "-" if plain < 0 else ""
    return f"{sign}{_grouped(int(kroner))},{decimals:0<2}{unit}"


def danish_count(count: int) -> str:
    """Write a whole number as Danes do: ``1.234.567``."""
    return f"{'-' if count < 0 else ''}{_grouped(abs(count))}"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", ".")
