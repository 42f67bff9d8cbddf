"""Agreements with their lines and their append-only history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

import asyncpg

from services.agreements.domain.agreement import TRANSITIONS, Act, Outcome, live_lines
from services.agreements.domain.request import Taken
from shared.contracts.agreements import Agreement, AgreementLine, By
from shared.contracts.event import Interval
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True)
class Stored:
    """An agreement with what others are not told: its place in lists, and when its notice was last resent."""

    number: int
    notice_resent_at: datetime | None
    agreement: Agreement


@dataclass(frozen=True)
class Entry:
    """A line of an agreement's history."""

    at: datetime
    what: str
    side: By
    person_id: UUID
    reason: str | None = None


@dataclass(frozen=True)
class AgreedSystem:
    """A supplier's system and how many agreements are about it, whatever their state."""

    supplier_id: UUID
    supplier_name: str
    system_id: UUID
    system_name: str
    agreements: int


@dataclass(frozen=True)
class Filter:
    """Which agreements are listed: those one may see (`everything`, or as supplier or municipality), narrowed."""

    everything: bool = False
    as_supplier: UUID | None = None
    as_municipality: UUID | None = None
    supplier_id: UUID | None = None
    municipality_id: UUID | None = None
    system_id: UUID | None = None
    service_id: UUID | None = None
    sought: str | None = None

    @property
    def arguments(self) -> tuple[object, ...]:
        """As the statements take them."""
        return (
            self.everything,
            self.as_supplier,
            self.as_municipality,
            self.supplier_id,
            self.municipality_id,
            self.system_id,
            self.service_id,
            self.sought.lower() if self.sought else None,
        )


Sort = Literal[
    "requested",
    "-requested",
    "supplier",
    "-supplier",
    "system",
    "-system",
    "municipality",
    "-municipality",
    "state",
    "-state",
    "changed",
    "-changed",
]
"""What a list is in the order of, downwards with a minus; by state the waiting come first.

`changed`: by when the agreement was requested, decided or ended, whichever came last.
"""


async def add_agreements(
    connection: asyncpg.Connection, agreements: Sequence[Agreement], *, person_id: UUID, now: datetime
) -> None:
    """New, undecided agreements of one request, with their lines and first history."""
    first = agreements[0]
    await connection.execute(
        QUERIES["add_agreements"],
        [one.id for one in agreements],
        [one.municipality_id for one in agreements],
        [one.municipality_name for one in agreements],
        first.request_id,
        first.supplier_id,
        first.system_id,
        first.requested_at,
    )
    await connection.execute(
        QUERIES["add_lines"],
        first.request_id,
        [line.service_id for line in first.lines],
        [line.service_name for line in first.lines],
    )
    await connection.execute(QUERIES["add_first_history"], first.request_id, now, person_id)


async def taken(
    connection: asyncpg.Connection, system_id: UUID, municipality_ids: Sequence[UUID], service_ids: Sequence[UUID]
) -> list[Taken]:
    """What of this is asked for or running already."""
    rows = await connection.fetch(QUERIES["taken"], system_id, list(municipality_ids), list(service_ids))
    return [Taken(**dict(row)) for row in rows]


async def lock_agreement(connection: asyncpg.Connection, agreement_id: UUID) -> Stored | None:
    """The agreement as it stands once whoever holds it is done, locked for the transaction."""
    if await connection.fetchval(QUERIES["lock_agreement"], agreement_id) is None:
        return None
    return await find_agreement(connection, agreement_id)


async def find_agreement(connection: asyncpg.Connection, agreement_id: UUID) -> Stored | None:
    row = await connection.fetchrow(QUERIES["find_agreement"], agreement_id)
    return _stored(row) if row else None


async def agreements_of_request(connection: asyncpg.Connection, request_id: UUID) -> list[Agreement]:
    """All agreements of a request, in the order in which the municipalities were named."""
    rows = await connection.fetch(QUERIES["agreements_of_request"], request_id)
    return [_stored(row).agreement for row in rows]


