"""Grants follow agreements and trial connections; the access decision follows the grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from services.registry.actions.restating import restate_all
from services.registry.domain.access import Asker, Decision, Source, changes, decide, open_at
from services.registry.store import access as store
from services.registry.store import binding as binding_store
from shared.consumer import IllegalEvent
from shared.contracts import registry as contracts
from shared.contracts.event import Environment
from shared.contracts.metering import Count
from shared.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Answer:
    """An access decision and the instant (platform time, UTC) it was made for."""

    decision: Decision
    at: datetime


async def ask(
    database: Database,
    *,
    thumbprint: bytes,
    service_id: UUID,
    municipality_id: UUID | None,
    municipality_cvr: str | None,
    environment: Environment | None,
    asker: Asker,
) -> Answer:
    """May this certificate call this service for this municipality now? Read anew each time, never kept."""
    async with database.reading() as connection:
        at = database.clock.now()
        facts = await store.facts(
            connection,
            thumbprint,
            service_id,
            municipality_id=municipality_id,
            municipality_cvr=municipality_cvr,
        )
    return Answer(decide(facts, asker=asker, environment=environment, at=at), at)


async def follow(tx: Transaction, source: Source) -> None:
    """Make the grants of an agreement or trial be as it says; an older word than the last heard changes nothing.

    Raises IllegalEvent when it names what the registry, which owns all of them, doesn't know.
    """
    if not await store.hear(tx.connection, source):
        return
    present = await store.of_source(tx.connection, source.id)
    wanted = changes(source, present)
    if not wanted:
        return
    await _require_parties(tx, source)
    for service_id, valid in wanted.items():
        access = await store.write(tx.connection, source, uuid4(), service_id, valid, now=tx.now)
        granted = open_at(access.valid, tx.now)
        kind = contracts.AccessGranted if granted else contracts.AccessEnded
        await tx.say(kind(access=told(access)))


async def _require_parties(tx: Transaction, source: Source) -> None:
    parties = await store.parties(tx.connection, source)
    named = f"the {source.kind} {source.id}"
    if parties.municipality_cvr is None:
        raise IllegalEvent(f"{named} is with municipality {source.municipality_id}, which the registry does not know")
    if parties.supplier_id is None:
        raise IllegalEvent(f"{named} is for system {source.system_id}, which the registry does not know")
    if parties.supplier_id != source.supplier_id:
        raise IllegalEvent(f"{named} says system {source.system_id} is of supplier {source.supplier_id}; it is not")
    if parties.environment != source.environment:
        raise IllegalEvent(
            f"{named} is in {source.environment}; system {source.system_id} is in {parties.environment}"
        )
    if missing := source.service_ids - parties.service_ids:
        listed = ", ".join(sorted(map(str, missing)))
        raise IllegalEvent(f"{named} names services the catalogue does not have: {listed}")


async def note_use(tx: Transaction, counts: Sequence[Count]) -> None:
    """Keep when each certificate was last used, to the hour; order and repeats do not matter."""
    used = {(count.certificate_id, count.hour) for count in counts if count.calls}
    known = await binding_store.note_use(tx.connection, used)
    if missing := {certificate_id for certificate_id, _ in used} - known:
        listed = ", ".join(sorted(map(str, missing)))
        raise IllegalEvent(f"calls were counted under certificates the registry never bound: {listed}")


async def restate_access(tx: Transaction) -> int:
    """Say every grant's present state."""
    return await restate_all(tx, store.listed, lambda access: contracts.AccessRestated(access=told(access)))


def told(access: store.Access) -> contracts.Access:
    """A grant as others may know it."""
    return contracts.Access(
        id=access.id,
        sequence=access.sequence,
        source=access.source,
        source_id=access.source_id,
        environment=access.environment,
        supplier_id=access.supplier_id,
        system_id=access.system_id,
        municipality_id=access.municipality_id,
        municipality_cvr=access.municipality_cvr,
        service_id=access.service_id,
        valid=access.valid,
    )
