"""`make compose-test`: the compose file brought up on a Docker engine, the story played on it, all taken down again.

Everything is reached as people and suppliers reach it: over the edge by HTTPS and AMQPS, with a certificate that
was brought along, and mails read from the mail catcher. Nothing is left but the built images.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from demo import story
from demo.api import Api, Refused
from demo.mails import CaughtMails
from demo.world import Progress, StoryFailed, World
from deploy.compose import brought
from deploy.compose.authority import Authority
from deploy.local.places import PROJECT
from deploy.local.ports import LOOPBACK, free_block
from shared.contracts import SERVICES

COMPOSE = PROJECT / "deploy" / "compose.yaml"
EXAMPLE = PROJECT / "deploy" / ".env.example"
DEFAULT_DIRECTORY = PROJECT / "var" / "compose"
CALLS = 2_000
SEED = 2028
START_SECONDS = 600


class TrialFailed(Exception):
    """The trial can't go on; one sentence, or what compose said."""


class NoEngine(Exception):
    """There is no Docker engine with compose to try anything on; one sentence."""


class Compose:
    """One project of the compose file: its name, its settings, and the commands on it."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.settings = settings
        self.project = f"serviceplatform-trial-{uuid.uuid4().hex[:8]}"
        self._docker = shlex.split(os.environ.get("DOCKER", "docker"))
        self._env = directory / "env"
        self._env.write_text(_settings_file(settings), encoding="utf-8")
        # Nothing of the caller's own settings may change what is tried.
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SP_", "COMPOSE_"))
        }

    def require_engine(self) -> None:
        """Raises NoEngine with one sentence when there is no engine with compose to be had."""
        for words in (["info", "--format", "{{.ServerVersion}}"], ["compose", "version", "--short"]):
            command = " ".join([*self._docker, words[0]])
            try:
                done = subprocess.run([*self._docker, *words], capture_output=True, text=True, check=False)
                why = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no answer"])[-1]
            except OSError as error:
                why = error.strerror or type(error).__name__
            if why:
                raise NoEngine(f"compose-test needs a running Docker engine with compose; `{command}` says: {why}")

    def run(self, *words: str, timeout: float = 120) -> str:
        """`docker compose … words`; returns what it printed. Raises TrialFailed with what it complained of."""
        command = [
            *self._docker,
            "compose",
            f"--project-name={self.project}",
            f"--file={COMPOSE}",
            f"--env-file={self._env}",
            *words,
        ]
        return self._done(command, " ".join(words), timeout)

    def docker(self, *words: str) -> str:
        """`docker … words`."""
        return self._done([*self._docker, *words], " ".join(words[:2]), 60)

    def _done(self, command: Sequence[str], short: str, timeout: float) -> str:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=timeout, env=self._environment
            )
        except subprocess.TimeoutExpired:
            raise TrialFailed(f"{short}: not done after {timeout:.0f} s") from None
        if done.returncode:
            said = f"{done.stdout}\n{done.stderr}".strip()
            raise TrialFailed(f"{short} failed:\n{said[-3000:]}")
        return done.stdout

    def memory(self) -> dict[str, str]:
        """What each container holds in memory now, by the compose file's names."""
        ids = {one["ID"]: one["Service"] for one in self.containers()}
        lines = self.docker("stats", "--no-stream", "--no-trunc", "--format", "json", *ids).splitlines()
        found = {}
        for one in map(json.loads, lines):
            name = next(service for number, service in ids.items() if one["ID"].startswith(number))
            found[name] = one["MemUsage"].partition(" / ")[0]
        return dict(sorted(found.items()))

    def containers(self) -> list[dict[str, str]]:
        """The running ones."""
        return [json.loads(line) for line in self.run("ps", "--format", "json").splitlines() if line.startswith("{")]

    def image_megabytes(self) -> dict[str, str]:
        """The built images: whole, and what they add to the image they are built on."""
        found = {}
        for image, base in (
            (self.settings["SP_IMAGE"], "python:3.12-slim-bookworm"),
            (self.settings["SP_EDGE_IMAGE"], "nginx:1"),
        ):
            whole = self._size(f"{image}:{self.settings['SP_VERSION']}")
            found[image] = f"{whole / 1e6:.0f} MB, {(whole - self._size(base)) / 1e6:.0f} MB of it ours"
        return found

    def _size(self, image: str) -> int:
        try:
            return int(self.docker("image", "inspect", "--format", "{{.Size}}", image))
        except TrialFailed:
            # The builder need not keep the base among the images.
            return 0


def _settings_file(settings: Mapping[str, str]) -> str:
    """deploy/.env.example with some settings changed: so what it documents is what is tried."""
    kept = [
        line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line.partition("=")[0] not in settings
    ]
    return "\n".join([*kept, *(f"{name}={value}" for name, value in settings.items())]) + "\n"


def settings_of(directory: Path) -> dict[str, str]:
    """Free ports, and a folder with what an operator would bring."""
    https, amqps, mail = list(free_block().named().values())[:3]
    return {
        "SP_PUBLIC_URL": f"https://localhost:{https}",
        "SP_HTTPS_PORT": str(https),
        "SP_AMQPS_PORT": str(amqps),
        "SP_MAIL_PORT": str(mail),
        "SP_OWN": str(directory / "own"),
        "SP_IMAGE": "serviceplatform",
        "SP_EDGE_IMAGE": "serviceplatform-edge",
        "SP_VERSION": "trial",
    }


