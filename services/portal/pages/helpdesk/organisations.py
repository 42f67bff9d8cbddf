"""Organisations: found, created, changed, closed and opened by the helpdesk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.datastructures import FormData

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.notice import KINDS as NOTICES
from services.portal.domain.organisation_form import FIELD_OF_CODE, KINDS, NAMES, ROLES, Filled
from services.portal.domain.problem import explained
from services.portal.pages.visit import HelpdeskVisit, Visit, said, together, unless_away

router = APIRouter(prefix="/helpdesk/organisationer", include_in_schema=False)

LISTED = 50
BESIDES = 10
"""How many agreements, invoices and mails an organisation's page shows of each; the rest is a click away."""


@router.get("")
async def organisations(visit: HelpdeskVisit) -> Response:
    """All organisations by name, searched and filtered."""
    asked = visit.request.query_params
    kind = asked.get("kind", "")
    show = asked.get("show", "")
    found = await visit.registry.get(
        "/organisations",
        q=asked.get("q", "").strip()[:255],
        kind=kind if kind in {"supplier", "municipality"} else None,
        active={"active": True, "inactive": False}.get(show),
        lacking=show if show in {"administrator", "mailbox"} else None,
        after=uuid_or_none(asked.get("after")),
        limit=LISTED,
    )
    return visit.page("helpdesk/organisations.html", found=found)


@router.get("/opret")
async def new(visit: HelpdeskVisit) -> Response:
    """The form for a new organisation."""
    return _form(visit, Filled(), {})


@router.post("/opret")
async def create(visit: HelpdeskVisit) -> Response:
    """Create it, and invite its first administrator."""
    filled = filled_in(await visit.form())
    problems = {field: visit.text(told) for field, told in filled.problems(new=True).items()}
    if not problems:
        try:
            created = await visit.registry.post("/organisations", filled.body())
        except Refused as refused:
            problems = problems_of(visit, refused)
    if problems:
        return _form(visit, filled, problems, status=422)
    told = visit.text("%(name)s er oprettet.", name=created["name"])
    if filled.admin_email:
        told += " " + visit.text("%(person)s får en invitation på mail.", person=filled.admin_name)
    return await visit.done(f"/helpdesk/organisationer/{created['id']}", told)


@router.get("/{organisation_id}")
async def organisation(visit: HelpdeskVisit, organisation_id: UUID) -> Response:
    """All of one organisation: particulars, people, systems, agreements, invoices, mails."""
    found = await visit.registry.get(f"/organisations/{organisation_id}")
    supplier, municipality = "supplier" in found["kinds"], "municipality" in found["kinds"]
    members, systems, agreements, invoices, notices = await together(
        visit.registry.get(f"/organisations/{organisation_id}/people", limit=500),
        _if(supplier, visit, "registry", "/systems", supplier_id=organisation_id, limit=100),
        _if(
            supplier or municipality,
            visit,
            "agreements",
            "/agreements",
            limit=BESIDES,
            **({"municipality_id": organisation_id} if municipality else {"supplier_id": organisation_id}),
        ),
        _if(municipality, visit, "invoicing", "/invoices", municipality_id=organisation_id, limit=BESIDES),
        _if(True, visit, "notifier", "/notices", organisation_id=organisation_id, limit=BESIDES),
    )
    return visit.page(
        "helpdesk/organisation.html",
        test=found["test"],
        organisation=found,
        people=members["items"],
        systems=systems,
        agreements=agreements,
        invoices=invoices,
        notices=notices,
        notice_kinds={kind: visit.text(name) for kind, name in NOTICES.items()},
        supplier=supplier,
        municipality=municipality,
        has_administrator=any(one["active"] and "administrator" in one["roles"] for one in members["items"]),
    )


async def _if(wanted: bool, visit: Visit, service: str, path: str, **query: Any) -> Any:
    """What a service tells, None where it isn't asked for or can't tell now: the rest of the page is shown anyway."""
    if not wanted:
        return None
    return await unless_away(getattr(visit, service).get(path, **query))


