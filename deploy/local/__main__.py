"""``python -m deploy.local up``: starts the platform and leaves it running until Ctrl-C."""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from demo import story
from demo.__main__ import play
from demo.api import Refused
from demo.world import StoryFailed
from deploy.backup import backup
from deploy.backup.cut import CutFailed
from deploy.backup.dump import DumpFailed
from deploy.local import places, running
from deploy.local.failures import StartError
from deploy.local.platform import Platform, forget
from deploy.local.ports import LOOPBACK, base_from_environment
from deploy.local.secrets import BROKER_OPERATOR
from deploy.overview.__main__ import tell
from shared.contracts import SERVICES

DEFAULT_DIRECTORY = places.PROJECT / "var" / "up"
SIGN_INS = "sign-ins.txt"
WATCH_SECONDS = 1.0


class Stopped(BaseException):
    """The person (or the system) asked for the end; not an error, and not to be caught on the way."""


def up(directory: Path, base_port: int, *, empty: bool, restore: Path | None = None) -> None:
    """Starts the platform in ``directory``, playing the demonstration's story at its first start, and watches it.

    With ``restore`` a new instance begins with that backup, and no story is played.

    Raises StartError when something does not start or ends by itself, Stopped when it was asked to stop.
    """
    platform = Platform(directory, base_port, "demonstration", restore=restore, say=_say)
    # The demonstration's certificate authority must be there before the registry starts and trusts it.
    directory.mkdir(parents=True, exist_ok=True)
    story.prepare(directory)
    with platform:
        if not empty and restore is None:
            _play_once(platform)
        _tell(platform)
        while True:
            time.sleep(WATCH_SECONDS)
            platform.require_running()


def save(directory: Path, folder: Path) -> None:
    """Writes all databases of the instance that runs in ``directory`` to a new folder. Raises StartError."""
    databases = backup.databases(running.find(directory).admin_url)
    try:
        asyncio.run(backup.make(databases, folder.resolve(), _say))
    except (backup.BackupFailed, CutFailed, DumpFailed) as error:
        raise StartError(f"The backup can't be made: {error}") from error
    _say(f"{folder} is whole")


def look(directory: Path, *, as_json: bool) -> int:
    """Prints how the instance that runs in ``directory`` is; returns the exit code. Raises StartError."""
    found = running.find(directory)
    services = {name: [f"http://{LOOPBACK}:{found.ports.named()[name]}"] for name in SERVICES}
    broker = f"http://{LOOPBACK}:{found.ports.broker_management}"
    return tell(services, broker, found.secrets.broker[BROKER_OPERATOR], as_json=as_json)


def run(directory: Path, service: str, words: list[str]) -> NoReturn:
    """Becomes a command of one service of the instance that runs in ``directory``. Raises StartError."""
    found = running.find(directory)
    settings = {**found.environment(service), **found.owner_environment(service), "SP_LOG_FORMAT": "text"}
    path = os.pathsep.join(filter(None, [str(places.PROJECT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", f"services.{service}", *words]
    os.execve(sys.executable, command, {**os.environ, **settings, "PYTHONPATH": path})  # noqa: S606 - no shell is wanted


def _play_once(platform: Platform) -> None:
    """Plays the demonstration's story unless it has been; only one played to its end counts.

    Raises StartError for one that failed or was interrupted: half a story can't be taken up again.
    """
    begun, played = platform.directory / "story-begun", platform.directory / "story-played"
    if played.exists():
        return
    if begun.exists():
        raise StartError(
            f"The demonstration's story was interrupted when it was played in {platform.directory}; "
            "remove that with `.venv/bin/python -m deploy.local forget` and start again."
        )
    begun.touch()
    _say("playing the demonstration's story (only this first time)")
    try:
        asyncio.run(play(platform))
    except (StoryFailed, AssertionError, Refused) as error:
        raise StartError(f"The demonstration's story failed: {error}") from error
    begun.rename(played)


def _tell(platform: Platform) -> None:
    operator = platform.secrets.broker["operator"]
    management = f"http://127.0.0.1:{platform.ports.broker_management}"
    print(f"\nThe platform runs at {platform.public_url}")
    print(f"  mails           {platform.mail_folder}")
    print(f"  logs            {platform.directory / 'log'}")
    print(f"  broker          {management} (user operator, password {operator})")
    print(f"  database        {platform.postgres.admin_url}")
    sign_ins = platform.directory / SIGN_INS
    if sign_ins.exists():
        print("\nSign in as:")
        print(sign_ins.read_text().rstrip())
    print("\nCtrl-C stops everything.", flush=True)


def _say(sentence: str) -> None:
    print(f"· {sentence}", flush=True)


def _stop_once(_number: int, _frame: FrameType | None) -> None:
    # From here on only the stopping itself matters; an impatient second Ctrl-C must not leave a server behind.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("\nstopping …", flush=True)
    raise Stopped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description="The platform on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start the platform and leave it running until Ctrl-C")
    start.add_argument("--port", type=int, help="the first of the ports it takes (default: SP_PORT, or 8400)")
    start.add_argument("--empty", action="store_true", help="do not play the demonstration's story first")
    start.add_argument("--restore", type=Path, metavar="DIR", help="begin a new instance with this backup")
    erase = commands.add_parser("forget", help="remove an instance with all its data")
    saving = commands.add_parser("backup", help="write all databases of a running instance to a new folder")
    saving.add_argument("folder", type=Path)
    looking = commands.add_parser("overview", help="how a running instance is, and what needs a person")
    looking.add_argument("--json", action="store_true", help="for programs")
    running_one = commands.add_parser(
        "run", help="a command of one service, with the settings of a running instance: run metering parked list"
    )
    running_one.add_argument("service", choices=SERVICES)
    running_one.add_argument("words", nargs=argparse.REMAINDER, metavar="command …")
    for command in (start, erase, saving, looking, running_one):
        command.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where the instance lies")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_once)
    try:
        if arguments.command == "forget":
            forget(arguments.directory)
        elif arguments.command == "backup":
            save(arguments.directory, arguments.folder)
        elif arguments.command == "overview":
            sys.exit(look(arguments.directory, as_json=arguments.json))
        elif arguments.command == "run":
            run(arguments.directory, arguments.service, arguments.words)
        else:
            port = base_from_environment() if arguments.port is None else arguments.port
            up(arguments.directory.resolve(), port, empty=arguments.empty, restore=arguments.restore)
    except Stopped:
        print("stopped.")
    except StartError as error:
        sys.exit(str(error))
    except OSError as error:
        # A full disk shows itself anywhere; anything else of the system is told as it says it.
        where = f" ({error.filename})" if error.filename else ""
        sys.exit(f"The platform can't run here: {os.strerror(error.errno or 0)}{where}.")


if __name__ == "__main__":
    main()
