"""Why a municipality answers as it does."""

import pytest

from services.portal.domain.decision import OWN_WORDS, REJECTION, TERMINATION, Reason

EVERY = [(reasons, key) for reasons in (REJECTION, TERMINATION) for key in reasons if key != OWN_WORDS]


@pytest.mark.parametrize(("reasons", "key"), EVERY)
def test_a_reason_at_hand_is_enough(reasons: dict[str, str], key: str) -> None:
    assert Reason(key, "").problems(reasons) == {}
    assert Reason(key, "").told(reasons) == reasons[key]


def test_own_words_follow_the_reason_at_hand() -> None:
    assert Reason("price", "Vi har et andet system.").told(REJECTION) == (
        "Vi vil ikke betale for de opslag.\n\nVi har et andet system."
    )
    assert Reason(OWN_WORDS, "Vi har et andet system.").told(REJECTION) == "Vi har et andet system."


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        (Reason("", "Fordi"), "chosen"),
        (Reason("contract_ended", "Fordi"), "chosen"),
        (Reason(OWN_WORDS, ""), "words"),
        (Reason(OWN_WORDS, "ab"), "words"),
        (Reason("price", "x" * 1990), "words"),
    ],
)
def test_what_can_not_be_sent_is_said_at_its_field(reason: Reason, field: str) -> None:
    assert set(reason.problems(REJECTION)) == {field}
