"""Prices, usage and invoices of a country, equal to what metering counted and sealed, to the last call."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.country.calls import Sums, sealed_at, sealed_totals
from benchmarks.country.plan import SEED, Country, Organisation
from benchmarks.country.write import copy
from services.invoicing.domain.bill import invoice_number
from shared.days import civil_day
from shared.money import line_amount, vat
from shared.quarters import Quarter, digest

SERIES = "FAK"
PRICES_FROM = date(2020, 1, 1)
PAYMENT_DAYS = 30
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n%%EOF\n"
XML = b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>\n'


async def write(connection: asyncpg.Connection, country: Country, sums: Sums) -> None:
    """Copies, prices from before the first call, the usage, an invoice a municipality and closed quarter."""
    await copy(
        connection,
        "organisation",
        "id, sequence, name, cvr, municipality, mailbox",
        ((one.id, 1, one.name, one.cvr, False, one.mailbox) for one in country.suppliers),
    )
    await copy(
        connection,
        "agreement",
        "id, sequence, source, municipality_id, supplier_id, supplier_name, system_id, system_name, begun_at",
        (
            (
                one.id,
                one.sequence,
                "agreement",
                one.municipality.id,
                one.request.system.supplier.id,
                one.request.system.supplier.name,
                one.request.system.id,
                one.request.system.name,
                one.decided_at,
            )
            for one in country.agreements
            if one.begun
        ),
    )
    prices = await _prices(connection, country)
    for quarter in (*country.closed, country.present):
        await copy(
            connection,
            "usage",
            "municipality_id, billing_quarter, source_id, service_id, access_id, certificate_id, hour,"
            " accounting_info, supplier_id, system_id, day, made_in, billable, calls",
            (
                (
                    one.agreement.municipality.id,
                    one.quarter,
                    one.agreement.id,
                    one.line.service.id,
                    one.line.grant_id,
                    one.certificate_id,
                    one.hour,
                    one.accounting_info,
                    one.agreement.request.system.supplier.id,
                    one.agreement.request.system.id,
                    civil_day(one.hour),
                    one.quarter,
                    True,
                    one.calls,
                )
                for one in country.counts(quarter)
            ),
        )
    await _invoices(connection, country, sums, prices)


async def _prices(connection: asyncpg.Connection, country: Country) -> dict[UUID, Decimal]:
    """What each service costs: its first price, from long before the first call."""
    found = {}
    for service in country.services:
        row = await connection.fetchrow(
            "SELECT per_call FROM price_step WHERE service_id = $1 ORDER BY starts LIMIT 1", service.id
        )
        assert row is not None, f"{service.label} has no price"
        found[service.id] = row["per_call"]
        await connection.execute(
            "INSERT INTO price_step (service_id, starts, per_call) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            service.id,
            PRICES_FROM,
            row["per_call"],
        )
    return found


async def _invoices(
    connection: asyncpg.Connection, country: Country, sums: Sums, prices: dict[UUID, Decimal]
) -> None:
    serial: int = await connection.fetchval("SELECT next FROM invoice_series WHERE name = $1", SERIES)
    rng = random.Random(f"{SEED} invoices")
    heads, lines, documents, billing, history = [], [], [], [], []
    for quarter in country.closed:
        for one in country.municipalities:
            totals = sealed_totals(sums, quarter, one.id)
            if not totals:
                continue
            invoice_id = UUID(int=rng.getrandbits(128), version=4)
            drawn = list(_drawn(sums, quarter, one, invoice_id, prices))
            net = sum((line[13] for line in drawn), Decimal("0.00"))
            number, at = invoice_number(SERIES, serial), sealed_at(quarter) + timedelta(minutes=1)
            held, calls = digest(totals), sum(total.calls for total in totals)
            heads.append(
                (
                    invoice_id,
                    SERIES,
                    serial,
                    number,
                    one.id,
                    one.name,
                    one.cvr,
                    one.ean,
                    str(quarter),
                    at,
                    civil_day(at),
                    civil_day(at) + timedelta(days=PAYMENT_DAYS),
                    calls,
                    net,
                    vat(net),
                    net + vat(net),
                    held,
                )
            )
            lines += drawn
            for kind, media_type, content in (("pdf", "application/pdf", PDF), ("xml", "application/xml", XML)):
                documents.append(
                    (invoice_id, kind, f"{number}.{kind}", media_type, content, hashlib.sha256(content).hexdigest())
                )
            billing.append(
                (
                    one.id,
                    str(quarter),
                    1,
                    sealed_at(quarter),
                    calls,
                    [total.model_dump(mode="json") for total in totals],
                    held,
                    "country",
                    "invoiced",
                    at,
                    at,
                    invoice_id,
                )
            )
            history += [
                (one.id, str(quarter), sealed_at(quarter), "sealed", "", None),
                (one.id, str(quarter), at, "invoiced", "", invoice_id),
            ]
            serial += 1
    await copy(
        connection,
        "invoice",
        "id, series, serial, number, municipality_id, municipality_name, cvr, ean, quarter, issued_at, issued_on,"
        " due_on, calls, net, vat, gross, digest",
        heads,
    )
    await copy(
        connection,
        "invoice_line",
        "invoice_id, position, supplier_id, supplier_name, system_id, system_name, service_id, service_name, made_in,"
        " first_day, last_day, calls, unit_price, amount, note",
        lines,
    )
    await copy(connection, "invoice_document", "invoice_id, kind, filename, media_type, content, sha256", documents)
    await copy(
        connection,
        "billing",
        "municipality_id, quarter, sequence, sealed_at, calls, totals, digest, correlation_id, state, since, look_at,"
        " invoice_id",
        billing,
    )
    await copy(connection, "billing_history", "municipality_id, quarter, at, state, sentence, invoice_id", history)
    await connection.execute("UPDATE invoice_series SET next = $2 WHERE name = $1", SERIES, serial)


def _drawn(
    sums: Sums, quarter: Quarter, municipality: Organisation, invoice_id: UUID, prices: dict[UUID, Decimal]
) -> Iterator[tuple[Any, ...]]:
    found = sums.lines[str(quarter), municipality.id].values()
    ordered = sorted(found, key=lambda one: (one[0].supplier.name, one[0].name, one[1].label))
    for position, (system, service, first, last, calls) in enumerate(ordered, start=1):
        price = prices[service.id]
        yield (
            invoice_id,
            position,
            system.supplier.id,
            system.supplier.name,
            system.id,
            system.name,
            service.id,
            service.label,
            str(quarter),
            first,
            last,
            calls,
            price,
            line_amount(calls, price),
            None,
        )
