"""Certificates that connections depend on: the files their URLs name, and what servers show."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
import struct
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl

from cryptography import x509

FILES = frozenset({"sslrootcert", "sslcert", "sslkey", "cafile", "certfile", "keyfile"})
"""The parts of a URL's query that name files: PostgreSQL's words and AMQP's."""
SECONDS = 5.0
_ASK_FOR_TLS = struct.pack("!II", 8, 80877103)
"""PostgreSQL's SSLRequest: its connections begin in the clear."""


def named_files(url: str) -> list[tuple[str, Path]]:
    """The files a connection URL names, as (parameter, path)."""
    return [(name, Path(value)) for name, value in parse_qsl(_hosts_and_query(url)[1]) if name in FILES]


def parameter(url: str, name: str) -> str | None:
    """A parameter in a URL's query; None when it is not there."""
    return dict(parse_qsl(_hosts_and_query(url)[1])).get(name)


def expiry(pem: bytes) -> datetime | None:
    """When the last of the certificates in a PEM file ends to hold, UTC; None when it holds none.

    The last: a file of authorities may keep an old one beside its successor.
    """
    if b"BEGIN CERTIFICATE" not in pem:
        return None
    return max(found.not_valid_after_utc for found in x509.load_pem_x509_certificates(pem))


def endpoints(url: str, port: int) -> list[tuple[str, int]]:
    """The hosts of a URL; several have commas between them. `port` where it names none."""
    found = []
    for part in _hosts_and_query(url)[0].split(","):
        if part.startswith("["):
            host, _, rest = part[1:].partition("]")
            given = rest.removeprefix(":")
        else:
            host, _, given = part.partition(":")
        found.append((host, int(given) if given else port))
    return found


def _hosts_and_query(url: str) -> tuple[str, str]:
    """Read here: the standard library refuses a URL of several hosts, one of them in brackets (Python 3.13)."""
    rest, _, query = url.partition("://")[2].partition("?")
    return rest.partition("/")[0].rpartition("@")[2], query


def is_here(host: str) -> bool:
    """Whether a host is this machine by its name alone, so that nothing of the connection leaves it."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


async def shown_until(host: str, port: int, *, postgres: bool = False) -> datetime:
    """When the certificate ends to hold that a server shows, UTC. Raises OSError (also for TLS) or TimeoutError.

    Whether it is trusted is not asked here: the connection itself does, with its own files.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection(host, port, ssl=None if postgres else context)
        try:
            if postgres:
                writer.write(_ASK_FOR_TLS)
                if await reader.readexactly(1) != b"S":
                    raise ConnectionRefusedError("the server speaks no TLS")
                await writer.start_tls(context, server_hostname=host)
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    return x509.load_der_x509_certificate(shown).not_valid_after_utc
