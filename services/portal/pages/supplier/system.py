"""A supplier's IT systems: the list, a system's page, its name, its states, and the dry run of a call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.call_reason import ACCESS, access_steps, reason_of
from services.portal.domain.certificate import expires_within, replaced
from services.portal.domain.snippet import snippets
from services.portal.pages.supplier import names
from services.portal.pages.visit import SupplierVisit, Visit, problem_in, said, together

router = APIRouter(include_in_schema=False)

LIST = "/leverandoer/it-systemer"
PAGE = 50
SHOWN = 10
LONGEST_NAME = 255
ACTS = {"pause": "pause", "genoptag": "resume", "nedlaeg": "deactivate"}
"""What may be done to a system, by the word in the address."""


@router.get(LIST)
async def systems(
    visit: SupplierVisit, q: str = "", miljoe: str = "", tilstand: str = "", after: str = ""
) -> Response:
    """The supplier's systems, searched and narrowed."""
    found = await visit.registry.get(
        "/systems",
        supplier_id=str(visit.signed_in.organisation_id),
        q=q.strip()[:255],
        environment=miljoe if miljoe in {"production", "test"} else None,
        state=tilstand if tilstand in {"registered", "paused", "deactivated"} else None,
        after=uuid_or_none(after),
        limit=PAGE,
    )
    now = visit.running.clock.now()
    soon = {
        one["id"]
        for system in found["items"]
        if system["state"] != "deactivated"
        for one in system["certificates"]
        if expires_within(one, now) and not replaced(one, system["certificates"])
    }
    return visit.page("supplier/systems.html", systems=found["items"], next=found["next"], soon=soon)


@router.get(LIST + "/{system_id:uuid}")
async def system(visit: SupplierVisit, system_id: UUID) -> Response:
    """All about one system."""
    return visit.page("supplier/system.html", **await _told(visit, system_id), error="")


async def _told(visit: Visit, system_id: UUID) -> dict[str, Any]:
    found = await visit.registry.get(f"/systems/{system_id}")
    quarter = str(names.this_quarter(visit))
    test = found["environment"] == "test"
    counts, agreements, trials, usage, refused, catalogue, people = await together(
        visit.agreements.get("/agreements/counts", system_id=found["id"]),
        visit.agreements.get("/agreements", system_id=found["id"], sort="state", limit=SHOWN),
        visit.agreements.get("/trials", system_id=found["id"], limit=SHOWN),
        visit.metering.get("/usage", quarter=quarter, system_id=found["id"], group_by="service"),
        visit.metering.get("/refused/summary", quarter=quarter, system_id=found["id"]),
        names.services(visit),
        names.people(visit),
    )
    now = visit.running.clock.now()
    certificates = sorted(found["certificates"], key=lambda one: str(one["valid_to"]), reverse=True)
    live = [one for one in certificates if one["state"] == "in_use"]
    reasons = sorted(refused["by_reason"].items(), key=lambda one: -one[1])
    return {
        "system": found,
        "test": test,
        "quarter": quarter,
        "certificates": certificates,
        "live": live,
        "soon": {one["id"] for one in live if expires_within(one, now) and not replaced(one, certificates)},
        "counts": counts,
        "agreements": agreements["items"],
        "trials": trials["items"],
        "usage": usage,
        "services": names.by_id(catalogue),
        "people": people,
        "refused": refused["calls"],
        "reasons": [(reason_of(code), calls) for code, calls in reasons],
        "snippets": snippets(
            visit.settings.origin, found["id"], demonstration=visit.settings.mode == "demonstration"
        ),
    }


@router.get(LIST + "/{system_id:uuid}/navn")
async def name_form(visit: SupplierVisit, system_id: UUID) -> Response:
    """The form to rename a system."""
    found = await visit.registry.get(f"/systems/{system_id}")
    return visit.page(
        "supplier/system_name.html",
        system=found,
        test=found["environment"] == "test",
        name=found["name"],
        errors={},
    )


