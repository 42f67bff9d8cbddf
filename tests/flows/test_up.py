"""`make up` as a person meets it: what it starts, what it says, and that nothing of it stays behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.local.places import PROJECT
from deploy.local.platform import forget
from deploy.local.ports import Ports, free_block, is_free
from deploy.local.secrets import Secrets
from shared.contracts import SERVICES

PATIENCE = 90


class Up:
    """The command, running: its process and what it has said so far."""

    def __init__(self, directory: Path, ports: Ports) -> None:
        self.directory = directory
        self.ports = ports
        self._said = directory.with_name(f"said-{uuid.uuid4().hex}")
        with self._said.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local", "up", "--empty", f"--directory={directory}"],
                cwd=PROJECT,
                env={**os.environ, "SP_PORT": str(ports.edge)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self._said.read_text()

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while "Ctrl-C stops everything" not in self.said():
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def end(self, number: signal.Signals) -> int:
        self._process.send_signal(number)
        return self._process.wait(PATIENCE)

    def wait(self) -> int:
        return self._process.wait(PATIENCE)


def left_behind(directory: Path, ports: Ports) -> list[str]:
    """Processes that name the instance in their command line, and ports of its block that are taken."""
    found = [f"port {name}" for name, port in ports.named().items() if not is_free(port)]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in command:
            found.append(command)
    return found


def gone_in_the_end(directory: Path, ports: Ports) -> bool:
    deadline = time.monotonic() + PATIENCE
    while left_behind(directory, ports):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "up"
    yield directory
    forget(directory)


async def query(ports: Ports, directory: Path, sql: str) -> object:
    password = Secrets.of_instance(directory).database_admin
    admin = await asyncpg.connect(f"postgresql://platform_admin:{password}@127.0.0.1:{ports.postgres}/postgres")
    try:
        return await admin.fetchval(sql)
    finally:
        await admin.close()


async def local(*words: str) -> subprocess.CompletedProcess[str]:
    """A command beside the instance."""
    command = [sys.executable, "-m", "deploy.local", *words]
    return await asyncio.to_thread(subprocess.run, command, cwd=PROJECT, capture_output=True, text=True, check=False)


async def require_well(instance: Path) -> None:
    """The overview finds the instance by itself, and nothing that needs a person."""
    told = await local("overview", f"--directory={instance}", "--json")
    seen = json.loads(told.stdout)
    assert (told.returncode, seen["needs"]) == (0, [])
    assert [(one["service"], one["state"]) for one in seen["services"]] == [(name, "ready") for name in SERVICES]
    assert seen["overview_lag_seconds"] < 60


@pytest.mark.timeout(400)
async def test_it_starts_everything_and_takes_everything_with_it(instance: Path) -> None:
    ports = free_block()
    first = Up(instance, ports)
    await asyncio.to_thread(first.wait_until_up)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.edge}") as edge:
            page = (await edge.get("/api/")).text
            for service in (name for name in SERVICES if name != "portal"):
                assert f'href="/{service}/openapi.json"' in page
                assert (await edge.get(f"/{service}/healthz")).status_code == 200
                assert (await edge.get(f"/{service}/readyz")).json()["state"] == "ready"
                assert (await edge.get(f"/{service}/openapi.json")).json()["openapi"].startswith("3.")
            request_id = str(uuid.uuid4())
            answer = await edge.get("/registry/healthz", headers={"X-Request-ID": request_id})
            assert answer.headers["x-request-id"] == request_id
            assert (await edge.get("/")).status_code == 200
            nowhere = await edge.get("/nowhere")
            assert (nowhere.status_code, nowhere.headers["content-type"]) == (404, "text/html; charset=utf-8")
            assert (await edge.get("/registry/nowhere")).headers["content-type"] == "application/problem+json"
            assert (await edge.post("/registry/healthz", content=bytes(1_100_000))).status_code == 413
        await require_well(instance)
        for words, said in (
            (["metering", "check"], "partitions"),
            (["agreements", "migrate"], "agreements: nothing to migrate"),
        ):
            told = await local("run", f"--directory={instance}", *words)
            assert (told.returncode, said in told.stdout) == (0, True), told
        saved = instance.with_name("saved")
        told = await local("backup", f"--directory={instance}", str(saved))
        assert told.returncode == 0, told.stderr
        assert {path.name for path in saved.iterdir()} == {*SERVICES, "manifest.json", "broker.json"}
        await query(ports, instance, "CREATE TABLE kept (word text)")

        # Beside it, another one is told what is in its way.
        same_place = Up(instance, free_block())
        assert await asyncio.to_thread(same_place.wait) == 1
        assert same_place.said().startswith(f"{instance} is already in use by process ")
        elsewhere = instance.with_name("other")
        same_port = Up(elsewhere, Ports.from_base(ports.smtp))
        assert await asyncio.to_thread(same_port.wait) == 1
        assert f"Port {ports.smtp} (edge) is taken by another program" in same_port.said()
    finally:
        code = await asyncio.to_thread(first.end, signal.SIGINT)
    assert code == 0
    assert left_behind(instance, ports) == []

    # On other ports the same data; and this time the launcher is killed.
    moved = free_block()
    second = Up(instance, moved)
    try:
        await asyncio.to_thread(second.wait_until_up)
        assert await query(moved, instance, "SELECT count(*) FROM kept") == 0
    finally:
        await asyncio.to_thread(second.end, signal.SIGKILL)
    assert await asyncio.to_thread(gone_in_the_end, instance, moved)


@pytest.mark.timeout(200)
def test_stopping_while_it_starts_leaves_nothing(instance: Path) -> None:
    ports = free_block()
    starting = Up(instance, ports)
    deadline = time.monotonic() + PATIENCE
    while "starting PostgreSQL" not in starting.said():
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert starting.end(signal.SIGTERM) == 0
    assert starting.said().rstrip().endswith("stopped.")
    assert left_behind(instance, ports) == []
