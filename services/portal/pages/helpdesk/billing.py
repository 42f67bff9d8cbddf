"""Closing quarters: sealed or not, billed or waiting and why, and whether everything adds up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.pages.visit import HelpdeskVisit, headers_of, together, unless_away
from shared.problem import NotFound
from shared.quarters import Quarter

router = APIRouter(prefix="/helpdesk", include_in_schema=False)

LINES = 100
FINAL = frozenset({"invoiced", "no_usage"})


@router.get("/afregning")
async def quarters(visit: HelpdeskVisit) -> Response:
    """All quarters, the newest first, with how far each has come."""
    found, billed = await together(
        visit.metering.get("/quarters", calls=False), unless_away(visit.invoicing.get("/billing/states"))
    )
    return visit.page(
        "helpdesk/quarters.html",
        quarters=found["quarters"][::-1],
        states=billed["quarters"] if billed else {},
        final=FINAL,
    )


@router.get("/afregning/{quarter}")
async def quarter(visit: HelpdeskVisit, quarter: str) -> Response:
    """One quarter: every municipality's billing; with `check`, every call and invoice line is added up anew."""
    meant, check = _quarter(quarter), visit.request.query_params.get("check") == "1"
    all_quarters, billing, reconciled, calls = await together(
        visit.metering.get("/quarters", calls=False),
        visit.invoicing.get("/billing", quarter=meant),
        _if(check, visit.invoicing.get, "/billing/reconciliation", meant),
        _if(check, visit.metering.get, "/reconciliation", meant),
    )
    found = next((one for one in all_quarters["quarters"] if one["quarter"] == meant), None)
    shown = visit.request.query_params.get("show", "")
    municipalities = _together(billing, reconciled)
    if shown == "waiting":
        municipalities = [one for one in municipalities if one["state"] not in FINAL]
    return visit.page(
        "helpdesk/quarter.html",
        quarter=meant,
        found=found,
        check=check,
        municipalities=municipalities,
        reconciled=reconciled,
        calls=calls,
        total=len(billing["municipalities"]),
        done=sum(number for state, number in billing["states"].items() if state in FINAL),
        sealed_calls=sum(one["sealed_calls"] or 0 for one in billing["municipalities"]),
        own_calls=sum(one["own_calls"] for one in billing["municipalities"]),
        net=sum((Decimal(one["net"]) for one in billing["municipalities"] if one["net"]), Decimal("0.00")),
    )


async def _if(wanted: bool, ask: Callable[..., Awaitable[Any]], path: str, quarter: str) -> Any:
    return await unless_away(ask(path, quarter=quarter)) if wanted else None


@router.get("/fakturaer/{invoice_id}")
async def invoice(visit: HelpdeskVisit, invoice_id: UUID) -> Response:
    """An invoice with its lines, a hundred a page: a large municipality's has many."""
    found = await visit.invoicing.get(f"/invoices/{invoice_id}")
    after = visit.request.query_params.get("after", "")
    lines = [one for one in found["lines"] if one["position"] > (int(after) if after.isdecimal() else 0)]
    shown = lines[:LINES]
    return visit.page(
        "helpdesk/invoice.html",
        invoice=found,
        lines=shown,
        next=shown[-1]["position"] if len(lines) > LINES else None,
    )


@router.get("/fakturaer/{invoice_id}/{kind}")
async def document(visit: HelpdeskVisit, invoice_id: UUID, kind: str) -> Response:
    """The invoice as it was sent: as PDF or XML."""
    if kind not in {"pdf", "xml"}:
        raise NotFound("document.unknown", f"An invoice has no document {kind}.")
    found = await visit.invoicing.document(f"/invoices/{invoice_id}/{kind}")
    named = {"Content-Disposition": f'attachment; filename="{found.filename or f"faktura.{kind}"}"'}
    return Response(found.content, media_type=found.media_type, headers=headers_of(visit.request) | named)


def _quarter(text: str) -> str:
    try:
        return str(Quarter.parse(text.upper()))
    except ValueError:
        raise NotFound("quarter.unknown", "There is no such quarter.") from None


def _together(billing: Any, reconciled: Any) -> list[dict[str, Any]]:
    held = {one["municipality_id"]: one for one in reconciled["municipalities"]} if reconciled else {}
    return [{**one, "held": held.get(one["municipality_id"])} for one in billing["municipalities"]]
