"""What the routes share: the running service, how a page is asked for, and texts people write."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.agreements.settings import AgreementsSettings
from shared.run import Runtime

Item = TypeVar("Item")


async def _running(request: Request) -> Runtime[AgreementsSettings]:
    runtime: Runtime[AgreementsSettings] = request.app.state.runtime
    return runtime


Running = Annotated[Runtime[AgreementsSettings], Depends(_running)]
"""A route's parameter of this type is the running service."""

Limit = Annotated[int, Query(ge=1, le=500, description="How many at the most")]
After = Annotated[UUID | None, Query(description="The id of the last one of the page before")]


def _printable(text: str) -> str:
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t":
            raise ValueError(f"the character U+{ord(character):04X} can't be part of a text")
    return text


def _once(ids: list[UUID]) -> list[UUID]:
    seen: set[UUID] = set()
    for one in ids:
        if one in seen:
            raise ValueError(f"{one} stands twice")
        seen.add(one)
    return ids


Purpose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=2000), AfterValidator(_printable)
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000), AfterValidator(_printable)
]
ServiceIds = Annotated[list[UUID], Field(min_length=1, max_length=20), AfterValidator(_once)]
MunicipalityIds = Annotated[list[UUID], Field(min_length=1, max_length=100), AfterValidator(_once)]


class Body(BaseModel):
    """A request's body: what is not known is refused, so that a misspelt field does not pass unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(BaseModel, Generic[Item]):
    """One page of a list, newest first. `next` goes into `after` for the page that follows; null: no more."""

    items: list[Item]
    next: UUID | None
