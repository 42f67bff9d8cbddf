"""A private PostgreSQL server: Debian's programs, data of its own, loopback only, always a password."""

import os
import pwd
import re
import signal
import subprocess
from pathlib import Path

from deploy.local import places
from deploy.local.failures import StartError
from deploy.local.ports import LOOPBACK
from deploy.local.processes import Child, become, tool
from deploy.local.secrets import write_private

ADMIN = "platform_admin"
INSTALLED = Path("/usr/lib/postgresql")


class Postgres:
    """One server. ``durable=False`` is for tests: a crash may cost its data, a commit costs no disk write."""

    def __init__(self, instance: Path, port: int, admin_password: str, *, durable: bool = True) -> None:
        self._instance = instance.resolve()
        self._port = port
        self._password = admin_password
        self._durable = durable
        self._child: Child | None = None
        self.data: Path | None = None

    @property
    def admin_url(self) -> str:
        return self.url(ADMIN, self._password, "postgres")

    def url(self, role: str, password: str, database: str) -> str:
        return database_url(self._port, role, password, database)

    def start(self) -> None:
        """Starts the server on its data, which is made at the first start; returns before it answers
        (``wait_ready``). Raises StartError.
        """
        user = places.server_user("postgres")
        self.data = places.data_directory(self._instance, "postgres", user)
        places.require_room(self.data)
        log = self._instance / "log" / "postgres.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if (self.data / "cluster" / "PG_VERSION").exists():
            programs = _programs_for(self.data / "cluster", INSTALLED)
        else:
            programs = newest_programs(INSTALLED)
            _make_cluster(programs, self.data, user, self._password, log, durable=self._durable)
        settings = self.data / "private.conf"
        settings.write_text(self._configuration())
        settings.chmod(0o644)  # the folder is private; the server may run under another account than ours
        command = [
            str(programs / "postgres"),
            "-D",
            str(self.data / "cluster"),
            "-c",
            f"config_file={settings}",
        ]
        # SIGINT is PostgreSQL's fast stop: open transactions are rolled back, the data is left clean.
        self._child = Child(
            "PostgreSQL",
            command,
            log,
            user=user,
            environment=_environment(),
            cwd=self.data,
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
            error_mark="FATAL:",
        )

    def wait_ready(self, seconds: float = 60) -> None:
        child = self._running()
        command = [
            tool("pg_isready"),
            "-q",
            "-h",
            LOOPBACK,
            "-p",
            str(self._port),
            "-U",
            ADMIN,
            "-d",
            "postgres",
        ]
        child.wait_until(lambda: subprocess.run(command, check=False).returncode == 0, seconds)

    def require_running(self) -> None:
        self._running().require_running()

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(30)
            self._child = None

    def kill(self) -> None:
        """SIGQUIT, PostgreSQL's immediate stop: as a power cut, but no worker process stays behind."""
        child = self._running()
        os.kill(child.pid, signal.SIGQUIT)
        child.wait_stopped(10)
        self._child = None

    def _running(self) -> Child:
        if self._child is None:
            raise StartError("PostgreSQL has not been started.")
        return self._child

    def _configuration(self) -> str:
        values = {
            "listen_addresses": LOOPBACK,
            "port": self._port,
            "unix_socket_directories": "",
            "hba_file": str((self.data or Path()) / "cluster" / "pg_hba.conf"),
            "ident_file": str((self.data or Path()) / "cluster" / "pg_ident.conf"),
            "password_encryption": "scram-sha-256",
            "max_connections": 300,
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
            "checkpoint_completion_target": "0.9",
            "random_page_cost": "1.1",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "datestyle": "iso, mdy",
            "lc_messages": "C.UTF-8",
            "log_line_prefix": "%m %u@%d ",
            "log_min_duration_statement": "2s",
            "log_lock_waits": "on",
        }
        if not self._durable:
            values |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "autovacuum": "off",
            }
        return "".join(f"{name} = '{value}'\n" for name, value in values.items())


def database_url(port: int, role: str, password: str, database: str) -> str:
    """How a role reaches a database of a server on this machine."""
    return f"postgresql://{role}:{password}@{LOOPBACK}:{port}/{database}"


def newest_programs(installed: Path) -> Path:
    """The folder with the programs of the newest PostgreSQL in ``installed``; raises StartError without any."""
    found = [
        (int(folder.name), folder / "bin")
        for folder in installed.glob("*")
        if re.fullmatch(r"\d+", folder.name) and (folder / "bin" / "initdb").exists()
    ]
    if not found:
        raise StartError(
            f"PostgreSQL's server is missing (nothing in {installed}); `make demo` installs what it needs."
        )
    return max(found)[1]


def _make_cluster(programs: Path, data: Path, user: str | None, password: str, log: Path, *, durable: bool) -> None:
    """Makes the cluster beside its final place first: an interrupted first start leaves nothing half-made."""
    password_file = data / "initial-password"
    draft = data / "cluster.new"
    write_private(password_file, password.encode())
    if user is not None:
        os.chown(password_file, *_ids(user))
    initdb = [
        str(programs / "initdb"),
        f"--pgdata={draft}",
        f"--username={ADMIN}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    try:
        subprocess.run(["rm", "-rf", str(draft)], check=True)
        made = subprocess.run(
            [*become(user), *initdb], check=False, capture_output=True, text=True, cwd=data, env=_environment()
        )
        with log.open("a") as out:
            out.write(made.stdout + made.stderr)
        if made.returncode != 0:
            reason = _complaint(made.stderr) or f"initdb ended with code {made.returncode}"
            raise StartError(f"PostgreSQL's data could not be made in {data}: {reason} (its log: {log})")
        draft.rename(data / "cluster")
    finally:
        password_file.unlink(missing_ok=True)


def _complaint(said: str) -> str | None:
    """The line in which a PostgreSQL program says what is wrong; None when there is none."""
    marks = ("No space left", "FATAL:", "error:", "could not")
    return next((line.strip() for mark in marks for line in said.splitlines() if mark in line), None)


def _ids(user: str) -> tuple[int, int]:
    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def _programs_for(cluster: Path, installed: Path) -> Path:
    """The programs of the major version that made ``cluster``; another version can't read its files."""
    version = (cluster / "PG_VERSION").read_text().strip()
    programs = installed / version / "bin"
    if not (programs / "postgres").exists():
        raise StartError(
            f"The data in {cluster} was made by PostgreSQL {version}, which is no longer installed; "
            "install it again, or remove the instance to start afresh."
        )
    return programs


def _environment() -> dict[str, str]:
    # Nothing of the caller's PG* variables may leak into the private server.
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
