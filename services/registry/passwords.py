"""Passwords, hashed with Argon2id beside the event loop, a few at a time."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

AT_ONCE = 2
"""Each takes 19 MiB and tens of milliseconds: more at once would let a flood of sign-ins starve the service."""

TIME_COST, MEMORY_KIB, LANES = 2, 19 * 1024, 1
"""Argon2id as OWASP's Password Storage Cheat Sheet has it for services that share a machine with others."""


class Passwords:
    """Hashes and checks passwords. `close` when the service stops."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        # Checked for an address nobody has, so that the answer takes as long as for one somebody has.
        self._nobodys = self._hasher.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """What to keep instead of the password."""
        return await self._beside(self._hasher.hash, _as_typed_anywhere(password))

    async def check(self, kept: str | None, password: str) -> bool:
        """Whether this is the password; None (nobody's) takes as long and is False."""
        return await self._beside(self._check, kept, _as_typed_anywhere(password))

    def _check(self, kept: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(kept or self._nobodys, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    async def _beside(self, work: Callable[..., T], *arguments: str | None) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _as_typed_anywhere(password: str) -> str:
    """One form for what different keyboards send for the same letters (NFKC)."""
    return unicodedata.normalize("NFKC", password)
