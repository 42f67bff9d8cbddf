"""Keeps the platform that browser tests visit for as long as anybody holds a lease on it.

As `deploy.local.keeper` does with single servers. The first test that asks starts it; all workers share it.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import shutil
import signal
import sys
import time
from pathlib import Path

from demo import story as demonstration
from deploy.local.failures import StartError
from deploy.local.keeper import LEASES
from deploy.local.platform import Platform, forget
from deploy.local.ports import free_block
from tests.browser.story import Story

KIND = "portal"


def keep(kind: str, directory: Path) -> None:
    """Starts the platform, plays the story, writes `<kind>.json`, returns when the last lease is gone."""
    instance, told = directory / kind, directory / f"{kind}.json"
    instance.mkdir()
    demonstration.prepare(instance)
    with (directory / LEASES).open("a") as leases:
        platform = Platform(instance, free_block().edge)
        began = time.monotonic()
        with platform:
            try:
                started = time.monotonic() - began
                scene = asyncio.run(Story(platform).play())
                print(f"started in {started:.1f} s, played in {time.monotonic() - began - started:.1f} s", flush=True)
                scene.write(told)
                fcntl.flock(leases, fcntl.LOCK_EX)
            finally:
                end(platform)
    told.unlink(missing_ok=True)
    forget(instance)
    if not any(directory.glob("*.json")):
        shutil.rmtree(directory, ignore_errors=True)


def end(platform: Platform) -> None:
    """Nothing of it is wanted any more: none of its parts needs to stop in good order."""
    for service in list(platform._running):
        platform.kill(service)
    platform.rabbitmq.kill()
    platform.postgres.kill()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.keeper", description=__doc__)
    parser.add_argument("kind", choices=[KIND])
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        keep(arguments.kind, arguments.directory.resolve())
    except StartError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
