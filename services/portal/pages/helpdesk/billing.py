"""Closing quarters: sealed or not, billed or waiting and why, and whether everything adds up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.pages.visit import HelpdeskVisit, headers_of, together, unless_away
from shared.problem import NotFound
from shared.quarters import Quarter

router = APIRouter(prefix="/helpdesk", include_in_schema=False)

FINAL = frozenset({"invoiced", "no_usage"})


@router.get("/afregning")
async def quarters(visit: HelpdeskVisit) -> Response:
    """All quarters, the newest first, with how far each has come."""
    found = (await visit.metering.get("/quarters"))["quarters"]
    sealed = [one["quarter"] for one in found if one["state"] == "sealed"][-4:]
    billed = await together(*(unless_away(visit.invoicing.get("/billing", quarter=one)) for one in sealed))
    states = {quarter: answer["states"] for quarter, answer in zip(sealed, billed, strict=True) if answer}
    return visit.page("helpdesk/quarters.html", quarters=found[::-1], states=states, final=FINAL)


@router.get("/afregning/{quarter}")
async def quarter(visit: HelpdeskVisit, quarter: str) -> Response:
    """One quarter: every municipality's billing, and the reconciliation of calls and amounts."""
    meant = _quarter(quarter)
    all_quarters, billing, reconciled, calls = await together(
        visit.metering.get("/quarters"),
        visit.invoicing.get("/billing", quarter=meant),
        unless_away(visit.invoicing.get("/billing/reconciliation", quarter=meant)),
        unless_away(visit.metering.get("/reconciliation", quarter=meant)),
    )
    found = next((one for one in all_quarters["quarters"] if one["quarter"] == meant), None)
    shown = visit.request.query_params.get("show", "")
    municipalities = _together(billing, reconciled)
    if shown == "waiting":
        municipalities = [one for one in municipalities if one["state"] not in FINAL]
    total = len(billing["municipalities"])
    done = sum(number for state, number in billing["states"].items() if state in FINAL)
    return visit.page(
        "helpdesk/quarter.html",
        quarter=meant,
        found=found,
        billing=billing,
        municipalities=municipalities,
        reconciled=reconciled,
        calls=calls,
        total=total,
        done=done,
    )


@router.get("/fakturaer/{invoice_id}")
async def invoice(visit: HelpdeskVisit, invoice_id: UUID) -> Response:
    """An invoice with its lines."""
    found = await visit.invoicing.get(f"/invoices/{invoice_id}")
    return visit.page("helpdesk/invoice.html", invoice=found)


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
