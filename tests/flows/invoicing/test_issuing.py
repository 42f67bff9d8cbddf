"""From usage and a seal to an invoice, whatever the order, however many copies, whatever fails."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from services.invoicing.actions import issuing
from services.invoicing.actions.issuing import look
from services.invoicing.documents import check_xml
from shared.contracts.event import Event
from shared.contracts.invoicing import InvoiceDispatched, InvoiceIssued, InvoiceRestated
from shared.contracts.metering import QuarterSealed
from shared.money import vat
from shared.quarters import Quarter
from tests.conftest import MakeDatabase
from tests.flows.invoicing.conftest import Invoicing, World, set_price, settle, started
from tests.tokens import as_helpdesk, as_person

Q1 = datetime(2027, 1, 12, 9, 30, tzinfo=UTC)
LONG = "Ø" * 255
"""The longest accounting_info there can be."""
SEALED_ON = datetime(2027, 4, 6, 8, tzinfo=UTC)


async def used(invoicing: Invoicing, world: World) -> None:
    """Two services used in the first quarter of 2027, and the time after its grace."""
    await settle(invoicing, world)
    await invoicing.hear(world.told(world.calls(1234, Q1), world.calls(3, Q1, service=2)))
    await invoicing.move_clock(SEALED_ON)


async def test_a_sealed_quarter_becomes_an_invoice_with_its_documents(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()

    (issued,) = await invoicing.said(InvoiceIssued)
    (dispatched,) = await invoicing.said(InvoiceDispatched)
    assert issued.invoice.number == "FAK-000001"
    assert (issued.invoice.issued_on, issued.invoice.due_on) == (date(2027, 4, 6), date(2027, 5, 6))
    # 1234 x 0.0485 = 59.849 and 3 x 1.35 = 4.05
    assert (issued.invoice.net, issued.invoice.vat, issued.invoice.gross) == (
        Decimal("63.90"),
        Decimal("15.98"),
        Decimal("79.88"),
    )
    assert dispatched.dispatch.mailbox == "post@aabenraa.example"
    assert [document.filename for document in dispatched.dispatch.documents] == ["FAK-000001.pdf", "FAK-000001.xml"]
    pdf, xml = (document.content for document in dispatched.dispatch.documents)
    check_xml(xml)
    assert pdf.startswith(b"%PDF-")

    head = (await invoicing.client.get("/invoices", headers=as_helpdesk())).json()["items"][0]
    for number, ids in (("FAK-000001", [head["id"]]), ("FAK-000002", [])):
        found = (await invoicing.client.get("/invoices", params={"number": number}, headers=as_helpdesk())).json()
        assert [one["id"] for one in found["items"]] == ids
    whole = (await invoicing.client.get(f"/invoices/{head['id']}", headers=as_helpdesk())).json()
    assert [(line["service_name"], line["calls"], line["unit_price"], line["amount"]) for line in whole["lines"]] == [
        ("Opslag 1 1.0", 1234, "0.0485", "59.85"),
        ("Opslag 2 1.0", 3, "1.35", "4.05"),
    ]
    for kind, content in (("pdf", pdf), ("xml", xml)):
        answer = await invoicing.client.get(f"/invoices/{head['id']}/{kind}", headers=as_helpdesk())
        assert answer.headers["content-type"] == f"application/{kind}"
        assert answer.content == content, "what can be fetched is not what was sent"


async def test_a_seal_that_overtakes_the_moved_clock_waits_for_it(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.hear(world.told(world.calls(1, Q1)), world.seal("2027Q1"))
    await invoicing.bill()
    assert await invoicing.state(world, "2027Q1") == "waiting_for_facts"

    await invoicing.move_clock(SEALED_ON)
    await invoicing.bill()
    (issued,) = await invoicing.said(InvoiceIssued)
    assert issued.invoice.issued_on == date(2027, 4, 6)


async def test_nothing_is_invoiced_twice(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    seal = world.seal("2027Q1")
    once = uuid4()
    await invoicing.hear(seal, event_id=once)
    await invoicing.hear(seal, event_id=once)
    await invoicing.bill(2)
    await invoicing.hear(seal)
    await invoicing.bill()

    assert len(await invoicing.said(InvoiceIssued)) == 1
    assert await invoicing.fetch("SELECT next FROM invoice_series") == [(2,)]


@pytest.mark.parametrize("order", ["seal first", "usage first", "usage in two orders"])
async def test_the_order_of_the_news_does_not_matter(invoicing: Invoicing, world: World, order: str) -> None:
    first, second = world.calls(10, Q1), world.calls(7, Q1)
    assert second.calls == 17
    usage: list[Event] = [world.told(first), world.told(second)]
    seal = world.seal("2027Q1")
    events = {
        "seal first": [seal, *usage],
        "usage first": [*usage, seal],
        "usage in two orders": [usage[1], seal, usage[0], usage[1]],
    }[order]
    await invoicing.hear(*world.catalogue())
    await set_price(invoicing, world.service(), date(2026, 11, 1), "0.0485")
    await invoicing.move_clock(SEALED_ON)
    for event in [*events, world.approved(), world.organisation()]:
        assert not await invoicing.said(InvoiceIssued)
        await invoicing.hear(event)
        await invoicing.bill()

    (issued,) = await invoicing.said(InvoiceIssued)
    assert issued.invoice.net == Decimal("0.82")  # 17 x 0.0485 = 0.8245
    assert await invoicing.said(InvoiceDispatched)


async def test_it_waits_until_its_own_totals_are_the_sealed_ones(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.move_clock(SEALED_ON)
    late, more = world.calls(40, Q1), world.calls(2, Q1, service=2)
    await invoicing.hear(world.told(late))
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()

    assert not await invoicing.said(InvoiceIssued)
    answer = await invoicing.client.get("/billing?quarter=2027Q1", headers=as_helpdesk())
    (row,) = answer.json()["municipalities"]
    assert row["state"] == "waiting_for_usage"
    assert row["sentence"] == "42 calls are sealed and 40 counted here; 1 totals differ."
    assert row["differences"] == [
        {
            "source_id": str(world.agreement),
            "service_id": str(world.service(2)),
            "made_in_quarter": "2027Q1",
            "sealed_calls": 2,
            "own_calls": 0,
        }
    ]
    unequal = (await invoicing.client.get("/billing/reconciliation?quarter=2027Q1", headers=as_helpdesk())).json()
    assert unequal["ok"] is False

    await invoicing.hear(world.told(more))
    await invoicing.bill()
    assert await invoicing.state(world, "2027Q1") == "invoiced"
    equal = (await invoicing.client.get("/billing/reconciliation?quarter=2027Q1", headers=as_helpdesk())).json()
    assert equal["ok"] is True
    assert (equal["sealed_calls"], equal["own_calls"], equal["line_calls"]) == (42, 42, 42)
    states = await invoicing.fetch("SELECT state FROM billing_history ORDER BY position")
    assert [row["state"] for row in states] == ["sealed", "waiting_for_usage", "invoiced"]


async def test_totals_that_are_equal_in_sum_but_not_in_kind_are_not_billed(
    invoicing: Invoicing, world: World
) -> None:
    await settle(invoicing, world)
    await invoicing.move_clock(SEALED_ON)
    world.calls(5, Q1, service=2)
    seal = world.seal("2027Q1")
    await invoicing.hear(World().told(World().calls(5, Q1, service=1)), seal)
    await invoicing.bill()

    assert await invoicing.state(world, "2027Q1") == "waiting_for_usage"


async def test_late_calls_are_billed_in_a_later_quarter_and_say_so(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()
    await invoicing.hear(
        world.told(
            world.calls(5, datetime(2027, 3, 31, 21, 30, tzinfo=UTC), billed_in="2027Q2"),
            world.calls(100, datetime(2027, 3, 31, 22, 30, tzinfo=UTC)),
        )
    )
    await invoicing.move_clock(datetime(2027, 7, 6, 8, tzinfo=UTC))
    await invoicing.hear(world.seal("2027Q2"))
    await invoicing.bill()

    numbers = [event.invoice.number for event in await invoicing.said(InvoiceIssued)]
    assert numbers == ["FAK-000001", "FAK-000002"]
    head = (await invoicing.client.get("/invoices?quarter=2027Q2", headers=as_helpdesk())).json()["items"][0]
    lines = (await invoicing.client.get(f"/invoices/{head['id']}", headers=as_helpdesk())).json()["lines"]
    assert [(line["made_in_quarter"], line["calls"], line["note"], line["first_day"]) for line in lines] == [
        ("2027Q1", 5, "Sent modtagne opslag, vedrører 1. kvartal 2027", "2027-03-31"),
        ("2027Q2", 100, None, "2027-04-01"),
    ]
    late = await invoicing.client.get(f"/invoices/{head['id']}/lines/1", headers=as_helpdesk())
    assert late.json() == {
        **lines[0],
        "invoice_number": "FAK-000002",
        "quarter": "2027Q2",
        "days": [{"day": "2027-03-31", "calls": 5}],
        "accounts": [{"accounting_info": "", "calls": 5}],
        "accounts_count": 1,
    }
    none = await invoicing.client.get(f"/invoices/{head['id']}/lines/3", headers=as_helpdesk())
    assert (none.status_code, none.json()["code"]) == (404, "invoice.line_unknown")


async def test_a_price_change_within_the_quarter_makes_two_lines(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    assert (await set_price(invoicing, world.service(), date(2027, 2, 1), "0.05")).status_code == 200
    await invoicing.hear(
        world.told(
            world.calls(3, datetime(2027, 1, 31, 22, 30, tzinfo=UTC)),  # still January in Copenhagen
            world.calls(5, datetime(2027, 1, 31, 23, 30, tzinfo=UTC)),  # February already
            world.calls(2, datetime(2027, 2, 14, 9, tzinfo=UTC), accounting_info=LONG),
            world.calls(1, datetime(2027, 2, 14, 10, tzinfo=UTC)),
            world.calls(1, datetime(2027, 2, 15, 10, tzinfo=UTC)),
            world.calls(50, datetime(2027, 2, 14, 10, tzinfo=UTC), trial=True),
        )
    )
    await invoicing.move_clock(SEALED_ON)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()

    lines = await invoicing.fetch("SELECT calls, unit_price, amount FROM invoice_line ORDER BY position")
    assert lines == [(3, Decimal("0.0485"), Decimal("0.15")), (9, Decimal("0.05"), Decimal("0.45"))]
    (invoice,) = await invoicing.fetch("SELECT id FROM invoice")
    address = f"/invoices/{invoice['id']}/lines/2"
    second = (await invoicing.client.get(address, headers=as_helpdesk())).json()
    assert [tuple(one.values()) for one in second["days"]] == [
        ("2027-02-01", 5),
        ("2027-02-14", 3),
        ("2027-02-15", 1),
    ]
    assert [tuple(one.values()) for one in second["accounts"]] == [("", 7), (LONG, 2)]
    assert second["accounts_count"] == 2
    told, after = [], None
    for _ in range(4):
        asked = {"limit": 1, **({"after": after} if after is not None else {})}
        answer = await invoicing.client.get(f"{address}/calls", params=asked, headers=as_helpdesk())
        (one,), after = answer.json()["items"], answer.json()["next"]
        told.append((one["day"], one["accounting_info"], one["calls"]))
    assert told == [("2027-02-01", "", 5), ("2027-02-14", "", 1), ("2027-02-14", LONG, 2), ("2027-02-15", "", 1)]
    assert after is None
    nonsense = await invoicing.client.get(f"{address}/calls?after=4711", headers=as_helpdesk())
    assert (nonsense.status_code, nonsense.json()["code"]) == (422, "page.after_unknown")


async def test_no_usage_gives_no_invoice_and_uses_no_number(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.move_clock(SEALED_ON)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()

    assert await invoicing.state(world, "2027Q1") == "no_usage"
    assert not await invoicing.said(InvoiceIssued)
    assert await invoicing.fetch("SELECT next FROM invoice_series") == [(1,)]


async def test_trial_and_test_calls_are_never_billed(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.hear(
        world.told(
            world.calls(10, Q1),
            world.calls(500, Q1, trial=True, environment="test"),
            world.calls(70, Q1, environment="test", accounting_info="test"),
        )
    )
    await invoicing.move_clock(SEALED_ON)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()

    lines = await invoicing.fetch("SELECT calls FROM invoice_line")
    assert lines == [(10,)]


async def test_a_missing_price_holds_the_invoice_until_it_is_set(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world, first="0.0485")
    await invoicing.hear(world.told(world.calls(10, Q1), world.calls(4, Q1, service=2)))
    await invoicing.move_clock(SEALED_ON)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()

    assert await invoicing.state(world, "2027Q1") == "price_missing"
    (row,) = (await invoicing.client.get("/billing?quarter=2027Q1", headers=as_helpdesk())).json()["municipalities"]
    assert row["sentence"] == (
        f"No price is in force for service {world.service(2)} on 2027-01-12; helpdesk must set one from that day."
    )
    # The quarter is sealed, but the invoice waits for this very price; the other's stays as it is.
    assert (await set_price(invoicing, world.service(1), date(2026, 10, 1), "9")).status_code == 409
    assert (await set_price(invoicing, world.service(2), date(2027, 1, 1), "2.5")).status_code == 200
    await invoicing.bill()
    (issued,) = await invoicing.said(InvoiceIssued)
    assert issued.invoice.net == Decimal("10.49")  # 0.485 -> 0.49, and 10.00


async def test_refused_documents_hold_the_invoice_and_use_no_number(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    await invoicing.hear(world.organisation(sequence=2, cvr="29189855"))  # its check digit is wrong
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()

    assert await invoicing.state(world, "2027Q1") == "documents_refused"
    assert await invoicing.fetch("SELECT next FROM invoice_series") == [(1,)]
    await invoicing.hear(world.organisation(sequence=3))
    await invoicing.bill()
    assert [event.invoice.number for event in await invoicing.said(InvoiceIssued)] == ["FAK-000001"]


async def test_an_invoice_without_any_mailbox_is_issued_all_the_same(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    await invoicing.hear(world.organisation(sequence=2, mailbox=None, ean=None), world.seal("2027Q1"))
    await invoicing.bill()

    (dispatched,) = await invoicing.said(InvoiceDispatched)
    assert dispatched.dispatch.mailbox == ""


async def test_the_invoice_mailbox_comes_first(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    await invoicing.hear(
        world.organisation(sequence=2, invoice_mailbox="faktura@aabenraa.example"), world.seal("2027Q1")
    )
    await invoicing.bill()

    (dispatched,) = await invoicing.said(InvoiceDispatched)
    assert dispatched.dispatch.mailbox == "faktura@aabenraa.example"


async def test_two_copies_at_once_make_one_invoice_each_and_no_gap(make_database: MakeDatabase) -> None:
    database = await make_database("invoicing")
    worlds = [World(f"Kommune {number:02}") for number in range(12)]
    async with started(database) as one, started(database) as other:
        for world in worlds:
            await one.hear(world.organisation(), *world.catalogue(), world.approved())
        for number in (1, 2):
            await set_price(one, worlds[0].service(number), date(2026, 11, 1), "0.25")
        for place, world in enumerate(worlds, start=1):
            await one.hear(world.told(world.calls(place, Q1)))
        await one.move_clock(SEALED_ON)
        await other.move_clock(SEALED_ON)
        for world in worlds:
            await one.hear(world.seal("2027Q1"))

        # One copy begins where the other ends, so that they meet; both want the same numbers all the time.
        async def work(copy: Invoicing, order: list[World]) -> None:
            for world in order:
                await look(
                    copy.running.database, copy.press, world.municipality, Quarter.parse("2027Q1"), payment_days=30
                )

        await asyncio.gather(work(one, worlds), work(other, worlds[::-1]), work(other, worlds))

        rows = await one.fetch("SELECT number, municipality_id, calls FROM invoice ORDER BY serial")
        assert [row["number"] for row in rows] == [f"FAK-{number:06}" for number in range(1, 13)]
        assert {row["municipality_id"] for row in rows} == {world.municipality for world in worlds}
        assert await one.fetch("SELECT next FROM invoice_series") == [(13,)]
        assert len(await one.said(InvoiceIssued)) == 12
        first = (await one.client.get("/invoices?limit=11", headers=as_helpdesk())).json()
        rest = (await one.client.get(f"/invoices?limit=11&after={first['next']}", headers=as_helpdesk())).json()
        assert [item["number"] for item in first["items"] + rest["items"]] == [row["number"] for row in rows][::-1]
        assert rest["next"] is None
        found = (await one.client.get("/billing/reconciliation?quarter=2027Q1", headers=as_helpdesk())).json()
        assert found["ok"] is True
        # The documents bear the number that the invoice got, also where it moved while they were made.
        for event in await one.said(InvoiceDispatched):
            xml = next(item.content for item in event.dispatch.documents if item.media_type == "application/xml")
            assert f"<cbc:ID>{event.dispatch.number}</cbc:ID>".encode() in xml


async def test_a_rollback_at_the_last_moment_leaves_no_gap(
    invoicing: Invoicing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction is cut off after everything was written; the next number is still the same."""
    await used(invoicing, world)
    await invoicing.hear(world.seal("2027Q1"))
    before = issuing._dispatched

    def cut_off(*_: object) -> None:
        raise ConnectionResetError("cut off")

    monkeypatch.setattr(issuing, "_dispatched", cut_off)
    with pytest.raises(ConnectionResetError):
        await invoicing.bill()
    assert await invoicing.fetch("SELECT count(*) FROM invoice") == [(0,)]
    assert not await invoicing.said(InvoiceIssued)
    monkeypatch.setattr(issuing, "_dispatched", before)
    await invoicing.bill()

    assert [event.invoice.number for event in await invoicing.said(InvoiceIssued)] == ["FAK-000001"]


