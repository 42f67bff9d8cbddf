"""`python -m benchmarks.country DIRECTORY`: writes a full country into the instance that runs there, once."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.country import agreements, calls, ground, mails, money, write
from benchmarks.country.plan import QUARTERS, Country, first_supplier_id, plan
from benchmarks.country.write import Base, Url
from demo.authority import Authority
from deploy.local import running
from deploy.local.failures import StartError
from services.registry.passwords import Passwords
from shared.quarters import Quarter

SIGN_INS = "country-sign-ins.txt"


class Written(Exception):
    """There is a country here already."""


async def write_country(url: Url, authority: Authority, *, password: str) -> tuple[Country, list[tuple[str, str]]]:
    """Write a country; returns it and who can sign in with the password, by what they are. Raises Written."""
    now, last_sealed = await _state(url)
    present = Quarter.of(now)
    # The closed quarters come before whatever has been closed here.
    newest = present if last_sealed is None else last_sealed
    closed = [newest.previous]
    while len(closed) < QUARTERS:
        closed.insert(0, closed[0].previous)
    passwords = Passwords()
    hashed = await passwords.hash(password)
    passwords.close()
    stands = await ground.found_or_made(url, now=now, password_hash=hashed)
    country = await asyncio.to_thread(
        lambda: plan(
            now=now,
            closed=closed,
            municipalities=stands.municipalities,
            test_municipality=stands.test_municipality,
            services=stands.services,
            taken_cvrs=stands.cvrs,
        )
    )
    async with write.database(url, "registry") as connection:
        certificates = await write.registry(connection, country, Base(authority, hashed))
    async with write.database(url, "agreements") as connection:
        await agreements.write(connection, country)
    async with write.database(url, "notifier") as connection:
        await mails.write(connection, country)
    async with write.database(url, "metering") as connection:
        sums = await calls.write(connection, country, certificates)
    async with write.database(url, "invoicing") as connection:
        await money.write(connection, country, sums)
    return country, _sign_ins(country, stands.helpdesk)


async def _state(url: Url) -> tuple[datetime, Quarter | None]:
    """Platform time, and the first quarter that is closed here. Raises Written."""
    registry, metering = await asyncpg.connect(url("registry")), await asyncpg.connect(url("metering"))
    try:
        if await registry.fetchval("SELECT EXISTS (SELECT FROM organisations WHERE id = $1)", first_supplier_id()):
            raise Written
        offset = await registry.fetchval("SELECT offset_seconds FROM clock")
        first = await metering.fetchval("SELECT min(quarter) FROM sealed_quarters")
        now = datetime.now(UTC) + timedelta(seconds=offset)
        return now, Quarter.parse(first) if first else None
    finally:
        await registry.close()
        await metering.close()


def _sign_ins(country: Country, helpdesk: str | None) -> list[tuple[str, str]]:
    """People who have much to see: of the supplier and of the municipality with most agreements."""
    by_place: dict[UUID, int] = {}
    for one in country.agreements:
        for organisation in (one.request.system.supplier, one.municipality):
            by_place[organisation.id] = by_place.get(organisation.id, 0) + 1
    largest = {
        max((one.id for one in places), key=lambda place: by_place.get(place, 0))
        for places in (country.suppliers, country.municipalities)
    }
    names = {one.id: one.name for one in (*country.suppliers, *country.municipalities)}
    found = [("helpdesk", helpdesk)] if helpdesk else []
    return found + [
        (f"{names[one.organisation_id]}: {', '.join(one.roles)}", one.email)
        for one in country.people
        if one.organisation_id in largest
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.country", description=__doc__)
    parser.add_argument("directory", type=Path, help="where the instance lies, such as var/up")
    directory: Path = parser.parse_args().directory
    password, began = secrets.token_urlsafe(12), time.monotonic()
    try:
        found = running.find(directory)
        authority = Authority.open(directory / "authority")
        base = found.admin_url.rpartition("/")[0]
        country, sign_ins = asyncio.run(
            write_country(lambda service: f"{base}/{service}", authority, password=password)
        )
    except Written:
        sys.exit(f"A country has been written in {directory} already.")
    except StartError as error:
        sys.exit(str(error))
    lines = [f"{what:60} {email:50} {password}" for what, email in sign_ins]
    file = directory / SIGN_INS
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
    print(
        f"{len(country.suppliers)} suppliers, {len(country.systems)} systems, {len(country.agreements)} agreements,"
        f" {', '.join(map(str, country.closed))} closed, in {time.monotonic() - began:.0f} s; sign in as in {file}:"
    )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
