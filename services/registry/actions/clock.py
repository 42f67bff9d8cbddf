"""The demonstration clock."""

from __future__ import annotations

from datetime import UTC, datetime

from services.registry.domain.clock import CLOCK_ID, offset_to
from services.registry.store import clock as store
from shared.audit import Actor
from shared.contracts.registry import Clock, ClockMoved
from shared.database import Transaction
from shared.problem import Conflict


async def move(tx: Transaction, actor: Actor, to: datetime) -> Clock:
    """Make platform time `to` for every service. Raises Conflict `clock.fixed`, `clock.backwards`."""
    if tx.clock.mode == "live":
        raise Conflict("clock.fixed", "This platform runs live: its time is real time and can't be moved.")
    present, _ = await store.find(tx.connection)
    real = datetime.fromtimestamp(tx.clock.real(), UTC)
    moved = await store.move(tx.connection, offset_to(to, real=real, present=present))
    await tx.say(ClockMoved(clock=moved))
    await tx.record(actor, "clock.move", moved.id, {"offset_seconds": moved.offset_seconds})
    return moved


async def restate(tx: Transaction) -> int:
    """Say once more where the clock stands, if it was ever moved; a listener that knows takes no notice."""
    offset_seconds, sequence = await store.find(tx.connection)
    if not sequence:
        return 0
    await tx.say(ClockMoved(clock=Clock(id=CLOCK_ID, sequence=sequence, offset_seconds=offset_seconds)))
    return 1
