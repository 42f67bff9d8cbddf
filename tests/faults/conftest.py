"""A platform of its own for a test of faults: only one at a time on this machine."""

from __future__ import annotations

import asyncio
import fcntl
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from demo import story
from deploy.local.platform import Platform, forget
from deploy.local.ports import free_block
from tests.faults.ground import Ground, Recovered, settle_down
from tests.servers import RUNS


@pytest.fixture
def alone() -> Iterator[None]:
    """Waits until no other test plays faults: each platform alone keeps two processors busy.

    What such a test may take is counted from its own beginning (`func_only`): the others' turn may be long.
    """
    RUNS.mkdir(parents=True, exist_ok=True)
    with (RUNS / "faults.lock").open("a") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


@pytest.fixture
def platform(tmp_path: Path, alone: None) -> Iterator[Platform]:
    directory = tmp_path / "platform"
    directory.mkdir()
    story.prepare(directory)
    try:
        with Platform(directory, free_block().edge) as running:
            yield running
            end(running)
    finally:
        forget(directory)


def end(platform: Platform) -> None:
    """Nothing of it is wanted any more: none of its parts needs to stop in good order."""
    for service in list(platform._running):
        platform.kill(service)
    platform.rabbitmq.kill()
    platform.postgres.kill()


@pytest.fixture
async def ground(platform: Platform) -> AsyncIterator[Ground]:
    """A platform with its people, ready for rounds."""
    # The suppliers' client in this process tells of every try; that there are many is the point here.
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    found = await settle_down(platform)
    watching = asyncio.create_task(found.watch_over())
    yield found
    watching.cancel()
    await found.world.api.close()


@pytest.fixture
def tell_recoveries(record_property: Callable[[str, object], None]) -> Recovered:
    """Have recovery times shown at the end of the test run: (fault, phase, seconds)."""

    def tell(recoveries: list[tuple[str, str, float]]) -> None:
        for fault, phase, seconds in recoveries:
            record_property("recovery", [fault, phase, round(seconds, 2)])

    return tell
