"""Calls of a country as metering keeps them: counted, refused, repeated, sealed; all that was sent adds up."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.country.plan import SEED, Count, Country
from benchmarks.country.write import copy, grants
from shared.contracts.metering import SealedTotal
from shared.days import civil_day
from shared.quarters import Quarter, digest

REFUSED, REPEATED = 2_000, 1_000


@dataclass
class Sums:
    """What was counted, summed as seals, invoices and the balance need it."""

    totals: dict[tuple[str, UUID], dict[tuple[UUID, UUID], int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    lines: dict[tuple[str, UUID], dict[tuple[UUID, UUID], list[Any]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    days: dict[tuple[UUID, date], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, count: Count) -> None:
        """Take a count in."""
        agreement, municipality_id = count.agreement, count.agreement.municipality.id
        key = (count.quarter, municipality_id)
        self.totals[key][agreement.id, count.line.service.id] += count.calls
        day = civil_day(count.hour)
        line = self.lines[key].setdefault(
            (agreement.request.system.id, count.line.service.id),
            [agreement.request.system, count.line.service, day, day, 0],
        )
        line[2], line[3] = min(line[2], day), max(line[3], day)
        line[4] += count.calls
        self.days[agreement.request.system.id, count.hour.date()] += count.calls


async def write(connection: asyncpg.Connection, country: Country, certificates: list[tuple[Any, ...]]) -> Sums:
    """Copies, counts, sealed quarters, refusals, and what makes everything ever sent add up. Returns the sums."""
    await copy(
        connection,
        "systems",
        "id, sequence, supplier_id, supplier_name, name, environment, active",
        (
            (one.id, 1, one.supplier.id, one.supplier.name, one.name, one.environment, [_since(one.registered_at)])
            for one in country.systems
        ),
    )
    await copy(
        connection,
        "certificates",
        "id, sequence, system_id, thumbprint, public_key_pem, valid_from, valid_to, bound",
        certificates,
    )
    await copy(
        connection,
        "grants",
        "id, sequence, source, source_id, environment, supplier_id, system_id, municipality_id, municipality_cvr,"
        " service_id, valid",
        grants(country),
    )
    sums = Sums()
    for quarter in (*country.closed, country.present):
        await copy(
            connection,
            "counts",
            "grant_id, certificate_id, hour, billing_quarter, accounting_info, source, source_id, environment,"
            " supplier_id, system_id, municipality_id, service_id, calls",
            _counted(country, quarter, sums),
        )
    await _records(connection, country)
    await _seals(connection, country, sums)
    await _odd_ones(connection, country, sums)
    await copy(
        connection,
        "tallies",
        "system_id, day, messages, calls",
        ((system_id, day, 1 + calls // 500, calls) for (system_id, day), calls in sums.days.items()),
    )
    return sums


def _counted(country: Country, quarter: Quarter, sums: Sums) -> Iterator[tuple[Any, ...]]:
    for one in country.counts(quarter):
        sums.add(one)
        system = one.agreement.request.system
        yield (
            one.line.grant_id,
            one.certificate_id,
            one.hour,
            one.quarter,
            one.accounting_info,
            "agreement",
            one.agreement.id,
            system.environment,
            system.supplier.id,
            system.id,
            one.agreement.municipality.id,
            one.line.service.id,
            one.calls,
        )


async def _records(connection: asyncpg.Connection, country: Country) -> None:
    """Every call of the present quarter by itself: it will be held against the counts when it is sealed."""
    await connection.execute(
        "SELECT make_partitions($1::date, $2::date)", country.present.first_day, country.present.last_day
    )
    records, claims = [], []
    for one in country.counts(country.present):
        system_id = one.agreement.request.system.id
        for place in range(one.calls):
            made_at = one.hour + timedelta(minutes=7 * place + 3)
            event_id = f"{one.line.grant_id.hex[:16]}-{one.hour:%m%d%H}-{place}"
            records.append(
                (
                    made_at,
                    system_id,
                    event_id,
                    one.line.grant_id,
                    one.certificate_id,
                    one.quarter,
                    one.accounting_info,
                    None,
                    event_id,
                    made_at + timedelta(seconds=1),
                )
            )
            content = hashlib.sha256(event_id.encode()).digest()
            claims.append((event_id, system_id, content, made_at, made_at + timedelta(seconds=1)))
    await copy(
        connection,
        "records",
        "made_at, system_id, event_id, grant_id, certificate_id, billing_quarter, accounting_info, caller_reference,"
        " message_id, received_at",
        records,
    )
    await copy(connection, "claims", "event_id, system_id, content, made_at, claimed_at", claims)


async def _seals(connection: asyncpg.Connection, country: Country, sums: Sums) -> None:
    sealed = {
        quarter: [
            (municipality.id, sealed_totals(sums, quarter, municipality.id))
            for municipality in country.municipalities
        ]
        for quarter in country.closed
    }
    await copy(
        connection,
        "sealed_quarters",
        "quarter, sealed_at, calls",
        (
            (str(quarter), sealed_at(quarter), sum(one.calls for _, totals in found for one in totals))
            for quarter, found in sealed.items()
        ),
    )
    await copy(
        connection,
        "sealed_municipalities",
        "quarter, municipality_id, calls, digest",
        (
            (str(quarter), municipality_id, sum(one.calls for one in totals), digest(totals))
            for quarter, found in sealed.items()
            for municipality_id, totals in found
            if totals
        ),
    )


async def _odd_ones(connection: asyncpg.Connection, country: Country, sums: Sums) -> None:
    """Refused and repeated calls."""
    rng = random.Random(f"{SEED} odd")
    systems = [one for one in country.systems if one.environment == "production"]
    quarters = (*country.closed, country.present)
    refusals: list[tuple[Any, ...]] = []
    duplicates: dict[tuple[UUID, UUID, str, date], int] = {}
    for place in range(REFUSED):
        system, quarter = rng.choice(systems), rng.choice(quarters)
        at = _within(rng, quarter, country.now)
        municipality, service = rng.choice(country.municipalities), rng.choice(country.services)
        reason, detail = rng.choice(
            (
                ("access.none", "No agreement lets this system call this service for this municipality."),
                ("access.ended", "The agreement had ended when the call was made."),
                ("signature.not_valid", "The signature does not fit the message."),
            )
        )
        event_id = f"refused-{place:05d}"
        refusals.append(
            (
                _in_order(rng, at),
                system.id,
                event_id,
                0,
                at,
                str(quarter),
                reason,
                detail,
                event_id,
                at,
                service.id,
                str(municipality.id),
                system.certificates[-1].id,
            )
        )
        sums.days[system.id, at.date()] += 1
    for _ in range(REPEATED):
        agreement, quarter = rng.choice(country.agreements), rng.choice(quarters)
        at = _within(rng, quarter, country.now)
        key = (agreement.request.system.id, agreement.municipality.id, str(quarter), civil_day(at))
        duplicates[key] = duplicates.get(key, 0) + 1
        sums.days[agreement.request.system.id, at.date()] += 1
    await copy(
        connection,
        "refusals",
        "id, system_id, message_id, position, received_at, quarter, reason, detail, event_id, made_at, service_id,"
        " municipality, certificate_id",
        refusals,
    )
    await copy(
        connection,
        "duplicates",
        "system_id, municipality_id, quarter, day, calls",
        ((*key, calls) for key, calls in duplicates.items()),
    )


def sealed_totals(sums: Sums, quarter: Quarter, municipality_id: UUID) -> list[SealedTotal]:
    """A municipality's totals of a quarter, in the order metering seals them."""
    found = sums.totals.get((str(quarter), municipality_id), {})
    return [
        SealedTotal(source_id=source_id, service_id=service_id, made_in_quarter=str(quarter), calls=calls)
        for (source_id, service_id), calls in sorted(found.items())
    ]


def sealed_at(quarter: Quarter) -> datetime:
    """When a quarter was closed: five days after its end."""
    return quarter.ends + timedelta(days=5)


def _within(rng: random.Random, quarter: Quarter, now: datetime) -> datetime:
    ends = min(quarter.ends, now - timedelta(hours=2))
    room = max((ends - quarter.starts).total_seconds(), 3600)
    return quarter.starts + timedelta(seconds=rng.uniform(0, room))


def _in_order(rng: random.Random, at: datetime) -> UUID:
    """An id that sorts by time (UUID version 7), as those of refusals do."""
    return UUID(
        int=(int(at.timestamp() * 1000) << 80)
        | (7 << 76)
        | (rng.getrandbits(12) << 64)
        | (2 << 62)
        | rng.getrandbits(62)
    )


def _since(at: datetime) -> asyncpg.Range[datetime]:
    return asyncpg.Range(at, None, lower_inc=True, upper_inc=False)
