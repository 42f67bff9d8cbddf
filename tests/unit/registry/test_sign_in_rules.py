"""Which organisation one signs in for, which passwords are good, how the clock moves."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.domain.clock import FARTHEST, offset_to
from services.registry.domain.password import COMMON, FEWEST_DIFFERENT, LONGEST, SHORTEST, check_password
from services.registry.domain.person import Person, Standing
from services.registry.domain.sign_in import address_digest, choose
from shared.contracts.registry import Organisation
from shared.problem import Conflict, Forbidden, Invalid, Unauthorised

REAL = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
PERSON = Person(uuid.UUID(int=9), 1, "Navn", "p@example.com", None)


def standing(number: int, *, active: bool = True, organisation_active: bool = True) -> Standing:
    organisation = Organisation(
        id=uuid.UUID(int=number),
        sequence=1,
        name=f"O{number}",
        cvr="12345674",
        kinds=("supplier",),
        active=organisation_active,
    )
    return Standing(organisation, ("user",), active)


def test_the_first_that_holds_is_chosen() -> None:
    ended, inactive, first, second = (
        standing(1, active=False),
        standing(2, organisation_active=False),
        standing(3),
        standing(4),
    )

    chosen = choose(PERSON, [ended, inactive, first, second], None)

    assert chosen.standing == first
    assert chosen.standings == (first, second)


@pytest.mark.parametrize("wanted", [1, 2, 99])
def test_one_that_does_not_hold_can_not_be_chosen(wanted: int) -> None:
    with pytest.raises(Forbidden) as refused:
        choose(
            PERSON,
            [standing(1, active=False), standing(2, organisation_active=False), standing(3)],
            uuid.UUID(int=wanted),
        )

    assert refused.value.code == "sign_in.no_membership"


def test_with_none_left_it_is_like_a_wrong_password() -> None:
    with pytest.raises(Unauthorised) as refused:
        choose(PERSON, [standing(1, active=False)], uuid.UUID(int=1))

    assert refused.value.code == "sign_in.refused"


def test_failures_of_one_address_are_counted_together_however_it_is_written() -> None:
    assert address_digest(" Bo@Example.COM ") == address_digest("bo@example.com")
    assert address_digest("bo@example.com") != address_digest("bo@example.org")


@settings(derandomize=True, max_examples=200)
@given(st.text(max_size=140) | st.text("abcdef", min_size=11, max_size=13))
def test_a_password_is_good_or_refused_for_one_known_reason(password: str) -> None:
    if SHORTEST <= len(password) <= LONGEST and len(set(password.strip().casefold())) >= FEWEST_DIFFERENT:
        check_password(password, email="anna@aeroe.example")
    else:
        with pytest.raises(Invalid) as refused:
            check_password(password, email="anna@aeroe.example")
        fits = SHORTEST <= len(password) <= LONGEST
        assert refused.value.code == ("password.common" if fits else "password.length")


@pytest.mark.parametrize("common", sorted(COMMON))
def test_the_common_ones_are_long_enough_to_be_worth_a_place_on_the_list(common: str) -> None:
    assert common == common.casefold()
    assert len(common) >= SHORTEST
    with pytest.raises(Invalid) as refused:
        check_password(common.upper(), email="anna@aeroe.example")
    assert refused.value.code == "password.common"


def test_ones_own_address_is_no_password() -> None:
    with pytest.raises(Invalid) as refused:
        check_password("Anna@Aeroe.example ", email="anna@aeroe.example")

    assert refused.value.code == "password.is_address"


@settings(derandomize=True, max_examples=200)
@given(
    ahead=st.timedeltas(min_value=timedelta(microseconds=1), max_value=FARTHEST),
    present=st.integers(min_value=0, max_value=400_000_000),
)
def test_the_clock_moves_ahead_by_whole_seconds_or_not_at_all(ahead: timedelta, present: int) -> None:
    to = REAL + ahead
    if to <= REAL + timedelta(seconds=present):
        with pytest.raises(Conflict) as refused:
            offset_to(to, real=REAL, present=present)
        assert refused.value.code == "clock.backwards"
    else:
        offset = offset_to(to, real=REAL, present=present)
        assert offset > present
        assert to <= REAL + timedelta(seconds=offset) < to + timedelta(seconds=1)


def test_the_clock_has_an_end() -> None:
    with pytest.raises(Invalid) as refused:
        offset_to(REAL + FARTHEST + timedelta(seconds=1), real=REAL, present=0)

    assert refused.value.code == "clock.too_far"
