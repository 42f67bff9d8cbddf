"""Child processes that never outlive the one that started them."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.local.failures import StartError


def tool(name: str, *elsewhere: str) -> str:
    """Where a program is; ``elsewhere`` are folders outside PATH. Raises StartError naming it."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *elsewhere]))
    if found is None:
        raise StartError(f"The program {name} is missing; `make demo` installs what it needs (see deploy/local).")
    return found


def become(user: str | None, *options: str) -> list[str]:
    """The beginning of a command line that runs the rest as ``user`` (None: as we are), with setpriv options."""
    if user is None and not options:
        return []
    account = [] if user is None else [f"--reuid={user}", f"--regid={user}", "--init-groups"]
    return [tool("setpriv"), *options, *account, "--"]


class Child:
    """One process started by us: its own session (Ctrl-C in the terminal reaches only the launcher), output
    appended to a log file, and a signal from the kernel the moment the launcher is gone, however it went.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        orphan_signal: signal.Signals = signal.SIGTERM,
        error_mark: str = "",
    ) -> None:
        """Starts ``command``; as ``user`` when given (needs root).

        ``stop_signal`` is the polite one; ``orphan_signal`` is what the kernel sends when the launcher has died
        (strictly: the thread that called this, so start children from one that stays). ``error_mark`` is how the
        program marks errors in its log.
        """
        self.name = name
        self.log = log
        self._stop_signal = stop_signal
        self._error_mark = error_mark
        guard = become(user, f"--pdeathsig={orphan_signal.name.removeprefix('SIG')}")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                [*guard, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=dict(environment) if environment is not None else None,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        return self._process.poll()

    def last_words(self) -> str:
        """The line of its log that tells most: the first one marked as an error since its start, or the last."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            written = log.read().decode(errors="replace")
        lines = [line.strip() for line in written.splitlines() if line.strip()]
        marked = [line for line in lines if self._error_mark and self._error_mark in line]
        told = marked[0] if marked else lines[-1] if lines else "it wrote nothing"
        return told[-400:]

    def require_running(self) -> None:
        """Raises StartError with the last words when the process has ended."""
        code = self.exit_code()
        if code is None:
            return
        how = f"with code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        raise StartError(f"{self.name} ended {how}: {self.last_words()} (its log: {self.log})")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Returns as soon as ``ready()``; raises StartError when the process ends or the time runs out."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.require_running()
            if time.monotonic() > deadline:
                raise StartError(
                    f"{self.name} did not become ready within {seconds:.0f} s: {self.last_words()} "
                    f"(its log: {self.log})"
                )
            time.sleep(0.05)

    def ask_to_stop(self) -> None:
        if self.exit_code() is None:
            self._process.send_signal(self._stop_signal)

    def wait_stopped(self, seconds: float) -> bool:
        """Waits for the end; after ``seconds`` kills the whole process group and returns False."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def stop(self, seconds: float = 20) -> bool:
        """Asks, waits, kills if it must; False when it had to be killed."""
        self.ask_to_stop()
        return self.wait_stopped(seconds)

    def kill(self) -> None:
        """Ends the process and its group at once (SIGKILL)."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
