"""How many calls a second does one copy of metering take in? Read, checked, judged, claimed, recorded, counted.

The ceiling is a plain insert of the same rows into a table without an index, in batches of the same size with a
commit each: what the database takes when nothing is asked of the calls. Intake asks much: it reads each call out of
signed JSON and judges it in Python, which costs about twice what the database does for it, and there it writes a
claim, whose index is random by nature, beside the record, and adds to the counts of hundreds of agreements. A tenth
of the ceiling is what is left when a call costs ten plain rows. Reported beside it: what the supplier's client sends
a second, signed and confirmed by the broker.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from benchmarks._stage import on_platform
from clients.python.call import Call, encode
from clients.python.signing import Signer
from demo.authority import Issued
from demo.chapters.calls import sender_of
from demo.world import World
from deploy.local.platform import Platform
from deploy.postgres import setup
from services.metering import jobs
from services.metering.__main__ import SERVICE
from services.metering.actions.door import Door
from services.metering.store import copies
from shared import database, schema
from shared.clock import Clock
from shared.contracts.calls import Arrival
from shared.contracts.event import Interval
from shared.contracts.registry import Access, Certificate, System
from shared.database import Database

BATCH_MESSAGES, CALLS_A_MESSAGE = 50, 100
BATCHES = 20
MUNICIPALITIES, SERVICES = 98, 6
SENT = 30_000
AIM = 0.1
NAME = "bench_metering"
_PUBLIC = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


async def measure(platform: Platform, world: World) -> None:
    """Both figures, on a database of its own in the platform's server, and through its broker."""
    system = world.systems["Omsorg"]
    await _sending(world)
    admin = await asyncpg.connect(platform.postgres.admin_url)
    await setup.make_database(admin, platform.postgres.admin_url, "metering", NAME)
    await admin.close()
    owner = platform.postgres.url("metering_owner", platform.secrets.database_owner["metering"], NAME)
    await schema.migrate(owner, SERVICE.migrations)
    opened = await database.connect(
        platform.postgres.url("metering", platform.secrets.database["metering"], NAME),
        connections=4,
        clock=Clock("live"),
        speaker="metering",
    )
    try:
        await jobs.prepare_partitions(opened, timedelta(days=184))
        arrivals = await _arrivals(opened, system.issued)
        intake = await _intake(opened, arrivals)
        ceiling = await _ceiling(owner)
    finally:
        await opened.close()
    print(f"intake: {intake:,.0f} calls a second, {BATCH_MESSAGES} messages of {CALLS_A_MESSAGE} a transaction")
    print(f"plain insert of the same rows: {ceiling:,.0f} a second")
    print(f"intake ratio={intake / ceiling:.2f} aim={AIM}")


async def _sending(world: World) -> None:
    system = world.systems["Omsorg"]
    now = await world.now()
    calls = [Call(str(uuid.UUID(int=1)), "12345678", now) for _ in range(SENT)]
    async with sender_of(world, system) as sender:
        began = time.perf_counter()
        await sender.send(calls)
        took = time.perf_counter() - began
    print(f"the supplier's client: {SENT / took:,.0f} calls a second, signed and confirmed")
    # What was sent is all refused; let metering be done with it before anything else is measured.
    while (await world.desk.get("/metering/reconciliation"))["everything"]["sent"] < SENT:  # noqa: ASYNC110
        await asyncio.sleep(0.2)


