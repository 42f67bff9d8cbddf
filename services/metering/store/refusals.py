"""Calls that were not counted, and the judging of them again when news comes."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

import asyncpg

from services.metering.domain.judgement import Reason
from services.metering.store.sight import Sight
from shared.contracts.event import Environment
from shared.sql import Queries

SQL = Queries(Path(__file__).with_name("refusals.sql"))

State = Literal["refused", "counted", "duplicate"]


@dataclass(frozen=True)
class Refusal:
    """A call that was refused, with all that is needed to judge it again; what could not be read is None.

    `certificate_id` is set when the signature was found to hold; until then it can be checked with what was signed.
    """

    id: UUID
    system_id: UUID
    message_id: str
    position: int
    received_at: datetime
    quarter: str
    reason: Reason
    detail: str
    field: str | None
    event_id: str | None
    made_at: datetime | None
    service_id: UUID | None
    municipality: str | None
    agreement_id: UUID | None = None
    accounting_info: str = ""
    caller_reference: str | None = None
    named_environment: Environment | None = None
    certificate_id: UUID | None = None
    thumbprint: str | None = None
    algorithm: Literal["RS256", "PS256", "ES256"] | None = None
    signed_digest: bytes | None = dataclasses.field(default=None, repr=False)
    signature: bytes | None = dataclasses.field(default=None, repr=False)
    state: State = "refused"
    settled_at: datetime | None = None


@dataclass(frozen=True)
class Rejudging:
    """Which refusals news may lift: a system's, narrowed to a service and municipality where it was a grant's."""

    position: int
    system_id: UUID
    service_id: UUID | None
    municipalities: tuple[str, ...] | None
    reasons: tuple[Reason, ...]
    after: UUID


@dataclass(frozen=True)
class Summed:
    """Refused calls of one reason and municipality; `municipality` as named, its id where that is known."""

    reason: Reason
    municipality_id: UUID | None
    municipality: str | None
    calls: int


_WRITTEN = [part.name for part in dataclasses.fields(Refusal)][:-2]


async def add(connection: asyncpg.Connection, refused: Sequence[Refusal]) -> None:
    """Keep refused calls."""
    await connection.execute(
        SQL["add_refusals"], *([getattr(refusal, name) for refusal in refused] for name in _WRITTEN)
    )


async def want_rejudging(
    connection: asyncpg.Connection,
    system_id: UUID,
    reasons: Collection[Reason],
    *,
    service_id: UUID | None = None,
    municipalities: Collection[str] | None = None,
) -> bool:
    """Have refusals that news may lift judged again; False when there are none."""
    done = await connection.execute(
        SQL["want_rejudging"],
        system_id,
        service_id,
        sorted(municipalities) if municipalities is not None else None,
        sorted(reasons),
    )
    return bool(done == "INSERT 0 1")


async def want_rejudging_of_all(connection: asyncpg.Connection, reasons: Collection[Reason]) -> int:
    """Have every system's refusals of these reasons judged again; returns how many systems have any."""
    done = await connection.execute(SQL["want_rejudging_of_all"], sorted(reasons))
    return int(done.split()[-1])


async def next_rejudging(connection: asyncpg.Connection) -> Rejudging | None:
    """The oldest wish, locked; None when there is none that another copy does not hold."""
    row = await connection.fetchrow(SQL["next_rejudging"])
    if row is None:
        return None
    named = row["municipalities"]
    return Rejudging(
        position=row["position"],
        system_id=row["system_id"],
        service_id=row["service_id"],
        municipalities=None if named is None else tuple(named),
        reasons=tuple(row["reasons"]),
        after=row["after"],
    )


async def rejudged(connection: asyncpg.Connection, wish: Rejudging, limit: int) -> list[Refusal]:
    """The next refusals a wish is about, locked."""
    rows = await connection.fetch(
        SQL["rejudged"], wish.system_id, wish.service_id, wish.municipalities, wish.reasons, wish.after, limit
    )
    return [Refusal(**dict(row)) for row in rows]


async def go_on(connection: asyncpg.Connection, wish: Rejudging, after: UUID | None) -> None:
    """A piece of a wish is done; `after` None: all of it is."""
    if after is None:
        await connection.execute(SQL["end_rejudging"], wish.position)
    else:
        await connection.execute(SQL["go_on_rejudging"], wish.position, after)


async def postpone(connection: asyncpg.Connection, wish: Rejudging) -> None:
    """Put a wish behind all others."""
    await connection.execute(SQL["postpone_rejudging"], wish.position)


async def settle(
    connection: asyncpg.Connection, settled: Sequence[tuple[UUID, Literal["counted", "duplicate"]]], *, now: datetime
) -> None:
    """Refusals that were lifted: the reason they had stays."""
    await connection.execute(
        SQL["settle_refusals"], [refusal_id for refusal_id, _ in settled], [state for _, state in settled], now
    )


async def change_reasons(
    connection: asyncpg.Connection, changed: Sequence[tuple[UUID, Reason, str, UUID | None]], *, now: datetime
) -> None:
    """Refusals that stay, for another reason: (id, reason, detail, certificate found to have signed)."""
    await connection.execute(
        SQL["change_reasons"],
        [item[0] for item in changed],
        [item[1] for item in changed],
        [item[2] for item in changed],
        [item[3] for item in changed],
        now,
    )


async def listed(
    connection: asyncpg.Connection,
    sight: Sight,
    *,
    system_id: UUID | None,
    reason: str | None,
    quarter: str | None,
    state: State | None,
    before: UUID | None,
    limit: int,
) -> list[Refusal]:
    """Refusals the caller may see, newest first."""
    rows = await connection.fetch(
        SQL["list_refusals"], *_seen(sight), system_id, reason, quarter, state, before, limit
    )
    return [Refusal(**dict(row)) for row in rows]


async def of_message(
    connection: asyncpg.Connection, system_id: UUID, message_id: str, received_at: datetime
) -> list[Refusal]:
    """What was refused of one message when it was taken."""
    rows = await connection.fetch(SQL["refusals_of_message"], system_id, message_id, received_at)
    return [Refusal(**dict(row)) for row in rows]


async def of_call(connection: asyncpg.Connection, event_id: str, sight: Sight) -> list[Refusal]:
    """Every refusal of a call with this id, oldest first."""
    rows = await connection.fetch(SQL["refusals_of_call"], event_id, *_seen(sight))
    return [Refusal(**dict(row)) for row in rows]


async def find(connection: asyncpg.Connection, refusal_id: UUID, sight: Sight) -> Refusal | None:
    """One refusal the caller may see."""
    row = await connection.fetchrow(SQL["find_refusal"], refusal_id, *_seen(sight))
    return Refusal(**dict(row)) if row else None


async def summary(
    connection: asyncpg.Connection, sight: Sight, *, system_id: UUID | None, quarter: str | None
) -> list[Summed]:
    """Refused calls by reason and municipality."""
    rows = await connection.fetch(SQL["summarise_refusals"], *_seen(sight), system_id, quarter)
    return [Summed(**dict(row)) for row in rows]


def _seen(sight: Sight) -> tuple[bool, UUID | None, UUID | None]:
    return sight.all, sight.organisation_id, sight.system_id
