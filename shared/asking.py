"""What routes ask of a request: the running service, a body whose every field is known, a quarter."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from shared.quarters import Quarter
from shared.run import Runtime
from shared.settings import Settings

S = TypeVar("S", bound=Settings)

_QUARTER = r"^20[0-9]{2}[Qq][1-4]$"


# Coroutines, all of them: what is no coroutine FastAPI runs in a thread, at every request.
async def _running(request: Request) -> Any:
    return request.app.state.runtime


Running = Annotated[Runtime[S], Depends(_running)]
"""A route's parameter of the type `Running[ItsSettings]` is the running service."""


class Body(BaseModel):
    """A request's body: what is not known is refused, so that a misspelt field does not pass unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def quarter_named(meaning: str) -> Callable[[str], Awaitable[Quarter]]:
    """For `Depends`: the query's `quarter`, which must be there; `meaning` says what happened in it."""

    async def named(quarter: Annotated[str, Query(pattern=_QUARTER, description=meaning)]) -> Quarter:
        return Quarter.parse(quarter.upper())

    return named


def quarter_or_none(meaning: str) -> Callable[[str | None], Awaitable[Quarter | None]]:
    """For `Depends`: the query's `quarter`, or None where it is left out."""

    async def named(
        quarter: Annotated[str | None, Query(pattern=_QUARTER, description=meaning)] = None,
    ) -> Quarter | None:
        return Quarter.parse(quarter.upper()) if quarter else None

    return named
