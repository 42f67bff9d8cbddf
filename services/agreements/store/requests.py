"""Requests as they were made, and the answers kept for idempotency keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from services.agreements.domain.request import Request
from shared.sql import Queries

QUERIES = Queries(Path(__file__).with_suffix(".sql"))


async def claim_key(
    connection: asyncpg.Connection, supplier_id: UUID, key: str, body_hash: bytes, *, now: datetime
) -> tuple[bytes, str | None] | None:
    """None when the key is ours to use now; else the hash it was used with and the answer given then.

    A second transaction with the same key waits here until the first has ended.
    """
    done = await connection.execute(QUERIES["claim_key"], supplier_id, key, body_hash, now)
    if done == "INSERT 0 1":
        return None
    row = await connection.fetchrow(QUERIES["kept_answer"], supplier_id, key)
    assert row is not None
    return row["body_hash"], row["answer"]


async def keep_answer(connection: asyncpg.Connection, supplier_id: UUID, key: str, answer: str) -> None:
    await connection.execute(QUERIES["keep_answer"], supplier_id, key, answer)


async def forget_answers(connection: asyncpg.Connection, before: datetime) -> None:
    """Drop the answers given before that time."""
    await connection.execute(QUERIES["forget_answers"], before)


async def add_request(connection: asyncpg.Connection, request: Request) -> None:
    await connection.execute(
        QUERIES["add_request"],
        request.id,
        request.supplier_id,
        request.supplier_name,
        request.system_id,
        request.system_name,
        request.purpose,
        request.expected_calls_per_quarter,
        [{"id": str(service_id), "name": name} for service_id, name in request.services],
        request.requested_at,
    )


async def find_request(connection: asyncpg.Connection, request_id: UUID) -> tuple[int, Request] | None:
    """The request and its place in the list."""
    row = await connection.fetchrow(QUERIES["find_request"], request_id)
    return (row["number"], _request(row)) if row else None


async def list_requests(
    connection: asyncpg.Connection, *, supplier_id: UUID | None, before: int | None, limit: int
) -> list[Request]:
    """Newest first; of one supplier, or of all."""
    rows = await connection.fetch(QUERIES["list_requests"], supplier_id, before, limit)
    return [_request(row) for row in rows]


async def count_states(connection: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """For each request how many of its agreements are in which state."""
    counts: dict[UUID, dict[str, int]] = {one: {} for one in ids}
    for row in await connection.fetch(QUERIES["count_states"], list(ids)):
        counts[row["request_id"]][row["state"]] = row["agreements"]
    return counts


def _request(row: asyncpg.Record) -> Request:
    return Request(
        id=row["id"],
        supplier_id=row["supplier_id"],
        supplier_name=row["supplier_name"],
        system_id=row["system_id"],
        system_name=row["system_name"],
        purpose=row["purpose"],
        expected_calls_per_quarter=row["expected_calls_per_quarter"],
        services=tuple((UUID(one["id"]), one["name"]) for one in row["services"]),
        requested_at=row["requested_at"],
    )
