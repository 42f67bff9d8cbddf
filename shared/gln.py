"""EAN location numbers (GLN): the thirteen digits a public unit receives invoices on."""

import re

_SEPARATORS = re.compile(r"[\s.-]+")
_THIRTEEN_DIGITS = re.compile(r"[0-9]{13}")
_TWELVE_DIGITS = re.compile(r"[0-9]{12}")


class GlnError(ValueError):
    """A text is not an EAN location number."""


def check_digit(twelve: str) -> str:
    """The thirteenth digit of a GLN (GS1: weights 1 and 3 by turns, up to the next ten).

    :raises GlnError: not twelve digits.
    """
    if not _TWELVE_DIGITS.fullmatch(twelve):
        raise GlnError(f"{twelve!r}: a GLN's check digit is made from twelve digits")
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return str(-weighted % 10)


def check_gln(text: str) -> str:
    """The EAN number as thirteen digits, from any usual way of writing it (``5798 0098 11578``).

    :raises GlnError: not thirteen digits, or the last is not the check digit of the others.
    """
    digits = _SEPARATORS.sub("", text)
    if not _THIRTEEN_DIGITS.fullmatch(digits):
        raise GlnError(f"EAN number {text!r}: it is thirteen digits, for example 5798009811578")
    if digits[-1] != check_digit(digits[:-1]):
        raise GlnError(f"EAN number {text!r}: its last digit is not the check digit; look for a mistyped digit")
    return digits
