"""Child processes: told apart when they fail, stopped politely, and gone when their launcher is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.local.failures import StartError
from deploy.local.places import PROJECT
from deploy.local.processes import Child, tool


def child(tmp_path: Path, script: str, **options: str) -> Child:
    return Child("The thing", ["sh", "-c", script], tmp_path / "thing.log", **options)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_missing_tool_is_named() -> None:
    with pytest.raises(StartError, match="program no-such-program is missing"):
        tool("no-such-program")


def test_a_child_that_ends_is_reported_with_its_last_line(tmp_path: Path) -> None:
    failing = child(tmp_path, "echo first; echo the reason; exit 3")

    with pytest.raises(StartError) as told:
        failing.wait_until(lambda: False, 20)

    assert str(told.value) == f"The thing ended with code 3: the reason (its log: {tmp_path / 'thing.log'})"


def test_a_line_marked_as_an_error_tells_more_than_the_last_one(tmp_path: Path) -> None:
    failing = child(tmp_path, "echo '[error] the cause'; echo '[error] more'; echo bye; exit 1", error_mark="[error]")

    with pytest.raises(StartError, match=r"\[error\] the cause"):
        failing.wait_until(lambda: False, 20)


def test_what_an_earlier_run_logged_is_not_held_against_this_one(tmp_path: Path) -> None:
    (tmp_path / "thing.log").write_text("[error] an old story\n")
    failing = child(tmp_path, "echo quiet; exit 1", error_mark="[error]")

    with pytest.raises(StartError, match="quiet"):
        failing.wait_until(lambda: False, 20)


def test_a_child_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    idle = child(tmp_path, "echo waiting for what never comes; exec sleep 60")
    try:
        idle.wait_until(lambda: bool((tmp_path / "thing.log").read_text()), 20)
        with pytest.raises(StartError, match="did not become ready within 0 s: waiting for what never comes"):
            idle.wait_until(lambda: False, 0)
    finally:
        idle.kill()


def test_stopping_is_polite_first_and_firm_when_it_must(tmp_path: Path) -> None:
    polite = child(tmp_path, "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done")
    polite.wait_until(lambda: bool((tmp_path / "thing.log").read_text()), 20)
    assert polite.stop(20)
    assert polite.exit_code() == 0

    (tmp_path / "thing.log").write_text("")
    deaf = child(tmp_path, "trap '' TERM; echo up; while :; do sleep 0.05; done")
    deaf.wait_until(lambda: bool((tmp_path / "thing.log").read_text()), 20)
    assert not deaf.stop(0.2)
    assert deaf.exit_code() == -signal.SIGKILL


def test_a_child_does_not_outlive_a_launcher_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import time; from pathlib import Path; from deploy.local.processes import Child\n"
        f"child = Child('it', ['sleep', '600'], Path({str(tmp_path / 'it.log')!r}))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    pid = int(launcher.stdout.readline())
    # Between the fork and the kernel's promise lies a moment; the program's name tells when it is over.
    while Path(f"/proc/{pid}/comm").read_text().strip() != "sleep":
        time.sleep(0.01)
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait()
    launcher.stdout.close()

    deadline = time.monotonic() + 20
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)
