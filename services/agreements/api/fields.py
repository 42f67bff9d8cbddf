"""Fields that several requests share, with their bounds."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from shared.text import passage


def _once(ids: list[UUID]) -> list[UUID]:
    seen: set[UUID] = set()
    for one in ids:
        if one in seen:
            raise ValueError(f"{one} stands twice")
        seen.add(one)
    return ids


Purpose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=2000), AfterValidator(passage)
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000), AfterValidator(passage)
]
ServiceIds = Annotated[list[UUID], Field(min_length=1, max_length=20), AfterValidator(_once)]
MunicipalityIds = Annotated[list[UUID], Field(min_length=1, max_length=100), AfterValidator(_once)]
