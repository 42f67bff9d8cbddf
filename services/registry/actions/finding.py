"""Finding certificates by the numbers people have at hand."""

from __future__ import annotations

import hashlib

import asyncpg

from services.registry.domain.binding import Binding
from services.registry.domain.certificate import der_of
from services.registry.domain.serial import Meaning, read_serial
from services.registry.domain.system import System
from services.registry.store import binding as store
from services.registry.store import system as systems

MOST = 50


async def certificates(connection: asyncpg.Connection, text: str) -> list[tuple[Binding, System]]:
    """The certificates this number fits, those bound last first, each with its system. Raises SerialUnreadable."""
    readings = read_serial(text).readings
    of = {meaning: [one.value for one in readings if one.meaning is meaning] for meaning in Meaning}
    thumbprints = [bytes.fromhex(value) for value in of[Meaning.THUMBPRINT_SHA256]]
    if wanted := of[Meaning.THUMBPRINT_SHA1]:
        # Only SHA-256 is kept. The older one, which some programs still show, is worked out where it is asked for.
        async for thumbprint, pem in store.every_pem(connection):
            if hashlib.sha1(der_of(pem), usedforsecurity=False).hexdigest() in wanted:
                thumbprints.append(thumbprint)
    found = await store.fitting(
        connection,
        thumbprints=thumbprints,
        x509_serials=of[Meaning.X509_SERIAL],
        subject_serials=of[Meaning.SUBJECT_SERIAL],
        subject_numbers=of[Meaning.SUBJECT_NUMBER],
        limit=MOST,
    )
    return [(bound, system) for bound in found if (system := await systems.find(connection, bound.system_id))]
