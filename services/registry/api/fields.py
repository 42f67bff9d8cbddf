"""Fields that several requests share, with their bounds."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import EmailStr, Field, StringConstraints

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=_PRINTABLE)]
"""One line of text, without control characters."""

Address = Annotated[EmailStr, Field(max_length=254)]
Password = Annotated[str, StringConstraints(max_length=1024)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=128)]

Limit = Annotated[int, Query(ge=1, le=500, description="At most this many")]
After = Annotated[UUID | None, Query(description="`next` of the answer before, to go on from there")]
Sought = Annotated[
    str | None,
    Query(min_length=1, max_length=255, pattern=_PRINTABLE, description="Part of a name, a CVR number, a code"),
]
