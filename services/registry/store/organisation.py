"""Organisations in the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

import asyncpg

from shared.contracts.registry import Organisation, OrganisationKind
from shared.problem import Conflict
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))

Lack = Literal["administrator", "mailbox"]
"""What an organisation may be without: an active administrator, or a mailbox for its notices."""

_TAKEN = {
    "organisation_cvr": ("organisation.exists", "An organisation with this CVR number is here already."),
    "organisation_code": (
        "organisation.municipality_code_taken",
        "Another municipality has this municipality code; check which of the two is right.",
    ),
    "organisation_test_municipality": (
        "organisation.test_municipality_exists",
        "There is a test municipality already, and there can be only one.",
    ),
    "organisation_operator": ("organisation.operator_exists", "The platform has an operator already."),
}


@contextmanager
def _taken() -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name not in _TAKEN:
            raise
        code, detail = _TAKEN[error.constraint_name]
        raise Conflict(code, detail) from None


async def add(connection: asyncpg.Connection, organisation: Organisation, *, now: datetime) -> None:
    """Raises Conflict when the CVR number, the code or the place of the test municipality is taken."""
    with _taken():
        await connection.execute(
            QUERIES["add"],
            organisation.id,
            organisation.sequence,
            organisation.name,
            organisation.cvr,
            list(organisation.kinds),
            organisation.municipality_code,
            organisation.test,
            organisation.mailbox,
            organisation.invoice_mailbox,
            organisation.ean,
            organisation.buyer_reference,
            organisation.active,
            now,
        )


async def change(connection: asyncpg.Connection, organisation: Organisation) -> None:
    """Write the next version; it must follow the one that is there. Raises Conflict like `add`."""
    with _taken():
        changed = await connection.fetchval(
            QUERIES["change"],
            organisation.id,
            organisation.sequence,
            organisation.name,
            organisation.cvr,
            list(organisation.kinds),
            organisation.municipality_code,
            organisation.mailbox,
            organisation.invoice_mailbox,
            organisation.ean,
            organisation.buyer_reference,
            organisation.active,
        )
    if changed is None:
        raise Conflict("organisation.changed_meanwhile", "The organisation was changed meanwhile; look again.")


async def find(
    connection: asyncpg.Connection, organisation_id: UUID, *, to_change: bool = False
) -> Organisation | None:
    """The organisation; `to_change` keeps others from changing it, or its people, until the transaction ends."""
    row = await connection.fetchrow(QUERIES["find_to_change" if to_change else "find"], organisation_id)
    return organisation_of(row) if row else None


async def find_operator(connection: asyncpg.Connection) -> Organisation | None:
    """The organisation that runs the platform, kept from other changes until the transaction ends."""
    row = await connection.fetchrow(QUERIES["find_operator"])
    return organisation_of(row) if row else None


async def listed(
    connection: asyncpg.Connection,
    *,
    kind: OrganisationKind | None,
    q: str | None,
    active: bool | None,
    test: bool | None,
    after: UUID | None,
    limit: int,
    lacking: Lack | None = None,
) -> list[Organisation]:
    """In the order of Danish names. `q` is part of a name, or a whole CVR number or municipality code."""
    rows = await connection.fetch(
        QUERIES["listed"], kind, _literally(q) if q else None, q, active, test, after, limit, lacking
    )
    return [organisation_of(row) for row in rows]


async def every(connection: asyncpg.Connection) -> list[Organisation]:
    return [organisation_of(row) for row in await connection.fetch(QUERIES["all"])]


def organisation_of(row: asyncpg.Record) -> Organisation:
    """The organisation in a row with all its columns."""
    return Organisation.model_validate(dict(row))


def _literally(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
