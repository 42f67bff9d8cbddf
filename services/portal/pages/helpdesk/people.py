"""An organisation's people, looked after by the helpdesk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.organisation_form import LONGEST, ROLES, roles_of, valid_mail
from services.portal.domain.problem import explained
from services.portal.pages.visit import HelpdeskVisit, Visit, said, together
from shared.problem import NotFound

router = APIRouter(prefix="/helpdesk", include_in_schema=False)


@router.get("/organisationer/{organisation_id}/personer/inviter")
async def invite_form(visit: HelpdeskVisit, organisation_id: UUID) -> Response:
    """The form to invite somebody."""
    return await _invite(visit, organisation_id, {"name": "", "email": "", "roles": []}, {})


@router.post("/organisationer/{organisation_id}/personer/inviter")
async def invite(visit: HelpdeskVisit, organisation_id: UUID) -> Response:
    """Invite somebody by mail."""
    form = await visit.form()
    filled = {
        "name": said(form, "name"),
        "email": said(form, "email"),
        "roles": [role for role in form.getlist("roles") if role in (*ROLES, "helpdesk")],
    }
    problems = _problems(visit, filled)
    if not problems:
        try:
            await visit.registry.post(f"/organisations/{organisation_id}/people", filled)
        except Refused as refused:
            problems = _refusal(visit, refused)
    if problems:
        return await _invite(visit, organisation_id, filled, problems, status=422)
    told = visit.text("%(person)s får en invitation på mail.", person=filled["name"])
    return await visit.done(f"/helpdesk/organisationer/{organisation_id}", told)


@router.get("/organisationer/{organisation_id}/personer/{person_id}")
async def member(visit: HelpdeskVisit, organisation_id: UUID, person_id: UUID) -> Response:
    """A person's place in the organisation: name, roles, whether it holds."""
    organisation, found = await _member(visit, organisation_id, person_id)
    return _edit(visit, organisation, found, found, {})


@router.post("/organisationer/{organisation_id}/personer/{person_id}")
async def change(visit: HelpdeskVisit, organisation_id: UUID, person_id: UUID) -> Response:
    """Change name and roles."""
    organisation, found = await _member(visit, organisation_id, person_id)
    form = await visit.form()
    filled = {
        "name": said(form, "name"),
        "roles": [role for role in form.getlist("roles") if role in (*ROLES, "helpdesk")],
    }
    problems = _problems(visit, filled)
    if not problems:
        try:
            await visit.registry.patch(f"/organisations/{organisation_id}/people/{person_id}", filled)
        except Refused as refused:
            problems = _refusal(visit, refused)
    if problems:
        return _edit(visit, organisation, found, {**found, **filled}, problems, status=422)
    return await visit.done(f"/helpdesk/organisationer/{organisation_id}", visit.text("Ændringerne er gemt."))


@router.post("/organisationer/{organisation_id}/personer/{person_id}/aktiv")
async def set_active(visit: HelpdeskVisit, organisation_id: UUID, person_id: UUID) -> Response:
    """End the person's place in the organisation, or resume it."""
    active = said(await visit.form(), "active") == "1"
    organisation, found = await _member(visit, organisation_id, person_id)
    try:
        await visit.registry.patch(f"/organisations/{organisation_id}/people/{person_id}", {"active": active})
    except Refused as refused:
        return _edit(visit, organisation, found, found, _refusal(visit, refused), status=refused.status)
    told = (
        visit.text(
            "%(person)s kan igen handle på vegne af %(name)s.", person=found["name"], name=organisation["name"]
        )
        if active
        else visit.text(
            "%(person)s kan ikke længere handle på vegne af %(name)s.",
            person=found["name"],
            name=organisation["name"],
        )
    )
    return await visit.done(f"/helpdesk/organisationer/{organisation_id}", told)


@router.post("/organisationer/{organisation_id}/personer/{person_id}/invitation")
async def invite_again(visit: HelpdeskVisit, organisation_id: UUID, person_id: UUID) -> Response:
    """Send the link once more; the one before ends."""
    sent = await visit.registry.post(f"/organisations/{organisation_id}/people/{person_id}/invitation")
    told = visit.text("%(person)s får et nyt link på mail. Det gamle virker ikke længere.", person=sent["name"])
    return await visit.done(f"/helpdesk/organisationer/{organisation_id}", told)


@router.get("/personer/{person_id}")
async def person(visit: HelpdeskVisit, person_id: UUID) -> Response:
    """A person with all their places."""
    found = await visit.registry.get(f"/people/{person_id}")
    return visit.page("helpdesk/person.html", person=found)


def _problems(visit: Visit, filled: dict[str, Any]) -> dict[str, str]:
    found = {}
    if not filled["name"]:
        found["name"] = visit.text("Skriv personens navn.")
    elif len(filled["name"]) > LONGEST:
        found["name"] = visit.text("Det er for langt: højst 255 tegn.")
    if "email" in filled and not valid_mail(filled["email"]):
        found["email"] = visit.text("Skriv den mailadresse, invitationen skal sendes til.")
    if not filled["roles"]:
        found["roles"] = visit.text("Vælg mindst én rolle.")
    return found


def _refusal(visit: Visit, refused: Refused) -> dict[str, str]:
    field = {"person.roles": "roles", "person.exists": "email", "person.last_administrator": "roles"}.get(
        refused.code
    )
    told = explained(refused.code, refused.status, refused.detail, visit.language).detail
    if refused.code == "request.not_valid":
        return {name: visit.text("Det kan ikke bruges. Ret det, og prøv igen.") for name in refused.fields}
    return {field or "form": told}


async def _member(visit: Visit, organisation_id: UUID, person_id: UUID) -> tuple[Any, Any]:
    organisation, members = await together(
        visit.registry.get(f"/organisations/{organisation_id}"),
        visit.registry.all(f"/organisations/{organisation_id}/people"),
    )
    found = next((one for one in members if one["id"] == str(person_id)), None)
    if found is None:
        raise NotFound("person.unknown", f"There is no person {person_id} in this organisation.")
    return organisation, found


async def _invite(
    visit: Visit, organisation_id: UUID, filled: dict[str, Any], problems: dict[str, str], *, status: int = 200
) -> Response:
    organisation = await visit.registry.get(f"/organisations/{organisation_id}")
    return visit.page(
        "helpdesk/person_invite.html",
        status=status,
        test=organisation["test"],
        organisation=organisation,
        filled=filled,
        errors=problems,
        roles=roles_of(organisation["kinds"]),
    )


def _edit(
    visit: Visit, organisation: Any, found: Any, filled: Any, problems: dict[str, str], *, status: int = 200
) -> Response:
    return visit.page(
        "helpdesk/person_edit.html",
        status=status,
        test=organisation["test"],
        organisation=organisation,
        person=found,
        filled=filled,
        errors=problems,
        roles=roles_of(organisation["kinds"]),
    )