async def _arrivals(opened: Database, issued: Issued) -> list[Arrival]:
    """Messages of calls of one system for every municipality and service, over the hours of a month."""
    chance = random.Random(1)
    signer = Signer(issued.certificate_pem, issued.private_key_pem)
    system, supplier = uuid.UUID(int=1), uuid.UUID(int=2)
    now = datetime.now(UTC)
    always = (Interval(starts=now - timedelta(days=400)),)
    key = load_pem_x509_certificate(issued.certificate_pem).public_key().public_bytes(*_PUBLIC)
    async with opened.transaction() as tx:
        await copies.keep_system(
            tx.connection,
            System(
                id=system, sequence=1, supplier_id=supplier, supplier_name="L", name="S", environment="production",
                state="registered", active=always,
            ),
        )  # fmt: skip
        await copies.keep_certificate(
            tx.connection,
            Certificate(
                id=uuid.UUID(int=3), sequence=1, system_id=system, supplier_id=supplier, environment="production",
                kind="VOCES", subject_serial="", x509_serial="", issuer="", x5t_s256=signer.thumbprint,
                public_key_pem=key.decode(), valid_from=now - timedelta(days=400), valid_to=now + timedelta(days=400),
                bound=always,
            ),
        )  # fmt: skip
        for place in range(MUNICIPALITIES * SERVICES):
            await copies.keep_grant(
                tx.connection,
                Access(
                    id=uuid.UUID(int=1000 + place), sequence=1, source="agreement",
                    source_id=uuid.UUID(int=5000 + place % MUNICIPALITIES), environment="production",
                    supplier_id=supplier, system_id=system, municipality_id=_municipality(place),
                    municipality_cvr=str(10_000_000 + place % MUNICIPALITIES), service_id=_service(place),
                    valid=always,
                ),
            )  # fmt: skip
    arrivals = []
    for number in range(BATCHES * BATCH_MESSAGES):
        calls = []
        for _ in range(CALLS_A_MESSAGE):
            place = chance.randrange(MUNICIPALITIES * SERVICES)
            calls.append(
                Call(
                    str(_service(place)),
                    str(_municipality(place)),
                    now - timedelta(minutes=number / 2 + chance.random() * 60),
                    str(uuid.UUID(int=chance.getrandbits(128))),
                )
            )
        body = encode(calls, "urn:bench")
        arrivals.append(Arrival(f"{system}.calls", str(system), str(number), signer.detached(body), body))
    return arrivals


async def _intake(opened: Database, arrivals: Sequence[Arrival]) -> float:
    """Calls a second through the door; the first batch warms up and is not timed."""
    door = Door(opened, timedelta(days=184))
    batches = [arrivals[start : start + BATCH_MESSAGES] for start in range(0, len(arrivals), BATCH_MESSAGES)]
    await door.batch(batches[0])
    gc.collect()
    began = time.perf_counter()
    for batch in batches[1:]:
        await door.batch(batch)
    took = time.perf_counter() - began
    counted = await opened.pool.fetchval("SELECT sum(calls) FROM counts")
    assert counted == len(arrivals) * CALLS_A_MESSAGE, counted
    return (len(batches) - 1) * BATCH_MESSAGES * CALLS_A_MESSAGE / took


async def _ceiling(owner: str) -> float:
    """Rows a second: the records that intake made, inserted plainly into a table like theirs without an index."""
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute("CREATE TABLE plain (LIKE records)")
        rows = [tuple(row) for row in await connection.fetch("SELECT * FROM records")]
        types = await connection.fetch(
            "SELECT format_type(atttypid, NULL) AS type FROM pg_attribute"
            " WHERE attrelid = 'plain'::regclass AND attnum > 0 ORDER BY attnum"
        )
        arrays = ", ".join(f"${place}::{row['type']}[]" for place, row in enumerate(types, 1))
        insert = await connection.prepare(f"INSERT INTO plain SELECT * FROM unnest({arrays})")
        size = BATCH_MESSAGES * CALLS_A_MESSAGE
        batches = [list(zip(*rows[start : start + size], strict=True)) for start in range(0, len(rows), size)]
        await insert.fetch(*batches[0])
        began = time.perf_counter()
        for batch in batches[1:]:
            await insert.fetch(*batch)
        return (len(batches) - 1) * size / (time.perf_counter() - began)
    finally:
        await connection.close()


def _municipality(place: int) -> uuid.UUID:
    return uuid.UUID(int=7000 + place % MUNICIPALITIES)


def _service(place: int) -> uuid.UUID:
    return uuid.UUID(int=9000 + place // MUNICIPALITIES)


def main() -> None:
    on_platform(measure)
