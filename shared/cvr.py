"""CVR numbers: the eight digits that identify a Danish legal unit."""

import re

_WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)
_SEPARATORS = re.compile(r"[\s.,:/-]+")
_EIGHT_DIGITS = re.compile(r"[1-9][0-9]{7}")


class CvrError(ValueError):
    """A text is not a CVR number."""


def check_cvr(text: str, *, test_organisation: bool = False) -> str:
    """The CVR number as eight digits, from any usual way of writing it (``DK 12 34 56 78``).

    :param test_organisation: test organisations are given numbers that belong to nobody and therefore
        fail the check sum; True leaves the check sum out and keeps every other rule.
    :raises CvrError: not eight digits, begins with 0, or fails the modulus 11 check.
    """
    digits = _SEPARATORS.sub("", text)
    if digits[:2].upper() == "DK":
        digits = digits[2:]
    if not _EIGHT_DIGITS.fullmatch(digits):
        raise CvrError(f"CVR number {text!r}: it is eight digits, the first not 0, for example 12345674")
    if not test_organisation and not has_check_sum(digits):
        raise CvrError(f"CVR number {text!r}: its digits fail the modulus 11 check; look for a mistyped digit")
    return digits


def has_check_sum(digits: str) -> bool:
    """Whether eight digits satisfy the register's modulus 11 rule (weights 2 7 6 5 4 3 2 1)."""
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11 == 0
