"""A whole platform of its own for a measurement, with the story's people and systems on it."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg

from demo import story
from demo.__main__ import world_of
from demo.chapters import people, systems
from demo.world import Progress, World
from deploy.local.platform import Platform
from deploy.local.ports import free_block


class Quiet(Progress):
    """Says nothing: a measurement prints its figures only."""

    def _write(self, line: str) -> None:
        pass


def on_platform(measure: Callable[[Platform, World], Awaitable[None]]) -> None:
    """Measure on a fresh platform on which the story's first two chapters have been played."""

    async def play(platform: Platform) -> None:
        world = world_of(platform, calls=0, progress=Quiet())
        try:
            await people.play(world)
            await systems.play(world)
            await measure(platform, world)
        finally:
            await world.api.close()

    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        story.prepare(directory)
        with Platform(directory, free_block().edge, "demonstration") as platform:
            asyncio.run(play(platform))


async def durable_commits(platform: Platform, times: int) -> list[float]:
    """Seconds one row takes to be safe on this machine's disk, through the platform's own PostgreSQL."""
    connection = await asyncpg.connect(platform.postgres.admin_url)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS bench_commits (body bytea)")
        found = []
        for _ in range(times):
            began = time.perf_counter()
            await connection.execute("INSERT INTO bench_commits VALUES ($1)", b"x" * 1500)
            found.append(time.perf_counter() - began)
        await connection.execute("DROP TABLE bench_commits")
        return found
    finally:
        await connection.close()


def told(what: str, seconds: Sequence[float]) -> str:
    """Median and worst, in words."""
    return (
        f"{what}: median {statistics.median(seconds) * 1000:.0f} ms, worst {max(seconds) * 1000:.0f} ms"
        f" of {len(seconds)}"
    )
