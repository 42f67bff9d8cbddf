"""Saying the present state of everything again, for copies that are new or broken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

import asyncpg

from shared.contracts.event import Event
from shared.database import Transaction

AT_ONCE = 500
"""How many are held in memory at a time."""


class _Kept(Protocol):
    @property
    def id(self) -> UUID: ...


Kept = TypeVar("Kept", bound=_Kept)
Found_co = TypeVar("Found_co", bound=_Kept, covariant=True)


class _Listed(Protocol[Found_co]):
    def __call__(
        self, connection: asyncpg.Connection, *, after: UUID | None, limit: int
    ) -> Awaitable[Sequence[Found_co]]: ...


async def restate_all(tx: Transaction, listed: _Listed[Kept], told: Callable[[Kept], Event]) -> int:
    """Say `told` of each that `listed` goes through; returns how many there are."""
    said, last = 0, None
    while batch := await listed(tx.connection, after=last, limit=AT_ONCE):
        for one in batch:
            await tx.say(told(one))
        said, last = said + len(batch), batch[-1].id
    return said
