"""Trial connections: services in the external test environment at once, without any municipality's approval."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.draft import MOST_SERVICES
from services.portal.domain.snippet import UNKNOWN, snippets
from services.portal.pages.supplier import names
from services.portal.pages.visit import SupplierVisit, Visit, problem_in, said, together

router = APIRouter(include_in_schema=False)

LIST = "/leverandoer/proevetilslutninger"
PAGE = 50


@router.get(LIST)
async def trials(visit: SupplierVisit, tilstand: str = "", after: str = "") -> Response:
    """The supplier's trial connections, newest first."""
    found = await visit.agreements.get(
        "/trials", state=tilstand if tilstand in {"open", "closed"} else None, after=uuid_or_none(after), limit=PAGE
    )
    return visit.page("supplier/trials.html", trials=found["items"], next=found["next"], test=True)


@router.get(LIST + "/ny")
async def form(visit: SupplierVisit, system: str = "", service: str = "") -> Response:
    """The form to open one."""
    return await _form(visit, system, [service] if service else [], {})


@router.post(LIST + "/ny")
async def open_trial(visit: SupplierVisit) -> Response:
    """Open services for a system at once."""
    sent = await visit.form()
    system = said(sent, "system")
    services = list(dict.fromkeys(one for one in sent.getlist("service") if isinstance(one, str)))
    errors: dict[str, str] = {}
    if not system:
        errors["system"] = visit.text("Vælg det it-system, prøvetilslutningen skal gælde for.")
    if not services:
        errors["services"] = visit.text("Vælg mindst én service.")
    elif len(services) > MOST_SERVICES:
        errors["services"] = visit.text("Vælg højst 20 services ad gangen.")
    if errors:
        return await _form(visit, system, services, errors, status=422)
    try:
        trial = await visit.agreements.post("/trials", {"system_id": system, "service_ids": services})
    except Refused as refused:
        return await _form(visit, system, services, _by_field(visit, refused), status=refused.status)
    sentence = visit.text("Prøvetilslutningen er åben. It-systemet kan kalde i det eksterne testmiljø med det samme.")
    return await visit.done(f"{LIST}/{trial['id']}", sentence)


def _by_field(visit: Visit, refused: Refused) -> dict[str, str]:
    errors = problem_in(visit, refused)
    if "form" not in errors:
        return errors
    field = (
        "system" if "system" in refused.code else "services" if refused.code != "trial.no_test_municipality" else ""
    )
    return {field or "form": errors["form"]}


async def _form(
    visit: Visit, system: str, services: list[str], errors: dict[str, str], *, status: int = 200
) -> Response:
    systems, catalogue = await together(
        names.systems(visit, environment="test", state="registered"), names.services(visit)
    )
    return visit.page(
        "supplier/trial_form.html",
        status=status,
        systems=systems,
        choices=[(one["id"], one["name"]) for one in systems],
        services=[one for one in catalogue if one["state"] == "open"],
        chosen=system or (systems[0]["id"] if len(systems) == 1 else ""),
        wanted=services,
        errors=errors,
        test=True,
    )


@router.get(LIST + "/{trial_id:uuid}")
async def trial(visit: SupplierVisit, trial_id: UUID) -> Response:
    """All about one trial connection."""
    return await _shown(visit, trial_id)


async def _shown(visit: Visit, trial_id: UUID, *, error: str = "", status: int = 200) -> Response:
    found: dict[str, Any] = await visit.agreements.get(f"/trials/{trial_id}")
    people = await names.people(visit)
    return visit.page(
        "supplier/trial.html",
        status=status,
        trial=found,
        people=people,
        snippets=snippets(
            visit.settings.origin,
            found["system_id"],
            service=next((one["id"] for one in found["services"]), UNKNOWN),
            municipality=found["municipality_id"],
            agreement=found["id"],
            demonstration=visit.settings.mode == "demonstration",
        ),
        error=error,
        test=True,
    )


@router.get(LIST + "/{trial_id:uuid}/luk")
async def confirm(visit: SupplierVisit, trial_id: UUID) -> Response:
    """What closing one would mean."""
    found = await visit.agreements.get(f"/trials/{trial_id}")
    return visit.page("supplier/trial_close.html", trial=found, test=True)


@router.post(LIST + "/{trial_id:uuid}/luk")
async def close(visit: SupplierVisit, trial_id: UUID) -> Response:
    """Close a trial connection."""
    try:
        await visit.agreements.post(f"/trials/{trial_id}/close")
    except Refused as refused:
        if refused.status != 409:  # noqa: PLR2004
            raise
        return await _shown(visit, trial_id, error=problem_in(visit, refused)["form"], status=409)
    return await visit.done(f"{LIST}/{trial_id}", visit.text("Prøvetilslutningen er lukket."))