def bring(directory: Path) -> Path:
    """Put into the operator's folder what the edge and the registry are to use.

    Returns the certificate of the authority that people and suppliers of this trial trust.
    """
    own, public = directory / "own", directory / "public-authority"
    public.mkdir(parents=True)
    shutil.copytree(story.prepare(directory).trust_directory, own / brought.TRUST)
    pair = Authority(public, datetime.now(UTC)).server("localhost", ["localhost", LOOPBACK])
    (own / "edge").mkdir()
    (own / brought.EDGE_CERTIFICATE).write_bytes(pair.certificate)
    (own / brought.EDGE_KEY).write_bytes(pair.key)
    return public / "ca.pem"


async def play(compose: Compose, directory: Path, progress: Progress, calls: int) -> None:
    """Play the story. Raises StoryFailed, AssertionError or Refused."""

    async def operator(service: str, words: list[str]) -> str:
        command = ["exec", "-T", service, "python", "-m", f"services.{service}", *words]
        return await asyncio.to_thread(compose.run, *command)

    mails = CaughtMails(f"http://{LOOPBACK}:{compose.settings['SP_MAIL_PORT']}")
    world = World(
        api=Api(compose.settings["SP_PUBLIC_URL"]),
        mails=mails,
        authority=story.prepare(directory),
        broker_host="localhost",
        broker_port=int(compose.settings["SP_AMQPS_PORT"]),
        broker_tls=ssl.create_default_context(),
        folder=directory,
        operator=operator,
        progress=progress,
        chance=random.Random(SEED),  # noqa: S311 - the same story every time
        calls=calls,
        # What is promised is measured by the demonstration; here every part has a container's share of the machine.
        access_within=10.0,
    )
    try:
        await story.play(world)
    finally:
        mails.close()
        await world.api.close()


def attempt(directory: Path, calls: int, *, keep: bool) -> None:
    """The whole trial. Raises TrialFailed, or what the story raises."""
    progress = Progress()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    compose = Compose(directory, settings_of(directory))
    compose.require_engine()
    # httpx and ssl trust what this names, as a supplier's machine trusts the authorities it knows.
    os.environ["SSL_CERT_FILE"] = str(bring(directory))
    seconds: dict[str, float] = {}

    def timed(what: str, *words: str) -> None:
        began = time.monotonic()
        said = compose.run(*words, timeout=START_SECONDS)
        seconds[what] = time.monotonic() - began
        progress.say(f"{what}: {seconds[what]:.0f} s")
        if words[0] in {"exec", "run"}:
            print(said, flush=True)

    try:
        timed("images built", "build")
        timed("started, all parts well", "up", "--detach", "--wait")
        for service in SERVICES:
            # Raises where a line says FAIL: its exit code is 1 then.
            compose.run("exec", "-T", service, "python", "-m", f"services.{service}", "check")
        progress.say(f"check finds nothing wrong with any of {len(SERVICES)} services")
        idle = compose.memory()
        began = time.monotonic()
        asyncio.run(play(compose, directory, progress, calls))
        seconds["story played"] = time.monotonic() - began
        after = compose.memory()
        timed("tried what must not be possible", "exec", "-T", "registry", "python", "-m", "deploy.compose.probe")
        timed("overview", "run", "--rm", "-T", "overview")
        # A second start is what an operator does after changing a setting: nothing is lost or made anew by it.
        timed("started again, unchanged", "up", "--detach", "--wait")
        _tell(compose, seconds, idle, after)
    except BaseException:
        logs = directory / "containers.log"
        logs.write_text(compose.run("logs", "--no-color", "--timestamps"), encoding="utf-8")
        print(f"\nThe containers' logs: {logs}", file=sys.stderr)
        raise
    finally:
        if keep:
            print(f"\nLeft running as project {compose.project}; its settings: {directory / 'env'}")
        else:
            compose.run("down", "--volumes", "--remove-orphans", "--timeout", "30", timeout=180)
            progress.say("taken down, with its volumes")


def _tell(compose: Compose, seconds: Mapping[str, float], idle: Mapping[str, str], after: Mapping[str, str]) -> None:
    print("\nTimes")
    for what, took in seconds.items():
        print(f"  {what:<34} {took:6.1f} s")
    print("Images")
    for image, size in compose.image_megabytes().items():
        print(f"  {image:<34} {size}")
    print(f"{'Memory':<36} {'idle':>10} {'after':>10}")
    for name in (*SERVICES, *(other for other in idle if other not in SERVICES)):
        print(f"  {name:<34} {idle[name]:>10} {after[name]:>10}")
    print(flush=True)


class Stopped(BaseException):
    """Ctrl-C."""


def _stop_once(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.compose.trial", description=__doc__)
    parser.add_argument(
        "--directory", type=Path, default=DEFAULT_DIRECTORY, help="where its files lie; emptied first"
    )
    parser.add_argument("--calls", type=int, default=CALLS, help=f"how many call events to send, about ({CALLS})")
    parser.add_argument("--keep", action="store_true", help="leave the containers running at the end")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_once)
    began = time.monotonic()
    try:
        attempt(arguments.directory.resolve(), arguments.calls, keep=arguments.keep)
    except Stopped:
        sys.exit("stopped before the end of the trial")
    except NoEngine as error:
        sys.exit(str(error))
    except (TrialFailed, StoryFailed, AssertionError, Refused) as error:
        sys.exit(f"\nTHE TRIAL FAILED after {time.monotonic() - began:.0f} s: {error}")
    print(f"compose-test passed in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
