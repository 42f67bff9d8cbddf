"""What a country stands on: the operator with its helpdesk, the municipalities and the catalogue with prices.

An instance on which the demonstration's story was played has them; on an empty one they are written first.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from benchmarks.country.money import PRICES_FROM
from benchmarks.country.plan import SEED, Organisation, Service
from benchmarks.country.write import Url, copy, database
from demo import cast

HELPDESK = "helpdesk@country.example"
OPERATOR_CVR = "40000001"


@dataclass(frozen=True)
class Ground:
    """What was found. `helpdesk`: who signs in with the country's password, where they were made here."""

    municipalities: list[Organisation]
    test_municipality: Organisation | None
    services: list[Service]
    cvrs: set[str]
    helpdesk: str | None


async def found_or_made(url: Url, *, now: datetime, password_hash: str) -> Ground:
    """The ground as it is, or a new one where there are no municipalities yet."""
    connection = await asyncpg.connect(url("registry"))
    try:
        empty = not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM organisations WHERE 'municipality' = ANY (kinds))"
        )
    finally:
        await connection.close()
    if empty:
        await _make(url, now=now, password_hash=password_hash)
    return await _read(url, helpdesk=HELPDESK if empty else None)


async def _read(url: Url, *, helpdesk: str | None) -> Ground:
    connection = await asyncpg.connect(url("registry"))
    try:
        rows = await connection.fetch(
            "SELECT id, name, cvr, municipality_code, mailbox, ean, test, kinds FROM organisations"
            " ORDER BY municipality_code, id"
        )
        services = await connection.fetch(
            "SELECT id, name, version FROM services WHERE state = 'open' ORDER BY name, id"
        )
    finally:
        await connection.close()
    priced = await _priced(url)
    towns = [row for row in rows if "municipality" in row["kinds"]]
    return Ground(
        [_organisation(row) for row in towns if not row["test"]],
        next((_organisation(row) for row in towns if row["test"]), None),
        [Service(**dict(row)) for row in services if row["id"] in priced],
        {row["cvr"] for row in rows},
        helpdesk,
    )


async def _priced(url: Url) -> set[UUID]:
    connection = await asyncpg.connect(url("invoicing"))
    try:
        return {row["service_id"] for row in await connection.fetch("SELECT DISTINCT service_id FROM price_step")}
    finally:
        await connection.close()


def _organisation(row: asyncpg.Record) -> Organisation:
    return Organisation(
        row["id"], row["name"], row["cvr"], row["municipality_code"] or "0000", row["mailbox"], row["ean"]
    )


async def _make(url: Url, *, now: datetime, password_hash: str) -> None:
    rng = random.Random(f"{SEED} ground")
    since = now - timedelta(days=1200)

    def new_id() -> UUID:
        return UUID(int=rng.getrandbits(128), version=4)

    operator, person = new_id(), new_id()
    # id, name, cvr, kinds, code, test, mailbox, ean
    organisations = [
        (operator, "Platformens drift (opdigtet)", OPERATOR_CVR, ["operator"], None, False, None, None),
        *(
            (new_id(), one.name, one.cvr, ["municipality"], one.code, False, one.mailbox, one.ean)
            for one in cast.municipalities()
        ),
        (new_id(), cast.TEST_MUNICIPALITY, "11111118", ["municipality"], None, True, None, None),
    ]
    catalogue = cast.services()
    async with database(url, "registry") as connection:
        await copy(
            connection,
            "organisations",
            "id, sequence, name, cvr, kinds, municipality_code, test, mailbox, ean, active, created_at",
            ((one[0], 1, *one[1:], True, since) for one in organisations),
        )
        await copy(
            connection,
            "people",
            "id, sequence, name, email, password_hash, created_at",
            [(person, 2, "Helpdesk Vagt", HELPDESK, password_hash, since)],
        )
        await copy(
            connection,
            "memberships",
            "person_id, organisation_id, roles, active, since",
            [(person, operator, ["helpdesk"], True, since)],
        )
        await copy(
            connection,
            "services",
            "id, sequence, name, version, number, entity_id, description, data_categories, state, published_at",
            (
                (
                    UUID(one.id),
                    1,
                    one.name,
                    one.version,
                    one.number,
                    one.entity_id,
                    one.description,
                    one.data_categories,
                    "open",
                    since,
                )
                for one in catalogue
            ),
        )
    async with database(url, "agreements") as connection:
        await copy(
            connection,
            "organisation",
            "id, sequence, name, kinds, test, active",
            ((one[0], 1, one[1], one[3], one[5], True) for one in organisations),
        )
        await copy(
            connection,
            "service",
            "id, sequence, name, version, state",
            ((UUID(one.id), 1, one.name, one.version, "open") for one in catalogue),
        )
    async with database(url, "notifier") as connection:
        await copy(
            connection,
            "organisation",
            "id, sequence, name, mailbox",
            ((one[0], 1, one[1], one[6]) for one in organisations),
        )
    async with database(url, "invoicing") as connection:
        await copy(
            connection,
            "organisation",
            "id, sequence, name, cvr, municipality, mailbox, ean",
            ((one[0], 1, one[1], one[2], "municipality" in one[3], one[6], one[7]) for one in organisations),
        )
        await copy(
            connection,
            "service",
            "id, sequence, name, version, state",
            ((UUID(one.id), 1, one.name, one.version, "open") for one in catalogue),
        )
        await copy(connection, "price", "service_id, sequence", ((UUID(one.id), 1) for one in catalogue))
        await copy(
            connection,
            "price_step",
            "service_id, starts, per_call",
            ((UUID(one.id), PRICES_FROM, one.per_call) for one in catalogue),
        )
