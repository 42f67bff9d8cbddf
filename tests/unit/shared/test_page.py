"""Lists cut into pages: `next` is there exactly when something follows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from shared.page import after_unknown, page


@dataclass
class Thing:
    id: UUID


THINGS = [Thing(UUID(int=number)) for number in range(1, 5)]


@pytest.mark.parametrize(("found", "following"), [(0, None), (1, None), (3, None), (4, UUID(int=3))])
def test_a_page_holds_at_most_the_limit_and_names_its_last_when_more_follows(
    found: int, following: UUID | None
) -> None:
    cut = page(THINGS[:found], 3, lambda thing: thing)

    assert cut.items == THINGS[: min(found, 3)]
    assert cut.next == following


def test_items_may_be_found_again_by_something_else_than_an_id() -> None:
    cut = page([1, 2, 3], 2, str, key=lambda shown: UUID(int=int(shown)))

    assert (cut.items, cut.next) == (["1", "2"], UUID(int=2))


def test_an_after_that_names_nothing_is_refused_by_what_it_should_name() -> None:
    refusal = after_unknown(UUID(int=7), "a request")

    assert refusal.code == "page.after_unknown"
    assert refusal.detail == f"`after` must be the id of a request that you see, not {UUID(int=7)}."