@router.get("/{organisation_id}/ret")
async def edit(visit: HelpdeskVisit, organisation_id: UUID) -> Response:
    """The form to change it."""
    found = await visit.registry.get(f"/organisations/{organisation_id}")
    return _form(visit, Filled.of(found), {}, organisation=found)


@router.post("/{organisation_id}/ret")
async def change(visit: HelpdeskVisit, organisation_id: UUID) -> Response:
    """Change it."""
    found = await visit.registry.get(f"/organisations/{organisation_id}")
    filled = filled_in(await visit.form(), test=found["test"])
    problems = {field: visit.text(told) for field, told in filled.problems(new=False).items()}
    operator = "operator" in found["kinds"]
    if operator:
        problems.pop("kind", None)
    if not problems:
        changes = filled.changes()
        if operator:
            del changes["kinds"]
        try:
            await visit.registry.patch(f"/organisations/{organisation_id}", changes)
        except Refused as refused:
            problems = problems_of(visit, refused)
    if problems:
        return _form(visit, filled, problems, organisation=found, status=422)
    return await visit.done(f"/helpdesk/organisationer/{organisation_id}", visit.text("Ændringerne er gemt."))


@router.get("/{organisation_id}/luk")
async def confirm_closing(visit: HelpdeskVisit, organisation_id: UUID) -> Response:
    """What it means to close it."""
    found = await visit.registry.get(f"/organisations/{organisation_id}")
    return visit.page("helpdesk/organisation_close.html", organisation=found, test=found["test"])


@router.post("/{organisation_id}/luk")
async def close(visit: HelpdeskVisit, organisation_id: UUID) -> Response:
    """Close it: nobody can sign in for it any more."""
    closed = await visit.registry.patch(f"/organisations/{organisation_id}", {"active": False})
    told = visit.text("%(name)s er lukket. Ingen kan længere handle på vegne af organisationen.", name=closed["name"])
    return await visit.done(f"/helpdesk/organisationer/{organisation_id}", told)


@router.post("/{organisation_id}/aabn")
async def reopen(visit: HelpdeskVisit, organisation_id: UUID) -> Response:
    """Open it again."""
    opened = await visit.registry.patch(f"/organisations/{organisation_id}", {"active": True})
    told = visit.text("%(name)s er åbnet igen.", name=opened["name"])
    return await visit.done(f"/helpdesk/organisationer/{organisation_id}", told)


def filled_in(form: FormData, *, test: bool | None = None) -> Filled:
    """What was filled in; whether it is a test organisation is decided once, when it is created."""
    return Filled(
        **{
            field: said(form, field)
            for field in (
                "name",
                "cvr",
                "kind",
                "municipality_code",
                "mailbox",
                "invoice_mailbox",
                "ean",
                "buyer_reference",
                "admin_name",
                "admin_email",
            )
        },
        test=bool(form.get("test")) if test is None else test,
        roles=tuple(role for role in form.getlist("roles") if role in ROLES),
    )


def problems_of(visit: Visit, refused: Refused) -> dict[str, str]:
    """A refusal of the registry by the form's fields."""
    if field := FIELD_OF_CODE.get(refused.code):
        return {field: explained(refused.code, refused.status, refused.detail, visit.language).detail}
    found = {}
    for one in refused.told.get("errors", []):
        path, _, last = one["field"].rpartition(".")
        field = f"admin_{last}" if "first_administrator" in path else {"kinds": "kind"}.get(last, last)
        found[field if field in NAMES else "form"] = visit.text("Det kan ikke bruges. Ret det, og prøv igen.")
    if found:
        return found
    return {"form": explained(refused.code, refused.status, refused.detail, visit.language).detail}


def _form(
    visit: Visit, filled: Filled, problems: dict[str, str], *, organisation: Any = None, status: int = 200
) -> Response:
    return visit.page(
        "helpdesk/organisation_form.html",
        status=status,
        test=filled.test if organisation else False,
        organisation=organisation,
        filled=filled,
        errors=problems,
        kinds=list(KINDS),
        roles=ROLES,
        names={field: visit.text(name) for field, name in NAMES.items()},
    )
