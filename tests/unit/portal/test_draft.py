"""A request keeps what was typed, and knows what can't be asked for again."""

from typing import Any

import pytest

from services.portal.domain.draft import Draft, clashes, taken


def test_a_form_is_read_as_it_was_sent() -> None:
    sent = [
        ("system", " s "),
        ("service", "1"),
        ("service", "1"),
        ("service", "2"),
        ("kommune", ""),
        ("purpose", "a\r\nb"),
    ]

    assert Draft.of([*sent, ("file", object())]) == Draft("s", ["1", "2"], [], "a\nb", "")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12000", 12000),
        ("12.000", 12000),
        ("12 000", 12000),
        ("12,000", 12000),
        ("0", 0),
        ("", None),
        ("ca. 5", None),
        ("12,5", None),
        ("1.2", None),
        ("12.00", None),
    ],
)
def test_a_number_is_read_as_people_write_it(typed: str, number: int | None) -> None:
    assert Draft(calls=typed).expected_calls == number


def test_too_many_calls_are_no_number() -> None:
    assert Draft(calls="9" * 14).expected_calls is None


def test_what_cannot_be_chosen_is_left_out() -> None:
    draft = Draft("gone", ["1", "2"], ["a", "b"]).only_known(["s"], ["2"], ["a"])

    assert (draft.system, draft.services, draft.municipalities) == ("", ["2"], ["a"])


def agreement(municipality: str, state: str, **decisions: str) -> dict[str, Any]:
    lines = [{"service_id": service, "decision": decision} for service, decision in decisions.items()]
    return {"municipality_id": municipality, "state": state, "services": lines}


def test_only_what_runs_or_waits_is_taken() -> None:
    found = taken(
        [
            agreement("a", "requested", one="pending"),
            agreement("b", "approved", one="approved", two="rejected"),
            agreement("c", "terminated", one="approved"),
            agreement("d", "rejected", one="rejected"),
        ]
    )

    assert found == {"a": {"one": "requested"}, "b": {"one": "approved"}}
    assert clashes(Draft(services=["one"], municipalities=["a", "b", "c"]), found) == ["a", "b"]
    assert clashes(Draft(services=["two"], municipalities=["a", "b", "c"]), found) == []
