"""One at a time among all copies of a service: advisory locks held on a connection of their own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg


class Locks:
    """Named locks. They go with the connection, so what runs under one must bear being run twice."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._talking = asyncio.Lock()

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[bool]:
        """Whether the lock is ours for the body; False when another copy holds it. Not re-entrant."""
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        got = await self._ask("SELECT pg_try_advisory_lock($1)", key)
        try:
            yield got
        finally:
            if got:
                await self._ask("SELECT pg_advisory_unlock($1)", key)

    async def _ask(self, question: str, key: int) -> bool:
        async with self._talking:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(self._url, timeout=10, command_timeout=10)
            try:
                return bool(await self._connection.fetchval(question, key))
            except BaseException:
                # Whether the lock is ours is not known now. With the connection it surely goes.
                self._connection.terminate()
                raise

    async def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._connection.close(), 2)
