"""Lists in pages: asked for, cut and answered in the same way everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from shared.problem import Invalid

Item = TypeVar("Item")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=500, description="How many at the most")]
After = Annotated[UUID | None, Query(description="`next` of the page before")]


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next` goes into `after` for the page that follows; null: no more."""

    items: list[Item]
    next: UUID | None


def page(
    found: Sequence[Row],
    limit: int,
    shown: Callable[[Row], Item],
    *,
    key: Callable[[Item], UUID] = attrgetter("id"),
) -> Page[Item]:
    """The first `limit` of what was found, as they are shown.

    Whoever looks asks for one more than `limit`: that is how a page knows whether another follows. `key` is what
    an item is found again by.
    """
    items = [shown(row) for row in found[:limit]]
    return Page(items=items, next=key(items[-1]) if len(found) > limit else None)


def after_unknown(after: UUID, what: str) -> Invalid:
    """The refusal of an `after` that names nothing the caller sees; `what` says what it should, "a request"."""
    return Invalid("page.after_unknown", f"`after` must be the id of {what} that you see, not {after}.")
