"""From a sealed quarter to an invoice: compared, priced, printed, checked, and only then numbered and final."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from services.invoicing.actions.papers import Press
from services.invoicing.documents import DocumentRefused
from services.invoicing.domain.bill import (
    Bill,
    NameMissing,
    PricesMissing,
    draw_up,
    faults,
    invoice_number,
)
from services.invoicing.domain.billing import OPEN, Sealed, State
from services.invoicing.domain.usage import differences
from services.invoicing.store import billing, copies, invoices, prices, usage
from services.invoicing.store.copies import Buyer
from services.invoicing.store.invoices import DocumentKind, Issued, StoredDocument
from shared import logs
from shared.audit import Actor
from shared.contracts.invoicing import Dispatch, Document, Invoice, InvoiceDispatched, InvoiceIssued, InvoiceRestated
from shared.correlation import correlated
from shared.database import Database, Transaction
from shared.days import civil_day
from shared.money import MoneyError
from shared.quarters import Quarter, digest

log = logs.get(__name__)

SERIES = "FAK"
SEQUENCE = 1
"""An issued invoice never changes, so neither does its version."""
TRIES = 20
"""How often a number may be taken by another copy while the documents that bear it are made."""
_SERVICE = Actor("service", "invoicing")


class _NotYet(Exception):
    """The quarter can't be invoiced now; the state and the sentence say why."""

    def __init__(self, state: State, sentence: str, missing_prices: list[UUID] | None = None) -> None:
        super().__init__(sentence)
        self.state = state
        self.sentence = sentence
        self.missing_prices = missing_prices or []


@dataclass(frozen=True)
class _Draft:
    """What one view of the database makes of a sealed quarter, with the number that would come next."""

    sealed: Sealed
    bill: Bill
    buyer: Buyer
    serial: int
    issued_on: date


async def look(
    database: Database, press: Press, municipality_id: UUID, quarter: Quarter, *, payment_days: int
) -> Issued | None:
    """Invoice a municipality's sealed quarter if that can be done, else note why not and look again later.

    Returns the invoice when it was issued by this very call. Safe to be done by several copies at once.
    """
    for _ in range(TRIES):
        async with database.reading() as connection:
            sealed = await billing.find(connection, municipality_id, quarter)
        if sealed is None or sealed.state not in OPEN:
            return None
        with (
            correlated(sealed.correlation_id),
            logs.bound(municipality_id=str(municipality_id), quarter=str(quarter)),
        ):
            try:
                async with database.reading() as connection:
                    draft = await _draft(connection, sealed, now=database.clock.now())
                due_on = draft.issued_on + timedelta(days=payment_days)
                documents = await _printed(press, draft, due_on)
            except _NotYet as reason:
                await _note(database, sealed, reason)
                return None
            issued = await _issue(database, draft, documents, due_on)
            if issued is not None:
                log.info("invoiced", number=issued.number, calls=issued.calls, net=str(issued.net))
                return issued
    log.warning("number_always_taken", municipality_id=str(municipality_id), quarter=str(quarter))
    return None


async def _draft(connection: asyncpg.Connection, sealed: Sealed, *, now: datetime) -> _Draft:
    if now < sealed.sealed_at:
        # Not only clocks that differ a little: the news of a moved demonstration clock may come after the seal.
        raise _NotYet(
            "waiting_for_facts", f"It was sealed at {sealed.sealed_at:%Y-%m-%d %H:%MZ}, which is still to come."
        )
    own = await usage.own_totals(connection, sealed.municipality_id, sealed.quarter)
    if sealed.calls == 0 and not own:
        raise _NotYet("no_usage", "Nothing was called, so nothing is invoiced.")
    if digest(own) != sealed.digest or sum(total.calls for total in own) != sealed.calls:
        found = differences(sealed.totals, own)
        raise _NotYet(
            "waiting_for_usage",
            f"{sealed.calls} calls are sealed and {sum(total.calls for total in own)} counted here;"
            f" {len(found)} totals differ.",
        )
    buyer = await copies.find_organisation(connection, sealed.municipality_id)
    if buyer is None:
        raise _NotYet("waiting_for_facts", f"Municipality {sealed.municipality_id} has not been heard of yet.")
    called = [
        item for item in await usage.called(connection, sealed.municipality_id, sealed.quarter) if item.billable
    ]
    names = await copies.names(
        connection,
        systems=(item.system_id for item in called),
        services_called=(item.service_id for item in called),
    )
    listed = await prices.steps(connection, (item.service_id for item in called))
    try:
        bill = draw_up(called, listed, names, sealed.quarter)
    except PricesMissing as missing:
        raise _NotYet("price_missing", str(missing), sorted(missing.missing)) from None
    except NameMissing as missing:
        raise _NotYet("waiting_for_facts", str(missing)) from None
    except MoneyError as error:
        raise _NotYet("documents_refused", str(error)) from None
    if wrong := faults(bill, sealed_calls=sealed.calls):
        raise _NotYet("documents_refused", "The bill does not add up: " + "; ".join(wrong))
    return _Draft(
        sealed=sealed,
        bill=bill,
        buyer=buyer,
        serial=await invoices.peek_serial(connection, SERIES),
        issued_on=civil_day(now),
    )