@router.post(LIST + "/{system_id:uuid}/navn")
async def rename(visit: SupplierVisit, system_id: UUID) -> Response:
    """Give a system another name."""
    name = said(await visit.form(), "name")
    found = await visit.registry.get(f"/systems/{system_id}")
    errors = name_errors(visit, name)
    if not errors:
        try:
            await visit.registry.patch(f"/systems/{system_id}", {"name": name})
        except Refused as refused:
            errors = problem_in(visit, refused)
    if errors:
        return visit.page(
            "supplier/system_name.html",
            status=422,
            system=found,
            test=found["environment"] == "test",
            name=name,
            errors=errors,
        )
    return await visit.done(f"{LIST}/{found['id']}", visit.text("It-systemet hedder nu %(name)s.", name=name))


def name_errors(visit: Visit, name: str) -> dict[str, str]:
    """What is wrong with a system's name."""
    if not name:
        return {"name": visit.text("Skriv, hvad it-systemet hedder.")}
    if len(name) > LONGEST_NAME:
        return {"name": visit.text("Navnet er for langt. Brug højst 255 tegn.")}
    return {}


@router.get(LIST + "/{system_id:uuid}/kald")
async def try_call(
    visit: SupplierVisit, system_id: UUID, certifikat: str = "", service: str = "", kommune: str = ""
) -> Response:
    """Whether a call would be let through now, and if not, what stands in its way. Nothing is called."""
    found, catalogue, municipalities = await together(
        visit.registry.get(f"/systems/{system_id}"), names.services(visit), names.municipalities(visit)
    )
    test = found["environment"] == "test"
    decision, errors = None, {}
    if service or kommune:
        errors = {
            field: sentence
            for field, value, sentence in (
                ("service", service, visit.text("Vælg en service.")),
                ("kommune", kommune, visit.text("Vælg en kommune.")),
                ("certifikat", certifikat, visit.text("Vælg et certifikat.")),
            )
            if not value
        }
    if (service or kommune) and not errors:
        try:
            decision = await visit.registry.get(
                "/access", certificate=certifikat, service=service, municipality=kommune
            )
        except Refused as refused:
            errors = problem_in(visit, refused)
    return visit.page(
        "supplier/try_call.html",
        system=found,
        test=test,
        catalogue=[(one["id"], names.full_name(one)) for one in catalogue],
        municipalities=[(one["id"], one["name"]) for one in municipalities if one["test"] == test],
        chosen={"certifikat": certifikat, "service": service, "kommune": kommune},
        decision=decision,
        sentence=ACCESS.get(decision["reason"], "") if decision else "",
        steps=access_steps(decision["reason"]) if decision else [],
        errors=errors,
    )


@router.get(LIST + "/{system_id:uuid}/{act}")
async def confirm(visit: SupplierVisit, system_id: UUID, act: str) -> Response:
    """What pausing, resuming or closing a system would mean, before it is done."""
    if act not in ACTS:
        return await missing(visit)
    return visit.page("supplier/system_confirm.html", **await _told(visit, system_id), act=act, error="")


@router.post(LIST + "/{system_id:uuid}/{act}")
async def do(visit: SupplierVisit, system_id: UUID, act: str) -> Response:
    """Pause, resume or close a system."""
    if act not in ACTS:
        return await missing(visit)
    try:
        await visit.registry.post(f"/systems/{system_id}/{ACTS[act]}")
    except Refused as refused:
        if refused.status == 404:  # noqa: PLR2004
            raise
        told = await _told(visit, system_id)
        return visit.page(
            "supplier/system_confirm.html",
            status=refused.status,
            **told,
            act=act,
            error=problem_in(visit, refused)["form"],
        )
    sentences = {
        "pause": visit.text("It-systemet er på pause. Alle dets kald afvises, til I genoptager det."),
        "genoptag": visit.text("It-systemet er aktivt igen."),
        "nedlaeg": visit.text("It-systemet er nedlagt."),
    }
    return await visit.done(f"{LIST}/{system_id}", sentences[act])


async def missing(visit: Visit) -> Response:
    """That there is no such page."""
    raise Refused(404, {"code": "page.unknown", "detail": f"There is no page {visit.request.url.path}."})
