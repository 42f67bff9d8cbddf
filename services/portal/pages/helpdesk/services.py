"""The service catalogue and what services cost."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.datastructures import FormData

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.problem import explained
from services.portal.pages.visit import HelpdeskVisit, Visit, said, together, unless_away
from shared.days import civil_day

router = APIRouter(prefix="/helpdesk/services", include_in_schema=False)

STATES = ("open", "locked", "closed")
FIELDS = ("name", "version", "number", "entity_id", "description", "data_categories")
LONGEST = {"description": 4000, "data_categories": 4000}
_AMOUNT = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]*)?")


@router.get("")
async def services(visit: HelpdeskVisit) -> Response:
    """The catalogue with the price of today and the next one."""
    found, prices = await together(
        visit.registry.all("/services", q=visit.request.query_params.get("q", "").strip()),
        unless_away(visit.invoicing.all("/prices")),
    )
    return visit.page(
        "helpdesk/services.html",
        services=found,
        prices=None if prices is None else {one["service_id"]: one for one in prices},
    )


@router.get("/opret")
async def new(visit: HelpdeskVisit) -> Response:
    """The form for a new service, or a new version of one (`fra`)."""
    filled = dict.fromkeys((*FIELDS, "id"), "")
    if earlier := uuid_or_none(visit.request.query_params.get("fra")):
        found = await visit.registry.get(f"/services/{earlier}")
        filled |= {field: found[field] or "" for field in FIELDS if field != "version"}
    return _form(visit, filled, {})


@router.post("/opret")
async def publish(visit: HelpdeskVisit) -> Response:
    """Put it in the catalogue, open to agreements."""
    filled = _filled(await visit.form())
    problems = _problems(visit, filled)
    if not problems:
        body = {field: filled[field] or None for field in (*FIELDS, "id")}
        body |= {field: filled[field] for field in ("description", "data_categories")}
        try:
            created = await visit.registry.post("/services", body)
        except Refused as refused:
            problems = _refusal(visit, refused, {"service.exists": "name"})
    if problems:
        return _form(visit, filled, problems, status=422)
    told = visit.text("%(name)s er i kataloget. Fastsæt nu en pris.", name=f"{created['name']} {created['version']}")
    return await visit.done(f"/helpdesk/services/{created['id']}", told)


@router.get("/{service_id}")
async def service(visit: HelpdeskVisit, service_id: UUID) -> Response:
    """One service: what it is, its price now, before and to come, other versions."""
    found, price, counts = await together(
        visit.registry.get(f"/services/{service_id}"),
        unless_away(visit.invoicing.get_or_none(f"/prices/{service_id}")),
        unless_away(visit.agreements.get("/agreements/counts", service_id=service_id)),
    )
    named = await visit.registry.all("/services", q=found["name"])
    today = civil_day(visit.running.clock.now()).isoformat()
    steps = price["steps"] if price else []
    return visit.page(
        "helpdesk/service.html",
        service=found,
        steps=steps,
        current=next((step for step in reversed(steps) if step["starts"] <= today), None),
        today=today,
        counts=counts,
        versions=[one for one in named if one["name"] == found["name"] and one["id"] != found["id"]],
    )


@router.get("/{service_id}/ret")
async def edit(visit: HelpdeskVisit, service_id: UUID) -> Response:
    """The form to change description, data and state."""
    found = await visit.registry.get(f"/services/{service_id}")
    return _form(visit, found, {}, service=found)


@router.post("/{service_id}/ret")
async def change(visit: HelpdeskVisit, service_id: UUID) -> Response:
    """Change them."""
    found = await visit.registry.get(f"/services/{service_id}")
    filled = {**found, **{field: said(form := await visit.form(), field) for field in LONGEST}}
    state = said(form, "state")
    filled["state"] = state if state in STATES else found["state"]
    problems = _problems(visit, filled)
    if not problems:
        try:
            await visit.registry.patch(
                f"/services/{service_id}", {field: filled[field] for field in (*LONGEST, "state")}
            )
        except Refused as refused:
            problems = _refusal(visit, refused, {})
    if problems:
        return _form(visit, filled, problems, service=found, status=422)
    return await visit.done(f"/helpdesk/services/{service_id}", visit.text("Ændringerne er gemt."))


@router.get("/{service_id}/pris")
async def price_form(visit: HelpdeskVisit, service_id: UUID) -> Response:
    """The form for the next price."""
    found = await visit.registry.get(f"/services/{service_id}")
    tomorrow = civil_day(visit.running.clock.now()) + timedelta(days=1)
    return _price(visit, found, {"starts": tomorrow.isoformat(), "per_call": ""}, {})


@router.post("/{service_id}/pris")
async def set_price(visit: HelpdeskVisit, service_id: UUID) -> Response:
    """Set it, once what it means has been shown and confirmed."""
    form = await visit.form()
    filled = {"starts": said(form, "starts"), "per_call": said(form, "per_call")}
    found = await visit.registry.get(f"/services/{service_id}")
    per_call, starts = _amount(filled["per_call"]), _day(filled["starts"])
    problems = {}
    if per_call is None:
        problems["per_call"] = visit.text("Skriv prisen i kroner med højst seks decimaler, for eksempel 0,0485.")
    if starts is None:
        problems["starts"] = visit.text("Vælg den dag, prisen gælder fra.")
    else:
        filled["starts"] = starts.isoformat()
    if problems:
        return _price(visit, found, filled, problems, status=422)
    if not said(form, "confirmed"):
        history = await visit.invoicing.get_or_none(f"/prices/{service_id}")
        steps = history["steps"] if history else []
        before = next((step for step in reversed(steps) if step["starts"] <= filled["starts"]), None)
        return visit.page(
            "helpdesk/price_confirm.html", service=found, filled=filled, per_call=per_call, before=before
        )
    try:
        await visit.invoicing.put(f"/prices/{service_id}", {"starts": filled["starts"], "per_call": str(per_call)})
    except Refused as refused:
        problems = _refusal(visit, refused, {"price.in_the_past": "starts"})
        return _price(visit, found, filled, problems, status=422)
    told = visit.text("Prisen er fastsat og gælder fra %(day)s.", day=visit.written.day(filled["starts"]))
    return await visit.done(f"/helpdesk/services/{service_id}", told)


def _filled(form: FormData) -> dict[str, Any]:
    return {field: said(form, field) for field in (*FIELDS, "id")}


def _problems(visit: Visit, filled: dict[str, Any]) -> dict[str, str]:
    found = {}
    if not filled["name"]:
        found["name"] = visit.text("Skriv servicens navn.")
    if not filled["version"]:
        found["version"] = visit.text("Skriv versionen, for eksempel 2.")
    for field in FIELDS:
        if len(filled.get(field) or "") > LONGEST.get(field, 255):
            found[field] = visit.text("Det er for langt.")
    if filled.get("id"):
        try:
            UUID(filled["id"])
        except ValueError:
            found["id"] = visit.text(
                "Et UUID har 32 tegn (0-9 og a-f) adskilt af bindestreger. Du kan også lade feltet stå tomt."
            )
    return found


def _refusal(visit: Visit, refused: Refused, fields: dict[str, str]) -> dict[str, str]:
    if refused.code == "request.not_valid":
        return {field: visit.text("Det kan ikke bruges. Ret det, og prøv igen.") for field in refused.fields}
    told = explained(refused.code, refused.status, refused.detail, visit.language).detail
    return {fields.get(refused.code, "form"): told}


def _amount(text: str) -> Decimal | None:
    plain = text.replace("kr.", "").replace(" ", "")
    if _THOUSANDS.fullmatch(plain):
        # 1.000 is a thousand to a Dane; 0.485 can only be meant as a fraction.
        plain = plain.replace(".", "")
    plain = plain.replace(",", ".")
    return Decimal(plain) if _AMOUNT.fullmatch(plain) else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _form(visit: Visit, filled: Any, problems: dict[str, str], *, service: Any = None, status: int = 200) -> Response:
    return visit.page(
        "helpdesk/service_form.html", status=status, service=service, filled=filled, errors=problems, states=STATES
    )


def _price(visit: Visit, service: Any, filled: Any, problems: dict[str, str], *, status: int = 200) -> Response:
    return visit.page("helpdesk/price_form.html", status=status, service=service, filled=filled, errors=problems)
