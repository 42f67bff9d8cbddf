"""PostgreSQL's own tools: pg_dump of a snapshot, pg_restore into an empty database."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from deploy.local.postgres import INSTALLED

LAST_LINES = 5


class DumpFailed(Exception):
    """One of PostgreSQL's tools failed; its own words."""


async def dump(url: str, snapshot: str, folder: Path) -> None:
    """Write a database as it was at a snapshot to a folder, compressed, one file a table. Raises DumpFailed."""
    await _run("pg_dump", url, "--format=directory", f"--snapshot={snapshot}", "--no-sync", f"--file={folder}")


async def restore(url: str, folder: Path) -> None:
    """Fill an empty database from such a folder, with owners and rights; all or nothing. Raises DumpFailed."""
    await _run("pg_restore", url, "--exit-on-error", "--single-transaction", str(folder))


async def contents(folder: Path) -> int:
    """How many things a dump holds, which shows that its table of contents can be read. Raises DumpFailed."""
    listed = await _run("pg_restore", None, "--list", str(folder))
    return sum(not line.startswith(";") for line in listed.splitlines())


async def _run(program: str, url: str | None, *arguments: str) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    if url is not None:
        # Not on the command line, where everybody on the machine could read it.
        bare, environment["PGPASSWORD"] = _without_password(url)
        arguments = (f"--dbname={bare}", *arguments)
    process = await asyncio.create_subprocess_exec(
        _program(program),
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, error = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        said = [line for line in error.decode(errors="replace").splitlines() if line.strip()][-LAST_LINES:]
        raise DumpFailed(f"{program} ended with code {process.returncode}: {' '.join(said)}")
    return out.decode(errors="replace")


def _without_password(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    who, at, where = parts.netloc.rpartition("@")
    user, _, password = who.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{where}")), unquote(password)


def _program(name: str) -> str:
    """The newest one that is installed: an older pg_dump refuses a newer server."""
    folders = sorted(INSTALLED.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))
    if found is None:
        raise DumpFailed(f"{name} is missing; install PostgreSQL's client programs, as new as the server.")
    return found
