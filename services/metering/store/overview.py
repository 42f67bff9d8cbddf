"""What was used, and what became of everything that was sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.metering.store.sight import Sight
from shared.contracts.event import Environment
from shared.quarters import Quarter
from shared.sql import Queries

SQL = Queries(Path(__file__).with_name("overview.sql"))


@dataclass(frozen=True)
class Used:
    """Calls of one group; what was not grouped by is None. `latest_day` is the civil day of the last one."""

    system_id: UUID | None
    system_name: str | None
    service_id: UUID | None
    municipality_id: UUID | None
    agreement_id: UUID | None
    day: date | None
    latest_day: date
    calls: int
    key: str


@dataclass(frozen=True)
class Asked:
    """Which calls: those made in this time (UTC), seen by the caller, narrowed where a filter is set."""

    starts: datetime
    ends: datetime
    sight: Sight
    environment: Environment | None
    system_id: UUID | None
    municipality_id: UUID | None
    service_id: UUID | None
    agreement_id: UUID | None
    supplier_id: UUID | None

    @property
    def told(self) -> tuple[object, ...]:
        """As the queries take it."""
        return (
            self.starts,
            self.ends,
            self.sight.all,
            self.sight.organisation_id,
            self.sight.system_id,
            self.environment,
            self.system_id,
            self.municipality_id,
            self.service_id,
            self.agreement_id,
            self.supplier_id,
        )


@dataclass(frozen=True)
class Balance:
    """All that was ever sent, and what became of it: sent = counted + duplicates + refused."""

    sent: int
    counted: int
    duplicates: int
    refused: int

    @property
    def equal(self) -> bool:
        return self.sent == self.counted + self.duplicates + self.refused


async def usage(
    connection: asyncpg.Connection, asked: Asked, group_by: Collection[str], *, after: str | None, limit: int
) -> list[Used]:
    """Counted calls by system, service, municipality, agreement, day: what of these is asked for, by `key`."""
    rows = await connection.fetch(SQL["usage"], list(group_by), *asked.told, after, limit)
    return [Used(**dict(row)) for row in rows]


async def usage_total(connection: asyncpg.Connection, asked: Asked) -> int:
    """All counted calls that were asked for."""
    total: int = await connection.fetchval(SQL["usage_total"], *asked.told)
    return total


async def counted(connection: asyncpg.Connection, quarter: Quarter | None) -> dict[UUID, tuple[int, int]]:
    """Calls made in a quarter (or ever) per municipality: (production, test)."""
    rows = await connection.fetch(
        SQL["counted_by_municipality"], quarter.starts if quarter else None, quarter.ends if quarter else None
    )
    return {row["municipality_id"]: (row["production"], row["test"]) for row in rows}


async def duplicates(connection: asyncpg.Connection, quarter: Quarter | None) -> dict[UUID, int]:
    """Repeated calls of a quarter (or ever) per municipality."""
    rows = await connection.fetch(SQL["duplicates_by_municipality"], str(quarter) if quarter else None)
    return {row["municipality_id"]: row["calls"] for row in rows}


async def balance(connection: asyncpg.Connection) -> Balance:
    """Everything since the beginning."""
    row = await connection.fetchrow(SQL["balance"])
    assert row is not None
    return Balance(**dict(row))