async def list_agreements(
    connection: asyncpg.Connection, which: Filter, *, state: str | None, sort: Sort, after: UUID | None, limit: int
) -> list[Agreement]:
    """What follows the agreement `after`; among equals the newest first."""
    rows = await connection.fetch(
        QUERIES["list_agreements"],
        *which.arguments,
        sort.removeprefix("-"),
        sort.startswith("-"),
        after,
        state,
        limit,
    )
    return [_stored(row).agreement for row in rows]


async def count_agreements(connection: asyncpg.Connection, which: Filter) -> dict[str, int]:
    """How many are in each state that occurs."""
    rows = await connection.fetch(QUERIES["count_agreements"], *which.arguments)
    return {row["state"]: row["agreements"] for row in rows}


async def systems(connection: asyncpg.Connection, which: Filter, *, limit: int) -> list[AgreedSystem]:
    """What agreements of one supplier or municipality are about, by the suppliers' and systems' names."""
    rows = await connection.fetch(QUERIES["systems"], *which.arguments[:5], limit)
    return [AgreedSystem(**dict(row)) for row in rows]


async def all_agreements(connection: asyncpg.Connection) -> AsyncIterator[Agreement]:
    """Every agreement, oldest first."""
    async for row in connection.cursor(QUERIES["all_agreements"]):
        yield _stored(row).agreement


async def save(
    connection: asyncpg.Connection, outcome: Outcome, act: Act, *, notice_resent_at: datetime | None = None
) -> bool:
    """Write an outcome; False when the agreement is no longer in a state that this act starts from."""
    agreement = outcome.agreement
    running = agreement.valid[-1] if agreement.valid else None
    done = await connection.execute(
        QUERIES["change_agreement"],
        agreement.id,
        agreement.sequence,
        agreement.state,
        agreement.decided_at,
        running.starts if running else None,
        running.ends if running else None,
        agreement.reason,
        notice_resent_at,
        [before for (before, known), _ in TRANSITIONS.items() if known == act],
    )
    if done != "UPDATE 1":
        return False
    live = live_lines(agreement)
    await connection.execute(
        QUERIES["change_lines"],
        agreement.id,
        [line.service_id for line in agreement.lines],
        [line.decision for line in agreement.lines],
        [line.reason for line in agreement.lines],
        [line.service_id in live for line in agreement.lines],
    )
    return True


async def add_history(connection: asyncpg.Connection, agreement: Agreement, entry: Entry) -> None:
    await connection.execute(
        QUERIES["add_history"],
        agreement.id,
        agreement.sequence,
        entry.at,
        entry.what,
        entry.side,
        entry.person_id,
        entry.reason,
    )


async def history(connection: asyncpg.Connection, agreement_id: UUID) -> list[Entry]:
    """What happened to an agreement, oldest first."""
    return [Entry(**dict(row)) for row in await connection.fetch(QUERIES["history"], agreement_id)]


def _stored(row: asyncpg.Record) -> Stored:
    valid = (Interval(starts=row["starts"], ends=row["ends"]),) if row["starts"] else ()
    return Stored(
        number=row["number"],
        notice_resent_at=row["notice_resent_at"],
        agreement=Agreement(
            id=row["id"],
            sequence=row["sequence"],
            request_id=row["request_id"],
            environment="production",
            supplier_id=row["supplier_id"],
            supplier_name=row["supplier_name"],
            municipality_id=row["municipality_id"],
            municipality_name=row["municipality_name"],
            system_id=row["system_id"],
            system_name=row["system_name"],
            purpose=row["purpose"],
            expected_calls_per_quarter=row["expected_calls_per_quarter"],
            lines=tuple(AgreementLine.model_validate(line) for line in row["lines"]),
            state=row["state"],
            valid=valid,
            requested_at=row["requested_at"],
            decided_at=row["decided_at"],
            reason=row["reason"],
        ),
    )
