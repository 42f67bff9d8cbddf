"""EAN numbers are taken in any usual writing and their check digit is required."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.gln import GlnError, check_digit, check_gln

twelve_digits = st.integers(min_value=0, max_value=10**12 - 1).map(lambda n: f"{n:012d}")


@pytest.mark.parametrize("written", ["5798009811578", "5798 0098 11578", "579800-9811578", "5798000416642"])
def test_real_numbers_pass(written: str) -> None:
    assert check_gln(written) == written.replace(" ", "").replace("-", "")


@pytest.mark.parametrize("written", ["", "579800981157", "57980098115780", "579800981157x", "٥٧٩٨٠٠٩٨١١٥٧٨"])
def test_what_is_not_thirteen_digits_is_refused(written: str) -> None:
    with pytest.raises(GlnError, match="thirteen digits"):
        check_gln(written)


def test_a_wrong_check_digit_is_refused() -> None:
    with pytest.raises(GlnError, match="check digit"):
        check_gln("5790000000000")


@given(twelve_digits, st.integers(0, 12), st.integers(1, 9))
@settings(derandomize=True, max_examples=200)
def test_every_single_mistyped_digit_is_found(twelve: str, place: int, shift: int) -> None:
    number = twelve + check_digit(twelve)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    assert check_gln(number) == number
    with pytest.raises(GlnError):
        check_gln(wrong)


@pytest.mark.parametrize("twelve", ["", "57980098115", "5798009811578", "57980098115x"])
def test_a_check_digit_needs_twelve_digits(twelve: str) -> None:
    with pytest.raises(GlnError, match="twelve digits"):
        check_digit(twelve)
