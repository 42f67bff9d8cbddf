"""A municipality's invoices: the list, one of them, the calls a line rests on, and the documents that were sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.domain import chart, sheet
from services.portal.domain.address import uuid_or_none
from services.portal.domain.language import later
from services.portal.pages.municipality import asking
from services.portal.pages.visit import MunicipalityVisit, together, unless_away
from shared.quarters import Quarter

router = APIRouter(prefix="/kommune/fakturaer", include_in_schema=False)

LINES = 100
"""How many lines a page shows: a large municipality's invoice has hundreds."""

LISTED = 20
LINE_FILE = (
    later("Faktura"),
    later("Linje"),
    later("Leverandør"),
    later("It-system"),
    later("Service"),
    later("Dag"),
    later("Konteringsoplysning"),
    later("Opslag"),
    later("Pris pr. opslag ekskl. moms"),
)


@router.get("")
async def invoices(visit: MunicipalityVisit) -> Response:
    """All of them, the newest first, and what the present quarter has come to so far."""
    if not visit.may(*asking.INVOICE_READERS):
        people = await unless_away(asking.colleagues(visit))
        return visit.page("municipality/invoices_closed.html", status=403, people=people or {})
    current = Quarter.of_day(asking.today(visit))
    found, notices, running = await together(
        visit.invoicing.get("/invoices", after=uuid_or_none(visit.request.query_params.get("after")), limit=LISTED),
        unless_away(visit.notifier.get("/notices", kind="invoice", limit=500)),
        unless_away(visit.invoicing.get("/overview", quarter=str(current), group_by="")),
    )
    return visit.page(
        "municipality/invoices.html",
        found=found,
        notices={one["about_id"]: one for one in notices["items"]} if notices else None,
        current=current,
        running=running,
    )


@router.get("/{invoice_id}")
async def invoice(visit: MunicipalityVisit, invoice_id: UUID) -> Response:
    """One invoice with its lines, a hundred a page, whom it was sent to and what became of that."""
    found, notices = await together(
        visit.invoicing.get(f"/invoices/{invoice_id}"),
        unless_away(visit.notifier.get("/notices", kind="invoice", about_id=invoice_id)),
    )
    after = visit.request.query_params.get("after", "")
    lines = [one for one in found["lines"] if one["position"] > (int(after) if after.isdecimal() else 0)]
    return visit.page(
        "municipality/invoice.html",
        invoice=found,
        lines=lines[:LINES],
        next=lines[LINES - 1]["position"] if len(lines) > LINES else None,
        notice=next(iter(notices["items"]), None) if notices else None,
        known=notices is not None,
    )


@router.get("/{invoice_id}/linjer/{position}")
async def line(visit: MunicipalityVisit, invoice_id: UUID, position: int) -> Response:
    """The calls a line rests on, day by day."""
    found = await visit.invoicing.get(f"/invoices/{invoice_id}/lines/{position}")
    days = [one["day"] for one in found["days"]]
    return visit.page(
        "municipality/invoice_line.html",
        invoice_id=invoice_id,
        line=found,
        drawn=chart.bars(
            [str(date.fromisoformat(day).day) for day in days],
            [one["calls"] for one in found["days"]],
            names=[visit.written.day(day) for day in days],
        ),
    )


@router.get("/{invoice_id}/linjer/{position}/csv")
async def line_file(visit: MunicipalityVisit, invoice_id: UUID, position: int) -> Response:
    """The same as a file, told apart by accounting_info."""
    address = f"/invoices/{invoice_id}/lines/{position}"
    found, calls = await together(visit.invoicing.get(address), visit.invoicing.all(f"{address}/calls", limit=5000))
    rows = [
        (
            found["invoice_number"],
            position,
            found["supplier_name"],
            found["system_name"],
            found["service_name"],
            date.fromisoformat(one["day"]),
            one["accounting_info"],
            one["calls"],
            Decimal(found["unit_price"]),
        )
        for one in calls
    ]
    content = sheet.csv([visit.text(name) for name in LINE_FILE], rows)
    return visit.file(content, sheet.MEDIA_TYPE, f"{found['invoice_number']}-linje-{position}.csv")


@router.get("/{invoice_id}/{kind}")
async def document(visit: MunicipalityVisit, invoice_id: UUID, kind: Literal["pdf", "xml"]) -> Response:
    """The very document that was sent."""
    found = await visit.invoicing.document(f"/invoices/{invoice_id}/{kind}")
    return visit.file(found.content, found.media_type, found.filename or f"faktura.{kind}")
