"""7. Time moves past the quarter: it is sealed, and every municipality with usage gets its invoice."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from email.message import EmailMessage
from typing import Any

from lxml import etree

from demo.chapters.agreements import Agreements
from demo.chapters.calls import Sent, late, routes_of, send_billable, settle
from demo.plan import calls
from demo.truth import ORE, Line
from demo.world import Municipality, World, check
from shared.quarters import Quarter

GRACE = timedelta(hours=120)
INVOICE = "invoice.dispatched.v1"
INVOICE_SECONDS = 60
VAT = Decimal("0.25")
AFTER_SEAL = ("0219", "0561")
"""Two municipalities whose supplier tells some calls only after the quarter is closed."""
AFTER_SEAL_CALLS = 40


@dataclass
class Billed:
    """The invoices by municipality id, as the API shows them, and where their files lie."""

    invoices: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


async def play(world: World, found: Agreements, sent: Sent) -> Billed:
    world.progress.chapter(7, f"{sent.quarter.danish} is closed and billed")
    billed = Billed()
    await late(world, found, sent)
    await _close(world, sent.quarter, billed)
    await _too_late_for_the_quarter(world, found, sent)
    await _close(world, sent.quarter.next, billed)
    return billed


async def _close(world: World, quarter: Quarter, billed: Billed) -> None:
    due = world.truth.billed_in(str(quarter))
    mails_before = len(world.mails.found(INVOICE))
    await world.move_clock(quarter.ends + GRACE + timedelta(hours=1))
    began = time.monotonic()
    while True:
        answer = await world.desk.get("/invoicing/billing", quarter=str(quarter))
        states = answer["states"]
        if states.get("invoiced", 0) == len(due) and set(states) <= {"invoiced", "no_usage"}:
            break
        check(time.monotonic() - began < INVOICE_SECONDS, f"{quarter} is not billed after a minute: {states}")
        world.progress.counting(f"{states.get('invoiced', 0)} of {len(due)} invoices")
        await asyncio.sleep(0.2)
    reconciled = await world.desk.get("/invoicing/billing/reconciliation", quarter=str(quarter))
    check(reconciled["ok"], f"{quarter} does not add up: {reconciled}")
    mails = (await world.mails.wait(INVOICE, least=mails_before + len(due)))[mails_before:]
    check(len(mails) == len(due), f"{len(due)} invoices were to be mailed for {quarter}, {len(mails)} were")
    listed = await world.desk.get("/invoicing/invoices", quarter=str(quarter), limit=500)
    for head in listed["items"]:
        invoice = await world.desk.get(f"/invoicing/invoices/{head['id']}")
        municipality = next(one for one in world.municipalities if one.id == invoice["municipality_id"])
        _compare(invoice, due[municipality.id], municipality)
        _keep(world, invoice, municipality, mails)
        billed.invoices.setdefault(municipality.id, []).append(invoice)
    check(len(listed["items"]) == len(due), f"{len(due)} invoices were due for {quarter}")
    seconds = time.monotonic() - began
    net = sum((Decimal(head["net"]) for head in listed["items"]), Decimal(0))
    world.progress.say(
        f"{quarter.danish}: {len(due)} invoices with PDF and XML, {net} kr., {seconds:.1f} s after the grace period"
    )


def _compare(invoice: dict[str, Any], due: list[Line], municipality: Municipality) -> None:
    """The invoice against what the story itself has worked out: line by line, to the øre."""
    wanted = Counter(
        (line.supplier, line.system, line.service, line.made_in, line.calls, line.per_call, line.amount)
        for line in due
    )
    got = Counter(
        (
            line["supplier_name"],
            line["system_name"],
            line["service_id"],
            line["made_in_quarter"],
            line["calls"],
            Decimal(line["unit_price"]),
            Decimal(line["amount"]),
        )
        for line in invoice["lines"]
    )
    check(got == wanted, f"{municipality.name}: the invoice has {got - wanted}, and should have {wanted - got}")
    net = sum((line.amount for line in due), Decimal(0))
    vat = (net * VAT).quantize(ORE, ROUND_HALF_UP)
    for what, due_amount in (("net", net), ("vat", vat), ("gross", net + vat)):
        said = Decimal(invoice[what])
        check(said == due_amount, f"{municipality.name}: {what} is {said} kr., and should be {due_amount}")


def _keep(world: World, invoice: dict[str, Any], municipality: Municipality, mails: list[EmailMessage]) -> None:
    """Put the documents that were mailed where a reader finds them."""
    number = invoice["number"]
    mail = next((mail for mail in mails if number in str(mail["Subject"])), None)
    check(mail is not None, f"no mail has invoice {number} in its subject")
    assert mail is not None
    check(municipality.facts.mailbox in str(mail["To"]), f"invoice {number} went to {mail['To']}")
    folder = world.folder / "invoices"
    folder.mkdir(exist_ok=True)
    kinds = set()
    for part in mail.iter_attachments():
        suffix = (part.get_filename() or "").rpartition(".")[2]
        kinds.add(suffix)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        (folder / f"{number}.{suffix}").write_bytes(content)
        if suffix == "xml":
            payable = [Decimal(one.text or "0") for one in etree.fromstring(content).iter("{*}PayableAmount")]
            check(payable == [Decimal(invoice["gross"])], f"invoice {number} asks for {payable} in its XML")
    check(kinds == {"pdf", "xml"}, f"invoice {number} came with {kinds or 'nothing'} attached")


async def _too_late_for_the_quarter(world: World, found: Agreements, sent: Sent) -> None:
    """Calls told after the seal are billed in the next quarter, on a line that says when they were made."""
    late = [one for one in world.municipalities if one.facts.code in AFTER_SEAL]
    quarter = sent.quarter
    planned = calls(
        world.chance,
        routes_of(world, found, late),
        AFTER_SEAL_CALLS,
        quarter.ends - timedelta(days=10),
        quarter.ends,
    )
    await send_billable(world, sent, "Omsorg", planned, billing=str(quarter.next))
    await settle(world, sent)
    world.progress.say(f"{len(planned)} calls told after the seal: they are for the next quarter's invoice")
