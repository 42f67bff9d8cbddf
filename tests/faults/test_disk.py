"""A full disk under the database: what can't be written is refused, nothing is lost, and it goes on with room."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import story
from deploy.local.failures import StartError
from deploy.local.platform import Platform, forget
from deploy.local.ports import free_block
from tests.faults.conftest import end
from tests.faults.ground import SERVER_AWAY, Ground, Recovered, until
from tests.faults.harm import recovered
from tests.faults.proof import prove
from tests.faults.round import Round

MEGABYTES = 480
WRITE = "INSERT INTO ballast SELECT repeat('x', 2000) FROM generate_series(1, 500)"
SWITCH = "WITH one AS (INSERT INTO ballast VALUES ('x')) SELECT pg_switch_wal()"
"""Takes a new segment of the log each time. Where there is no room for one, the database ends at once."""
LEFT_KB = 600
"""What is left of the disk: less than a segment of the log, more than the next page."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few hundred megabytes of its own, below a folder that others may enter."""
    if os.geteuid() != 0:
        pytest.skip("a small disk of its own takes root, to mount it")
    disk = Path("/var/lib") / f"serviceplatform-test-{os.getpid()}"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        disk.rmdir()
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


@pytest.fixture
def platform(tmp_path: Path, alone: None, small_disk: Path) -> Iterator[Platform]:
    directory, data = tmp_path / "platform", small_disk / "postgres"
    directory.mkdir()
    data.mkdir()
    (directory / "postgres.path").write_text(f"{data}\n")
    story.prepare(directory)
    try:
        with Platform(directory, free_block().edge) as running:
            yield running
            end(running)
    finally:
        forget(directory)


@pytest.mark.timeout(600, func_only=True)
@pytest.mark.skipif("SP_PROVE" not in os.environ, reason="the long form; make prove")
@pytest.mark.parametrize("statement", [WRITE, SWITCH], ids=["for tables", "for the log"])
async def test_a_disk_that_fills_up(
    ground: Ground, small_disk: Path, tell_recoveries: Recovered, statement: str
) -> None:
    postgres = ground.platform.postgres
    words = {WRITE: "for tables", SWITCH: "for the database's log"}
    one = Round(ground, seed=1, number=1)

    async def fill_up() -> float:
        await one.reached("calls")
        await asyncio.sleep(random.Random(1).uniform(0, 1))
        filler = small_disk / "filler"
        await asyncio.to_thread(_fill, filler)
        await _nothing_more_is_written(ground, statement)
        filler.unlink()
        try:
            postgres.require_running()
        except StartError:
            # Its log could not be written either; then it ends, and is started again where there is room.
            postgres.start()
        await asyncio.to_thread(postgres.wait_ready)
        return await recovered(ground)

    async with asyncio.TaskGroup() as group:
        filling = group.create_task(fill_up())
        group.create_task(one.play())
    tell_recoveries([(f"disk full {words[statement]}", "calls", filling.result())])

    await prove(ground)


def _fill(filler: Path) -> None:
    """Take what is free, but a little."""
    free = os.statvfs(filler.parent)
    room = free.f_bavail * free.f_frsize - LEFT_KB * 1024
    with filler.open("wb") as out:
        for _ in range(room // 65536):
            out.write(bytes(65536))


async def _nothing_more_is_written(ground: Ground, statement: str) -> None:
    """Wait until the database says that the disk is full, or is gone for it."""

    async def writing() -> str | None:
        try:
            await ground.ask("metering", "CREATE TABLE IF NOT EXISTS ballast (t text)")
            await ground.ask("metering", statement)
        except SERVER_AWAY:
            return None
        return "the database still writes"

    await until(writing, "the disk is full")
