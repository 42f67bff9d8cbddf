"""Where an instance of the platform keeps its files, and whether there is room for them."""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import IO

from deploy.local.failures import StartError
from deploy.local.processes import become

PROJECT = Path(__file__).resolve().parents[2]
ELSEWHERE = Path("/var/lib/serviceplatform-self-service")
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it is made below
ROOM_NEEDED_MB = 400
MEMORY_NEEDED_MB = 2_000


def require_room(place: Path, megabytes: int = ROOM_NEEDED_MB) -> None:
    """Raises StartError when the file system of ``place`` has less free than that."""
    free = shutil.disk_usage(place).free // 1_000_000
    if free < megabytes:
        message = (
            f"The disk is nearly full: {free} MB are free where {place} lies "
            f"and {megabytes} MB are needed; make room there."
        )
        raise StartError(message)


def claim(directory: Path) -> IO[str]:
    """Makes the instance directory ours until the returned file is closed (or this process ends).

    Raises StartError when another process has it, naming that process.
    """
    directory.mkdir(parents=True, exist_ok=True)
    handle = (directory / "lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        holder = handle.read().strip() or "unknown"
        handle.close()
        raise StartError(f"{directory} is already in use by process {holder}; stop that one first.") from None
    handle.seek(0)
    handle.truncate()
    handle.write(f"{os.getpid()}\n")
    handle.flush()
    return handle


def is_claimed(directory: Path) -> bool:
    """Whether some process has the instance directory now."""
    with (directory / "lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def server_user(name: str) -> str | None:
    """The account a server that refuses to run as root runs under: None (our own) unless we are root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(name)
    except KeyError:
        message = (
            f"There is no user {name} to run the server as, and it refuses to run as root; is its package installed?"
        )
        raise StartError(message) from None
    return name


def data_directory(instance: Path, server: str, user: str | None) -> Path:
    """The private folder for a server's data: inside the instance directory, or, when ``user`` can't get
    there (a checkout under /root), under /var/lib. The choice is remembered in ``<server>.path``.
    """
    remembered = instance / f"{server}.path"
    if remembered.exists():
        place = Path(remembered.read_text().strip())
        if place.is_dir() or place.is_relative_to(ELSEWHERE):
            return _made(place, user)
    place = instance / server
    if user is not None and not _can_enter(instance, user):
        mark = hashlib.sha256(str(instance.resolve()).encode()).hexdigest()[:12]
        place = ELSEWHERE / f"{instance.name}-{mark}" / server
    _made(place, user)
    remembered.write_text(f"{place}\n")
    return place


def keep_in_memory(instance: Path, server: str) -> Path | None:
    """Chooses a folder in memory for the data of a throw-away server, to be called before its first start.

    None where memory has too little room: then the data lies where any instance's does. It is for servers that make
    and drop hundreds of databases: on a disk each is some three hundred files, and ext4 looks at every one that
    was removed in the last minutes before it makes another.
    """
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_NEEDED_MB * 1_000_000:
        return None
    instance = instance.resolve()
    mark = hashlib.sha256(str(instance).encode()).hexdigest()[:12]
    place = MEMORY / f"serviceplatform-{mark}" / server
    place.mkdir(parents=True, exist_ok=True)
    place.parent.chmod(0o755)
    instance.mkdir(parents=True, exist_ok=True)
    (instance / f"{server}.path").write_text(f"{place}\n")
    return place


def lies_elsewhere(instance: Path, place: Path) -> bool:
    return not place.is_relative_to(instance)


def remove_data(instance: Path, server: str) -> None:
    """Removes a server's data wherever it lies; for throw-away instances (the server must have stopped)."""
    remembered = instance / f"{server}.path"
    if remembered.exists():
        place = Path(remembered.read_text().strip())
        shutil.rmtree(place, ignore_errors=True)
        if lies_elsewhere(instance, place):
            shutil.rmtree(place.parent, ignore_errors=True)
            with contextlib.suppress(OSError):  # other instances' data may lie there
                ELSEWHERE.rmdir()


def _made(place: Path, user: str | None) -> Path:
    if place.is_relative_to(ELSEWHERE):
        for folder in (ELSEWHERE, place.parent):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)  # whatever our umask: the server's account must get through to its own folder
    place.mkdir(parents=True, exist_ok=True)
    if user is not None:
        shutil.chown(place, user, user)
    place.chmod(0o700)
    return place


def _can_enter(directory: Path, user: str) -> bool:
    """Whether ``user`` can pass through ``directory`` (asked of the kernel, so ACLs count too)."""
    return subprocess.run([*become(user), "test", "-x", str(directory)], check=False).returncode == 0
