"""Requests, agreements and trial connections of a country, as the service that owns them keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import asyncpg

from benchmarks.country.plan import Agreement, Country
from benchmarks.country.write import copy


async def write(connection: asyncpg.Connection, country: Country) -> None:
    """Requests, agreements with their lines and history, trial connections; copies of what others own."""
    await copy(
        connection,
        "organisation",
        "id, sequence, name, kinds, test, active",
        ((one.id, 1, one.name, list(one.kinds), False, True) for one in country.suppliers),
    )
    await copy(
        connection,
        "system",
        "id, sequence, supplier_id, supplier_name, name, environment, state",
        (
            (one.id, 1, one.supplier.id, one.supplier.name, one.name, one.environment, "registered")
            for one in country.systems
        ),
    )
    await copy(
        connection,
        "request",
        "id, supplier_id, supplier_name, system_id, system_name, purpose, expected_calls_per_quarter, services,"
        " requested_at",
        (
            (
                one.id,
                one.system.supplier.id,
                one.system.supplier.name,
                one.system.id,
                one.system.name,
                one.purpose,
                one.expected,
                [{"id": service.id, "name": service.label} for service in one.services],
                one.requested_at,
            )
            for one in country.requests
        ),
    )
    await copy(
        connection,
        "agreement",
        "id, sequence, request_id, supplier_id, system_id, municipality_id, municipality_name, state, requested_at,"
        " decided_at, starts, ends, reason",
        (
            (
                one.id,
                one.sequence,
                one.request.id,
                one.request.system.supplier.id,
                one.request.system.id,
                one.municipality.id,
                one.municipality.name,
                one.state,
                one.request.requested_at,
                None if one.state == "withdrawn" else one.decided_at,
                one.decided_at if one.begun else None,
                one.ends,
                one.reason,
            )
            for one in country.agreements
        ),
    )
    await copy(
        connection,
        "agreement_line",
        "agreement_id, place, service_id, service_name, system_id, municipality_id, decision, reason, live",
        (
            (
                one.id,
                place,
                line.service.id,
                line.service.label,
                one.request.system.id,
                one.municipality.id,
                line.decision,
                one.reason if line.decision == "rejected" else None,
                (one.state == "approved" and line.decision == "approved") or one.state == "requested",
            )
            for one in country.agreements
            for place, line in enumerate(one.lines)
        ),
    )
    await copy(
        connection,
        "agreement_history",
        "agreement_id, sequence, at, what, side, person_id, reason",
        (entry for one in country.agreements for entry in _history(one)),
    )
    await _write_trials(connection, country)


def _history(one: Agreement) -> Iterator[tuple[Any, ...]]:
    yield one.id, 1, one.request.requested_at, "requested", "supplier", one.request.person_id, None
    if one.decided_at is None:
        return
    if one.state == "withdrawn":
        yield one.id, 2, one.decided_at, "withdrawn", "supplier", one.request.person_id, None
    elif one.state == "rejected":
        yield one.id, 2, one.decided_at, "rejected", "municipality", one.signatory_id, one.reason
    else:
        partly = any(line.decision == "rejected" for line in one.lines)
        what = "partly_approved" if partly else "approved"
        yield one.id, 2, one.decided_at, what, "municipality", one.signatory_id, None
        if one.ends is not None:
            yield one.id, 3, one.ends, "terminated", "municipality", one.signatory_id, one.reason


async def _write_trials(connection: asyncpg.Connection, country: Country) -> None:
    where = country.test_municipality
    if where is None:
        return
    await copy(
        connection,
        "trial",
        "id, sequence, supplier_id, supplier_name, system_id, system_name, municipality_id, municipality_name, state,"
        " starts",
        (
            (
                one.id,
                1,
                one.system.supplier.id,
                one.system.supplier.name,
                one.system.id,
                one.system.name,
                where.id,
                where.name,
                "open",
                one.starts,
            )
            for one in country.trials
        ),
    )
    await copy(
        connection,
        "trial_line",
        "trial_id, place, service_id, service_name, system_id, live",
        (
            (one.id, place, service.id, service.label, one.system.id, True)
            for one in country.trials
            for place, service in enumerate(one.services)
        ),
    )
    await copy(
        connection,
        "trial_history",
        "trial_id, sequence, at, what, side, person_id",
        ((one.id, 1, one.starts, "opened", "supplier", one.person_id) for one in country.trials),
    )
