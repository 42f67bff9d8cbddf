"""The operator's commands, as they are typed."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime

from deploy.local.places import PROJECT
from shared.contracts.invoicing import InvoiceRestated, PriceRestated
from tests.flows.invoicing.conftest import Invoicing, World, settle

Q1 = datetime(2027, 1, 12, 9, 30, tzinfo=UTC)


async def typed(invoicing: Invoicing, *arguments: str) -> tuple[int, str, str]:
    """Exit code, what it printed, and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.invoicing",
        *arguments,
        cwd=PROJECT,
        env={
            **os.environ,
            "SP_DATABASE_URL": invoicing.database.url,
            "SP_BROKER_URL": "amqp://invoicing:unused@127.0.0.1:1/none",
            "SP_LISTEN_PORT": "1",
            "SP_PUBLIC_URL": "https://platform.example",
            "SP_JWKS_URL": "http://127.0.0.1:1/unused",
            "SP_MODE": "demonstration",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode(), complained.decode()


async def test_reconcile_prints_every_municipality_and_fails_where_something_differs(
    invoicing: Invoicing, world: World
) -> None:
    await settle(invoicing, world)
    other = World("Ærø Kommune")
    await invoicing.hear(other.organisation(cvr="28856075"), other.approved())
    await invoicing.hear(world.told(world.calls(100, Q1)))
    lost = other.told(other.calls(7, Q1))
    await invoicing.move_clock(datetime(2027, 4, 6, 8, tzinfo=UTC))
    await invoicing.hear(world.seal("2027Q1"), other.seal("2027Q1"))
    await invoicing.bill()

    code, printed, _ = await typed(invoicing, "reconcile", "2027Q1")
    assert code == 1
    first, second, *faults, last = printed.splitlines()
    assert first.split()[:4] == ["ok", "Aabenraa", "Kommune", "FAK-000001"]
    assert first.split()[4:] == ["sealed", "100", "counted", "100", "on", "lines", "100", "net", "4.85", "kr."]
    assert second.split()[:4] == ["WRONG", "Ærø", "Kommune", "waiting_for_usage"]
    assert "7 calls are sealed, but 0 are counted here" in faults[0]
    assert last == "2027Q1: 2 municipalities, 1 that do not add up"

    await invoicing.hear(lost)
    await invoicing.bill()
    code, printed, _ = await typed(invoicing, "reconcile", "2027Q1")
    assert (code, printed.splitlines()[-1]) == (0, "2027Q1: 2 municipalities, 0 that do not add up")


async def test_reconcile_reads_quarters_only(invoicing: Invoicing) -> None:
    code, _, complained = await typed(invoicing, "reconcile", "2027-1")

    assert code == 1
    assert complained.strip() == "'2027-1' is not a quarter; write it like 2027Q1."


async def test_prices_and_invoices_are_restated(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.hear(world.told(world.calls(100, Q1)))
    await invoicing.move_clock(datetime(2027, 4, 6, 8, tzinfo=UTC))
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()

    assert (await typed(invoicing, "restate", "price"))[0] == 0
    assert (await typed(invoicing, "restate", "invoice"))[0] == 0
    assert len(await invoicing.said(PriceRestated)) == 2
    assert len(await invoicing.said(InvoiceRestated)) == 1
    audited = await invoicing.fetch("SELECT subject FROM audit WHERE action = 'restate' ORDER BY position")
    assert [row["subject"] for row in audited] == ["price", "invoice"]
