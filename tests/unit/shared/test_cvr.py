"""CVR numbers are taken in any usual writing and checked by the register's rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.cvr import CvrError, check_cvr, has_check_sum

eight_digits = st.integers(min_value=10_000_000, max_value=99_999_999).map(str)


@pytest.mark.parametrize("written", ["64942212", "DK64942212", "dk 64 94 22 12", "DK-64942212", " 6494.2212 "])
def test_usual_writings_are_one_number(written: str) -> None:
    assert check_cvr(written) == "64942212"


@pytest.mark.parametrize(
    "written", ["", "DK", "6494221", "649422120", "06494221", "6494221x", "٦٤٩٤٢٢١٢", "SE64942212"]
)
@pytest.mark.parametrize("test_organisation", [True, False])
def test_what_is_not_eight_digits_is_refused(written: str, test_organisation: bool) -> None:
    with pytest.raises(CvrError, match="eight digits"):
        check_cvr(written, test_organisation=test_organisation)


@given(eight_digits.filter(has_check_sum), st.integers(0, 7), st.integers(1, 9))
@settings(derandomize=True, max_examples=200)
def test_every_single_mistyped_digit_is_found(number: str, place: int, shift: int) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    assert check_cvr(number) == number
    with pytest.raises(CvrError):
        check_cvr(wrong)


@pytest.mark.parametrize("number", ["95285664", "93444782", "12345678"])
def test_a_test_organisation_may_fail_the_check_sum(number: str) -> None:
    with pytest.raises(CvrError, match="modulus 11"):
        check_cvr(number)

    assert check_cvr(number, test_organisation=True) == number
