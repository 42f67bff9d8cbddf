"""Copies of organisations, services and agreements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.invoicing.domain.bill import Names, SystemName
from shared.contracts.agreements import Agreement, Trial
from shared.contracts.registry import Organisation, Service
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Buyer:
    """An organisation as an invoice addresses it."""

    id: UUID
    name: str
    cvr: str
    municipality: bool
    mailbox: str | None
    invoice_mailbox: str | None
    ean: str | None
    buyer_reference: str | None


@dataclass(frozen=True)
class KnownService:
    """A service of the catalogue; `label` is how an invoice names it."""

    id: UUID
    name: str
    version: str
    state: str

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}".strip()


async def keep_organisation(connection: asyncpg.Connection, organisation: Organisation) -> None:
    await connection.execute(
        QUERIES["keep_organisation"],
        organisation.id,
        organisation.sequence,
        organisation.name,
        organisation.cvr,
        "municipality" in organisation.kinds,
        organisation.mailbox,
        organisation.invoice_mailbox,
        organisation.ean,
        organisation.buyer_reference,
    )


async def keep_service(connection: asyncpg.Connection, service: Service) -> None:
    await connection.execute(
        QUERIES["keep_service"], service.id, service.sequence, service.name, service.version, service.state
    )


async def keep_agreement(connection: asyncpg.Connection, agreement: Agreement) -> None:
    await _keep_source(connection, "agreement", agreement, agreement.requested_at)


async def keep_trial(connection: asyncpg.Connection, trial: Trial) -> None:
    await _keep_source(connection, "trial", trial, min((span.starts for span in trial.valid), default=_LONG_AGO))


async def _keep_source(
    connection: asyncpg.Connection, source: str, state: Agreement | Trial, begun_at: datetime
) -> None:
    await connection.execute(
        QUERIES["keep_agreement"],
        state.id,
        state.sequence,
        source,
        state.municipality_id,
        state.supplier_id,
        state.supplier_name,
        state.system_id,
        state.system_name,
        begun_at,
    )


async def find_organisation(connection: asyncpg.Connection, organisation_id: UUID) -> Buyer | None:
    row = await connection.fetchrow(QUERIES["find_organisation"], organisation_id)
    return Buyer(**row) if row else None


async def organisation_names(connection: asyncpg.Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """By id, of those that are known."""
    rows = await connection.fetch(QUERIES["organisation_names"], list(ids))
    return {row["id"]: row["name"] for row in rows}


async def services(connection: asyncpg.Connection, ids: Iterable[UUID]) -> dict[UUID, KnownService]:
    """By id, of those that are known."""
    rows = await connection.fetch(QUERIES["services"], list(ids))
    return {row["id"]: KnownService(**row) for row in rows}


async def names(connection: asyncpg.Connection, *, systems: Iterable[UUID], services_called: Iterable[UUID]) -> Names:
    """What these systems (by their latest agreement) and services are called; the unknown are left out."""
    rows = await connection.fetch(QUERIES["system_names"], wanted) if (wanted := list(set(systems))) else []
    known = await services(connection, called) if (called := set(services_called)) else {}
    return Names(
        systems={row["system_id"]: SystemName(row["supplier_name"], row["system_name"]) for row in rows},
        services={service_id: service.label for service_id, service in known.items()},
    )
