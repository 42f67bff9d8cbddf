"""8. The table: for each municipality what was sent, what became of it, and what it costs. It must add up."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from demo.chapters.billing import Billed
from demo.chapters.calls import Sent
from demo.world import World, check


async def play(world: World, sent: Sent, billed: Billed) -> None:
    world.progress.chapter(8, "What was sent, what became of it, and what it costs")
    answer = await world.desk.get("/metering/reconciliation", quarter=str(sent.quarter))
    told = {row["municipality"]: row for row in answer["municipalities"]}
    names = {one.id: one.name for one in world.municipalities} | {world.test_municipality_id: "Testkommunen (test)"}
    rows = [
        _row(municipality_id, names[municipality_id], world, told.get(municipality_id), billed)
        for municipality_id in sorted(world.truth.sent, key=lambda one: names[one])
    ]
    everything = answer["everything"]
    check(everything["equal"], f"metering's own sums differ: {everything}")
    total = sum(row["sent"] for row in rows)
    check(
        total == everything["counted"] + everything["refused"] + everything["duplicates"],
        f"{total} calls were sent, and metering knows of {everything}",
    )
    net = sum((Decimal(row["net"]) for row in rows), Decimal(0))
    report = {
        "quarter": str(sent.quarter),
        "municipalities": rows,
        "totals": {"sent": total, **everything, "net": str(net)},
        "calls_per_second": round(sent.rate),
        "approve_to_access_ms": {"median": sent.access_median_ms, "worst": sent.access_worst_ms},
    }
    await asyncio.to_thread(
        (world.folder / "report.json").write_text,
        json.dumps(report, indent=2, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    _print(rows, net)
    world.progress.say(f"{total} calls sent = counted + refused + duplicates, for every municipality")
    world.progress.say(
        f"calls × price = invoice to the øre, for all {sum(len(row['invoices']) for row in rows)} invoices"
    )
    world.progress.say(f"mails: {world.mails.where}")
    for what, where in (("invoices", "invoices/*.{pdf,xml}"), ("this table", "report.json")):
        world.progress.say(f"{what}: {world.folder / where}")


def _row(
    municipality_id: str, name: str, world: World, told: dict[str, Any] | None, billed: Billed
) -> dict[str, Any]:
    """One municipality, compared with the story's own truth."""
    check(told is not None, f"{name}: metering knows of no calls")
    assert told is not None
    wanted = world.truth.by_outcome(municipality_id)
    got = Counter({"counted": told["counted"], "duplicate": told["duplicates"], **told["refused"]})
    got = Counter({outcome: count for outcome, count in got.items() if count})
    check(got == Counter(wanted), f"{name}: metering has {dict(got)}, and should have {wanted}")
    sent = world.truth.sent[municipality_id]
    refused = sum(told["refused"].values())
    check(sent == told["counted"] + refused + told["duplicates"], f"{name}: {sent} sent do not add up")
    invoices = billed.invoices.get(municipality_id, [])
    billable = sum(count for (whose, *_), count in world.truth.billable.items() if whose == municipality_id)
    lines = [line for invoice in invoices for line in invoice["lines"]]
    on_lines = sum(line["calls"] for line in lines)
    check(on_lines == billable, f"{name}: {billable} calls to be paid for, {on_lines} on invoices")
    return {
        "municipality": name,
        "sent": sent,
        "counted": told["counted"],
        "refused": dict(sorted(told["refused"].items())),
        "duplicates": told["duplicates"],
        "lines": len(lines),
        "net": str(sum((Decimal(invoice["net"]) for invoice in invoices), Decimal("0.00"))),
        "gross": str(sum((Decimal(invoice["gross"]) for invoice in invoices), Decimal("0.00"))),
        "invoices": [
            {
                "number": invoice["number"],
                "quarter": invoice["quarter"],
                "net": invoice["net"],
                "vat": invoice["vat"],
                "gross": invoice["gross"],
                "lines": [
                    {
                        key: line[key]
                        for key in ("system_name", "service_name", "made_in_quarter", "calls", "unit_price", "amount")
                    }
                    for line in invoice["lines"]
                ],
            }
            for invoice in invoices
        ],
    }


def _print(rows: list[dict[str, Any]], net: Decimal) -> None:
    reasons = sorted({reason for row in rows for reason in row["refused"]})
    # Fits in a terminal of 80 characters: no figure may be cut off, and no two municipalities look alike.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, show_footer=True)
    columns = ["sent", "counted", *reasons, "duplicates"]
    table.add_column("municipality", footer="all", min_width=14)
    for column in columns:
        total = sum(row["refused"].get(column, 0) if column in reasons else row[column] for row in rows)
        heading = "twice" if column == "duplicates" else column.replace(".", ".\n", 1)
        table.add_column(heading, justify="right", footer=str(total), no_wrap=True)
    table.add_column("lines", justify="right", footer=str(sum(row["lines"] for row in rows)), no_wrap=True)
    table.add_column("kr. excl.\nVAT", justify="right", footer=str(net), no_wrap=True)
    for row in rows:
        figures = [row["refused"].get(column, 0) if column in reasons else row[column] for column in columns]
        name = row["municipality"].removesuffix(" Kommune")
        table.add_row(name, *(str(figure) for figure in figures), str(row["lines"]), row["net"])
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    console.print()
    console.print(table)
    console.print()
