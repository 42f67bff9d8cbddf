"""What a request's rules say, where the flows do not reach."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.agreements.domain.request import Service, Taken, check_not_taken
from shared.problem import Conflict

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=255)


@settings(derandomize=True, max_examples=100)
@given(name=names, version=st.text("0123456789.", min_size=1, max_size=20))
def test_a_services_full_name_fits_an_event_and_keeps_its_version(name: str, version: str) -> None:
    full = Service(uuid.uuid4(), name, version, "open").full_name

    assert len(full) <= 255
    assert full.endswith(f" {version}")
    assert full.startswith(name[:200])


def test_what_is_taken_is_counted_where_it_is_too_much_for_a_sentence() -> None:
    taken = [
        Taken(uuid.UUID(int=place), uuid.UUID(int=1), f"Kommune {place}", uuid.UUID(int=2), "Opslag 1", "requested")
        for place in range(8)
    ]

    with pytest.raises(Conflict) as refusal:
        check_not_taken(taken)

    assert "and 3 more" in refusal.value.detail
    assert "Kommune 5" not in refusal.value.detail
    existing = refusal.value.extra["existing"]
    assert isinstance(existing, list)
    assert len(existing) == 8


def test_nothing_taken_is_no_objection() -> None:
    check_not_taken([])