async def test_one_that_fails_does_not_hold_up_the_others(
    invoicing: Invoicing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await used(invoicing, world)
    other = World("Ærø Kommune")
    await invoicing.hear(other.organisation(cvr="28856075"), other.approved(), other.told(other.calls(1, Q1)))
    await invoicing.hear(world.seal("2027Q1"), other.seal("2027Q1"))
    make = type(invoicing.press).make

    def refuse(press: object, bill: object, buyer: object, **told: object) -> object:
        if getattr(buyer, "name", "") == world.name:
            raise RuntimeError("no paper")
        return make(press, bill, buyer, **told)  # type: ignore[arg-type]

    monkeypatch.setattr(type(invoicing.press), "make", refuse)
    await invoicing.bill()

    assert await invoicing.state(other, "2027Q1") == "invoiced"
    assert await invoicing.state(world, "2027Q1") == "sealed"


async def test_a_document_too_large_to_send_is_refused(
    invoicing: Invoicing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await used(invoicing, world)
    await invoicing.hear(world.seal("2027Q1"))
    monkeypatch.setattr("services.invoicing.actions.papers.MAX_DOCUMENT", 1000)
    await invoicing.bill()

    assert await invoicing.state(world, "2027Q1") == "documents_refused"


async def test_a_seal_that_is_not_sound_waits_for_a_person(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    sound = world.seal("2027Q1").sealed
    for wrong in ({"calls": sound.calls + 1}, {"digest": "0" * 64}, {"quarter": "2027-1"}):
        unsound = QuarterSealed(sealed=sound.model_copy(update=wrong))
        assert not await invoicing.hears(unsound), wrong
    assert len(await invoicing.parked()) == 3
    assert await invoicing.state(world, "2027Q1") == "not_sealed"


async def test_another_seal_after_the_invoice_waits_for_a_person(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()
    world.calls(1, Q1)

    assert not await invoicing.hears(world.seal("2027Q1", sequence=2))
    assert "was invoiced on another seal" in (await invoicing.parked())[0]


async def test_a_newer_seal_replaces_one_that_is_not_invoiced(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world)
    await invoicing.move_clock(SEALED_ON)
    old_count = world.calls(3, Q1)
    old = world.seal("2027Q1")
    count = world.calls(4, Q1)
    new = world.seal("2027Q1", sequence=2)
    await invoicing.hear(world.told(old_count, count), new, old)
    await invoicing.bill()

    assert await invoicing.fetch("SELECT calls FROM invoice") == [(7,)]


async def test_invoices_can_be_restated_without_their_documents(invoicing: Invoicing, world: World) -> None:
    await used(invoicing, world)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()
    async with invoicing.running.database.transaction() as tx:
        assert await issuing.restate_invoices(tx) == 1

    (issued,) = await invoicing.said(InvoiceIssued)
    (restated,) = await invoicing.said(InvoiceRestated)
    assert restated.invoice == issued.invoice
    assert len(await invoicing.said(InvoiceDispatched)) == 1


async def test_overview_and_invoice_are_equal_to_the_ore(invoicing: Invoicing, world: World) -> None:
    await settle(invoicing, world, first="0.0485", second="0.3333")
    for place in range(1, 40):
        await invoicing.hear(
            world.told(
                world.calls(place, Q1, service=1 + place % 2, accounting_info=f"konto {place % 7}"),
            )
        )
    await invoicing.move_clock(SEALED_ON)
    await invoicing.hear(world.seal("2027Q1"))
    await invoicing.bill()
    (issued,) = await invoicing.said(InvoiceIssued)

    reader = as_person(["municipality"], "user", organisation=world.municipality)
    for group_by in ("", "service", "supplier,system,service", "accounting_info", "service,accounting_info"):
        found = (await invoicing.client.get(f"/overview?quarter=2027Q1&group_by={group_by}", headers=reader)).json()
        assert found["sealed"] is True
        assert Decimal(found["net"]) == issued.invoice.net
        assert Decimal(found["gross"]) == issued.invoice.net + vat(issued.invoice.net)
        assert sum(Decimal(line["amount"]) for line in found["lines"]) == issued.invoice.net
        assert sum(line["calls"] for line in found["lines"]) == found["calls"] == sum(range(1, 40))