async def _printed(press: Press, draft: _Draft, due_on: date) -> dict[DocumentKind, StoredDocument]:
    try:
        return await asyncio.to_thread(
            press.make,
            draft.bill,
            draft.buyer,
            number=invoice_number(SERIES, draft.serial),
            issued_on=draft.issued_on,
            due_on=due_on,
        )
    except (DocumentRefused, MoneyError) as refused:
        raise _NotYet("documents_refused", str(refused)) from None


async def _issue(
    database: Database, draft: _Draft, documents: dict[DocumentKind, StoredDocument], due_on: date
) -> Issued | None:
    """Make it final. None: the number was taken, the day is over or the quarter is done: look anew."""
    async with database.transaction() as tx:
        if await invoices.lock_serial(tx.connection, SERIES) != draft.serial or civil_day(tx.now) != draft.issued_on:
            return None
        invoice_id = uuid4()
        if not await billing.finish(tx.connection, draft.sealed, invoice_id, now=tx.now):
            return None
        issued = Issued(
            id=invoice_id,
            serial=draft.serial,
            number=invoice_number(SERIES, draft.serial),
            municipality_id=draft.buyer.id,
            municipality_name=draft.buyer.name,
            cvr=draft.buyer.cvr,
            ean=draft.buyer.ean,
            quarter=str(draft.sealed.quarter),
            issued_at=tx.now,
            issued_on=draft.issued_on,
            due_on=due_on,
            calls=draft.bill.calls,
            net=draft.bill.net,
            vat=draft.bill.vat,
            gross=draft.bill.gross,
        )
        await invoices.add(tx.connection, issued, draft.bill, documents, series=SERIES, digest=draft.sealed.digest)
        await tx.say(InvoiceIssued(invoice=_told(issued)))
        await tx.say(_dispatched(issued, draft.buyer, documents))
        await tx.record(
            _SERVICE,
            "invoice.issue",
            invoice_id,
            {"number": issued.number, "quarter": issued.quarter, "municipality_id": str(issued.municipality_id)},
        )
        return issued


async def _note(database: Database, sealed: Sealed, reason: _NotYet) -> None:
    async with database.transaction() as tx:
        await billing.move(
            tx.connection,
            sealed,
            reason.state,
            reason.sentence,
            missing_prices=reason.missing_prices,
            now=tx.now,
        )
    if reason.state == "no_usage":
        log.info("nothing_to_invoice")
    elif reason.state.startswith("waiting"):
        log.warning("not_invoiced", state=reason.state, reason=reason.sentence)
    else:
        log.error("not_invoiced", state=reason.state, reason=reason.sentence)


def _dispatched(issued: Issued, buyer: Buyer, documents: dict[DocumentKind, StoredDocument]) -> InvoiceDispatched:
    return InvoiceDispatched(
        dispatch=Dispatch(
            id=issued.id,
            sequence=SEQUENCE,
            number=issued.number,
            municipality_id=issued.municipality_id,
            municipality_name=issued.municipality_name,
            quarter=issued.quarter,
            mailbox=buyer.invoice_mailbox or buyer.mailbox or "",
            due_on=issued.due_on,
            gross=issued.gross,
            documents=tuple(
                Document(
                    filename=document.filename,
                    media_type=document.media_type,
                    content=base64.b64encode(document.content),
                )
                for document in documents.values()
            ),
        )
    )


def _told(issued: Issued) -> Invoice:
    return Invoice(
        id=issued.id,
        sequence=SEQUENCE,
        number=issued.number,
        municipality_id=issued.municipality_id,
        quarter=issued.quarter,
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        net=issued.net,
        vat=issued.vat,
        gross=issued.gross,
    )


async def restate_invoices(tx: Transaction) -> int:
    """Say every invoice's present state again; the documents are not sent again."""
    every = await invoices.every(tx.connection)
    for issued in every:
        await tx.say(InvoiceRestated(invoice=_told(issued)))
    return len(every)
