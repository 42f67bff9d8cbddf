"""What brings the services back in step after databases or the broker were lost with events in flight.

Two things, both harmless when nothing was lost: what listeners act on one by one and have not heard is said again
under its own id (`Event.kept`), and the present state of everything that is copied is restated. A listener knows an
event by its id, so nothing is acted on twice. The running services publish what this writes.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import asyncpg

from deploy.rabbitmq.definitions import listens
from shared import database, outbox
from shared.clock import Clock
from shared.commands import OPERATOR
from shared.contracts import SERVICES
from shared.database import Database

_HEARD = """
SELECT event_id FROM inbox WHERE event_id = ANY($1::uuid[])
UNION SELECT event_id FROM parked WHERE event_id = ANY($1::uuid[])
"""


@dataclass
class Rejoined:
    """How many events each service says again, and how many restate the present."""

    again: dict[str, int] = field(default_factory=dict)
    restated: dict[str, int] = field(default_factory=dict)


async def rejoin(databases: Mapping[str, str]) -> Rejoined:
    """Bring all services (database URLs by service, of a role that may write) back in step."""
    done = Rejoined()
    opened: dict[str, Database] = {}
    try:
        for service in SERVICES:
            # In live mode the offset it takes up is none.
            clock = Clock("demonstration")
            opened[service] = await database.connect(databases[service], connections=2, clock=clock, speaker=service)
            async with opened[service].pool.acquire() as connection:
                await clock.refresh(cast("asyncpg.Connection", connection))
        for service in SERVICES:
            done.again[service] = await _say_again(service, opened)
            done.restated[service] = await _restate(service, opened[service])
    finally:
        for one in opened.values():
            await one.close()
    return done


async def _say_again(speaker: str, opened: Mapping[str, Database]) -> int:
    async with opened[speaker].reading() as connection:
        kept = await outbox.kept(connection, speaker)
    missed: set[UUID] = set()
    for listener, events in listens().items():
        types = {event.type for event in events}
        meant = [event_id for event_id, event_type in kept if event_type in types]
        async with opened[listener].reading() as connection:
            heard = {row["event_id"] for row in await connection.fetch(_HEARD, meant)}
        missed.update(set(meant) - heard)
    async with opened[speaker].transaction() as tx:
        return await outbox.say_again(tx.connection, missed, now=tx.now)


async def _restate(service: str, own: Database) -> int:
    restates = importlib.import_module(f"services.{service}.__main__").SERVICE.restate
    said = 0
    for noun, restate in restates.items():
        async with own.transaction() as tx:
            events = await restate(tx)
            await tx.record(OPERATOR, "restate", noun, {"events": events})
            said += events
    return said
