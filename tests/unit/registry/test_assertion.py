"""What a system's sign-in assertion must say, and when."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.domain.assertion import LEEWAY, LONGEST_LIFE, SignInRefused, read_claims

AUDIENCE = "https://platform.example/registry/oauth/token"
SYSTEM = "0b7c9a1e-7c58-4d53-b7a1-3c1d8f0e2a11"
NOW = 1_800_000_000.25
GOOD = {"iss": SYSTEM, "sub": SYSTEM, "aud": AUDIENCE, "exp": 1_800_000_120, "jti": "one"}


def read(**changes):
    return read_claims({**GOOD, **changes}, audience=AUDIENCE, real_now=NOW)


def code(**changes) -> str | None:
    try:
        read(**changes)
    except SignInRefused as refused:
        return f"{refused.error}: {refused.code}" if refused.error != "invalid_client" else refused.code
    return None


def test_a_good_one_is_read() -> None:
    found = read()
    assert (str(found.system_id), found.id, found.expires_at) == (SYSTEM, "one", 1_800_000_120)


def test_its_life_is_bounded_and_clocks_may_differ_a_little() -> None:
    now = int(NOW)
    answers = {
        now - LEEWAY: "assertion.expired",
        now - LEEWAY + 1: None,
        now: None,
        now + LONGEST_LIFE + LEEWAY: None,
        now + LONGEST_LIFE + LEEWAY + 1: "assertion.too_long",
    }
    assert {at: code(exp=at) for at in answers} == answers
    assert code(exp=1_800_000_060.5) is None
    for name in ("iat", "nbf"):
        assert code(**{name: now + LEEWAY}) is None
        assert code(**{name: now + LEEWAY + 1}) == "assertion.not_yet"
        assert code(**{name: now - 10_000_000}) is None


@pytest.mark.parametrize("audience", [AUDIENCE + "/", AUDIENCE.upper(), "platform", [], {}, None, 1, [["x"]]])
def test_it_is_for_this_address_alone(audience) -> None:
    assert code(aud=audience) == "assertion.audience"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(derandomize=True, max_examples=500)
@given(st.dictionaries(st.sampled_from([*GOOD, "iat", "nbf"]), anything))
def test_whatever_it_says_it_is_read_or_refused(changes) -> None:
    assert code(**changes) is None or code(**changes).startswith("assertion.")
