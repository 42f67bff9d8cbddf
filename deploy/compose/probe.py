"""Run inside a service's container: tries what must not be possible there, and says what was possible after all."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

FOLDER = Path("/run/platform")
OUTSIDE = "192.0.2.1"
"""An address that is nobody's (RFC 5737): where there is a way out, connecting to it takes until the time is up."""
SECONDS = 5.0

DATABASE = urlsplit((FOLDER / "database-url").read_text()) if FOLDER.exists() else urlsplit("")
OTHER = "registry" if DATABASE.path == "/metering" else "metering"


async def without_tls() -> None:
    await asyncpg.connect(urlunsplit(DATABASE._replace(query="")), ssl=False)


async def by_another_name() -> None:
    address = socket.gethostbyname(DATABASE.hostname or "")
    netloc = DATABASE.netloc.replace(f"@{DATABASE.hostname}:", f"@{address}:")
    await asyncpg.connect(urlunsplit(DATABASE._replace(netloc=netloc)))


async def anothers_database() -> None:
    await asyncpg.connect(urlunsplit(DATABASE._replace(path=f"/{OTHER}")))


async def a_table_of_its_own() -> None:
    connection = await asyncpg.connect(urlunsplit(DATABASE))
    try:
        await connection.execute("CREATE TABLE probe (id integer)")
    finally:
        await connection.close()


async def any_broker() -> None:
    broker = urlsplit((FOLDER / "broker-url").read_text().split(",", maxsplit=1)[0])
    # As a machine that does not know the installation's authority.
    await asyncio.open_connection(broker.hostname, broker.port, ssl=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def write_image() -> None:
    Path("/platform/probe").write_text("")  # noqa: ASYNC240 - fails at once, or all has failed


async def write_secrets() -> None:
    (FOLDER / "probe").write_text("")


async def way_out() -> None:
    await asyncio.open_connection(OUTSIDE, 443)


async def be_root() -> None:
    os.setuid(0)


ATTEMPTS: tuple[tuple[str, Callable[[], Awaitable[None]], tuple[type[Exception], ...]], ...] = (
    ("reach the database without TLS", without_tls, (asyncpg.InvalidAuthorizationSpecificationError,)),
    ("take another host for the database", by_another_name, (ssl.SSLCertVerificationError,)),
    (f"enter the database of {OTHER}", anothers_database, (asyncpg.InsufficientPrivilegeError,)),
    ("make a table", a_table_of_its_own, (asyncpg.InsufficientPrivilegeError,)),
    ("take any broker for the platform's", any_broker, (ssl.SSLCertVerificationError,)),
    ("write into the image", write_image, (OSError,)),
    ("write among the secrets", write_secrets, (OSError,)),
    ("reach the internet", way_out, (OSError,)),
    ("become root", be_root, (PermissionError,)),
)
"""What is tried, and what refuses it for the right reason."""


async def possible() -> list[str]:
    """What was not refused, or not for the right reason."""
    found = []
    for what, attempt, refusals in ATTEMPTS:
        try:
            async with asyncio.timeout(SECONDS):
                await attempt()
        except TimeoutError:
            found.append(f"{what} (or did not hear that it can't)")
        except refusals as refusal:
            print(f"refused to {what}: {type(refusal).__name__}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the refusal that is wanted
            found.append(f"{what} (stopped by {type(error).__name__}: {error})")
        else:
            found.append(what)
    return found


def main() -> None:
    if found := asyncio.run(possible()):
        sys.exit(f"This container could {'; it could '.join(found)}.")


if __name__ == "__main__":
    main()
