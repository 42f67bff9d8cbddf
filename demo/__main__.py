"""`python -m demo`: the whole platform on real servers, the story played on it, everything stopped again."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from demo import story
from demo.api import Api, Refused
from demo.mails import Mails
from demo.world import Progress, StoryFailed, World
from deploy.local import places
from deploy.local.failures import StartError
from deploy.local.platform import Platform, forget
from deploy.local.ports import LOOPBACK, Ports, base_from_environment, require_free

DEFAULT_DIRECTORY = places.PROJECT / "var" / "demo"
CALLS = 50_000
SEED = 2027


def world_of(platform: Platform, *, calls: int, progress: Progress) -> World:
    """The story's world on a platform that runs."""

    async def operator(service: str, words: list[str]) -> str:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", f"services.{service}", *words],
            cwd=places.PROJECT,
            env={**os.environ, **platform.environment(service)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StoryFailed(f"python -m services.{service} {' '.join(words[:1])} failed: {done.stderr.strip()}")
        return done.stdout

    return World(
        api=Api(platform.public_url),
        mails=Mails(platform.mail_folder),
        authority=story.prepare(platform.directory),
        broker_host=LOOPBACK,
        broker_port=platform.ports.amqp,
        folder=platform.directory,
        operator=operator,
        progress=progress,
        chance=random.Random(SEED),
        calls=calls,
    )


async def play(platform: Platform, *, calls: int = CALLS, progress: Progress | None = None) -> None:
    """Play the story on a running platform. Raises StoryFailed, AssertionError or Refused."""
    world = world_of(platform, calls=calls, progress=progress or Progress())
    try:
        await story.play(world)
    finally:
        await world.api.close()


def demonstrate(directory: Path, base_port: int, calls: int) -> None:
    """From an empty directory to the report."""
    progress = Progress()
    progress.say("starting the platform on servers of its own …")
    # Before anything is removed: a start that can't succeed must not cost the last run's results.
    require_free(Ports.from_base(base_port))
    forget(directory)
    directory.mkdir(parents=True, exist_ok=True)
    story.prepare(directory)
    with Platform(directory, base_port, "demonstration", say=progress.say) as platform:
        asyncio.run(play(platform, calls=calls, progress=progress))
        progress.say("stopping the platform")
    progress.say("done")


class Stopped(BaseException):
    """Ctrl-C."""


def _stop_once(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo", description="The platform's story, on real servers.")
    parser.add_argument(
        "--directory", type=Path, default=DEFAULT_DIRECTORY, help="where everything is kept; emptied first"
    )
    parser.add_argument("--port", type=int, help="the first of the ports it takes (default: SP_PORT, or 8400)")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"how many call events to send, about ({CALLS})")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_once)
    began = time.monotonic()
    try:
        port = base_from_environment() if arguments.port is None else arguments.port
        demonstrate(arguments.directory.resolve(), port, arguments.calls)
    except Stopped:
        sys.exit("stopped before the end of the story")
    except StartError as error:
        sys.exit(str(error))
    except OSError as error:
        # A full disk shows itself anywhere; anything else of the system is told as it says it.
        where = f" ({error.filename})" if error.filename else ""
        sys.exit(f"The demonstration can't run here: {os.strerror(error.errno or 0)}{where}.")
    except (StoryFailed, AssertionError, Refused) as error:
        sys.exit(
            f"\nTHE STORY FAILED after {time.monotonic() - began:.0f} s: {error}"
            f"\nThe logs are in {arguments.directory}/log."
        )


if __name__ == "__main__":
    main()
