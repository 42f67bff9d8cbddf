"""The supplier's overview: what to do now, what waits for whom, and how to begin."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from services.portal.domain.call_reason import reason_of
from services.portal.domain.certificate import expires_within, replaced
from services.portal.pages.supplier import names
from services.portal.pages.visit import SupplierVisit, Visit, together

router = APIRouter(include_in_schema=False)

RECENT = 6


@router.get("/leverandoer")
async def overview(visit: SupplierVisit) -> Response:
    """What waits, what expires, what was refused; for a new supplier the steps to its first call."""
    quarter, own = str(names.this_quarter(visit)), str(visit.signed_in.organisation_id)
    systems, counts, requests, decided, trials, usage, refused = await together(
        names.systems(visit),
        visit.agreements.get("/agreements/counts", supplier_id=own),
        visit.agreements.get("/requests", limit=20),
        _decided(visit, own),
        visit.agreements.get("/trials", state="open", limit=1),
        visit.metering.get("/usage", quarter=quarter, group_by="", environment="production", supplier_id=own),
        visit.metering.get("/refused/summary", quarter=quarter),
    )
    reasons = sorted(refused["by_reason"].items(), key=lambda one: -one[1])
    return visit.page(
        "supplier/overview.html",
        quarter=quarter,
        systems=systems,
        counts=counts,
        waiting=[one for one in requests["items"] if one["counts"]["requested"]],
        decided=decided,
        expiring=_expiring(systems, visit.running.clock.now()),
        calls=usage["calls"],
        refused=refused["calls"],
        reasons=[(reason_of(code), calls) for code, calls in reasons[:3]],
        steps=_steps(systems, counts, bool(trials["items"])),
    )


async def _decided(visit: Visit, own: str) -> list[dict[str, Any]]:
    """Those that were answered or ended last."""
    found = await together(
        *(
            visit.agreements.get("/agreements", supplier_id=own, state=state, sort="-changed", limit=RECENT)
            for state in ("approved", "rejected", "terminated")
        )
    )
    told = [
        {"at": one["valid"][0]["ends"] if one["state"] == "terminated" else one["decided_at"], **one}
        for answer in found
        for one in answer["items"]
    ]
    return sorted(told, key=lambda one: str(one["at"]), reverse=True)[:RECENT]


def _expiring(systems: list[dict[str, Any]], now: Any) -> list[dict[str, Any]]:
    """Certificates that expire soon, the first to do so first; those that have a successor are marked."""
    found = [
        {"system": system, "certificate": one, "replaced": replaced(one, system["certificates"])}
        for system in systems
        if system["state"] != "deactivated"
        for one in system["certificates"]
        if expires_within(one, now)
    ]
    return sorted(found, key=lambda one: str(one["certificate"]["valid_to"]))


def _steps(systems: list[dict[str, Any]], counts: dict[str, int], trial: bool) -> list[bool]:
    """Which of the steps to the first call are done: system, request or trial, access, call; empty when all are."""
    used = any(one["last_used_hour"] for system in systems for one in system["certificates"])
    done = [
        bool(systems),
        any(counts.values()) or trial,
        bool(counts["approved"] or counts["terminated"]) or trial,
        used,
    ]
    return [] if all(done) else done
