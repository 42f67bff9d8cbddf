"""An organisation's own page: whom notices and invoices go to, and who may do what for it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.portal.actions import session as sessions
from services.portal.apis import Apis, Refused
from services.portal.domain.menu import PARTS, Hat
from services.portal.domain.people import lacking, only_one_with, roles_of
from services.portal.pages.visit import SignedInVisit, Visit, problem_in, said, together, wearing
from shared.gln import GlnError, check_gln
from shared.problem import Forbidden, NotFound

router = APIRouter(prefix="/{part}/organisation", include_in_schema=False)

HATS: dict[str, Hat] = {"leverandoer": "supplier", "kommune": "municipality"}
CONTACT = ("mailbox", "invoice_mailbox", "ean", "buyer_reference")


async def _either(part: str, visit: SignedInVisit) -> Visit:
    if part not in HATS:
        raise NotFound("page.unknown", "There is no such page.")
    return await wearing(visit, HATS[part])


Own = Annotated[Visit, Depends(_either)]
"""Whoever is signed in, under the hat that the address names."""


async def _administrator(visit: Own) -> Visit:
    if not visit.may("administrator"):
        raise Forbidden("rights.role_missing", "This takes the organisation's administrator.")
    return visit


Administrators = Annotated[Visit, Depends(_administrator)]
"""Whoever may change the organisation; the others see the forms' pages, which say why not."""


@router.get("")
async def organisation(visit: Own) -> Response:
    """Contact details, people and roles."""
    found, people = await together(visit.registry.get(_api(visit)), _people(visit))
    return visit.page("organisation/organisation.html", **_shown(visit, found, people))


@router.get("/kontakt")
async def contact_form(visit: Own) -> Response:
    """The contact details, to be changed."""
    found = await visit.registry.get(_api(visit))
    return visit.page("organisation/contact.html", organisation=found, filled=found, errors={}, **_where(visit))


@router.post("/kontakt")
async def change_contact(visit: Administrators) -> Response:
    """Change the contact details."""
    form = await visit.form()
    found = await visit.registry.get(_api(visit))
    filled = {name: said(form, name) for name in CONTACT if name in form}
    errors = _wrong_contact(visit, filled)
    if not errors:
        try:
            await visit.registry.patch(_api(visit), {name: value or None for name, value in filled.items()})
        except Refused as refused:
            errors = problem_in(visit, refused)
        else:
            return await visit.done(_path(visit), visit.text("Kontaktoplysningerne er gemt."))
    told = {**found, **filled}
    return visit.page(
        "organisation/contact.html", status=422, organisation=found, filled=told, errors=errors, **_where(visit)
    )


@router.get("/inviter")
async def invite_form(visit: Own) -> Response:
    """Whom to invite."""
    filled: dict[str, Any] = {"name": "", "email": "", "roles": []}
    return visit.page("organisation/invite.html", filled=filled, errors={}, **_where(visit))


@router.post("/inviter")
async def invite(visit: Administrators) -> Response:
    """Invite a person by mail."""
    form = await visit.form()
    filled = {"name": said(form, "name"), "email": said(form, "email"), "roles": _chosen(visit, form)}
    errors = {} if filled["roles"] else {"roles": visit.text("Vælg mindst én rolle.")}
    if not errors:
        try:
            await visit.registry.post(f"{_api(visit)}/people", filled)
        except Refused as refused:
            errors = problem_in(visit, refused)
            if refused.code == "person.exists":
                errors = {"email": errors["form"]}
        else:
            told = visit.text("%(name)s er inviteret og får en mail med et link.", name=filled["name"])
            return await visit.done(_path(visit), told)
    return visit.page("organisation/invite.html", status=422, filled=filled, errors=errors, **_where(visit))


@router.get("/brugere/{person_id}")
async def person(visit: Own, person_id: UUID) -> Response:
    """One person's roles, to be changed."""
    people = await _people(visit)
    return _person_page(visit, people, _one(people, person_id))


@router.post("/brugere/{person_id}")
async def change_person(visit: Administrators, person_id: UUID) -> Response:
    """Give the person other roles."""
    roles = _chosen(visit, await visit.form())
    people = await _people(visit)
    one = _one(people, person_id)
    if not roles:
        errors = {
            "roles": visit.text("Vælg mindst én rolle. Skal personen slet ikke have adgang, så fjern brugeren.")
        }
        return _person_page(visit, people, {**one, "roles": []}, errors)
    return await _changed(visit, people, one, {"roles": roles}, visit.text("Rollerne er gemt."))


@router.get("/brugere/{person_id}/fjern")
async def remove_form(visit: Own, person_id: UUID) -> Response:
    """What removing the person means, before it is done."""
    people = await _people(visit)
    one = _one(people, person_id)
    last = {role: only_one_with(role, one["id"], people) for role in ("administrator", "signatory")}
    return visit.page("organisation/remove.html", person=one, last=last, **_where(visit))


@router.post("/brugere/{person_id}/fjern")
async def remove(visit: Administrators, person_id: UUID) -> Response:
    """End the person's place in the organisation."""
    people = await _people(visit)
    one = _one(people, person_id)
    told = visit.text("%(name)s kan ikke længere handle på vegne af organisationen.", name=one["name"])
    return await _changed(visit, people, one, {"active": False}, told)


@router.post("/brugere/{person_id}/genoptag")
async def resume(visit: Administrators, person_id: UUID) -> Response:
    """Give the person their place and roles again."""
    people = await _people(visit)
    one = _one(people, person_id)
    told = visit.text("%(name)s kan handle på vegne af organisationen igen.", name=one["name"])
    return await _changed(visit, people, one, {"active": True}, told)


@router.post("/brugere/{person_id}/invitation")
async def invite_again(visit: Administrators, person_id: UUID) -> Response:
    """Send the person a new link; the one before can't be used any more."""
    sent = await visit.registry.post(f"{_api(visit)}/people/{person_id}/invitation")
    until = visit.written.moment(sent["link_expires_at"])
    told = visit.text("%(name)s har fået et nyt link. Det gælder til %(until)s.", name=sent["name"], until=until)
    return await visit.done(_path(visit), told)


async def _changed(
    visit: Visit, people: list[dict[str, Any]], one: dict[str, Any], changes: dict[str, Any], told: str
) -> Response:
    try:
        await visit.registry.patch(f"{_api(visit)}/people/{one['id']}", changes)
    except Refused as refused:
        errors = problem_in(visit, refused)
        return _person_page(visit, people, {**one, **changes, "active": one["active"]}, errors)
    if one["id"] != str(visit.signed_in.person_id):
        return await visit.done(_path(visit), told)
    return await _anew(visit, told)


async def _anew(visit: Visit, told: str) -> Response:
    """Go on with one's own changed roles, which the session does not know of yet; sign out where none are left."""
    assert visit.session is not None
    database, apis = visit.running.database, visit.running.get(Apis)
    agent = visit.request.headers.get("user-agent", "")
    organisation_id = str(visit.signed_in.organisation_id)
    try:
        session = await sessions.act_for(database, apis, visit.session, organisation_id, agent)
    except Refused:
        await sessions.end(database, visit.session)
        answer = visit.see("/log-ud")
        visit.forget(answer)
        return answer
    await sessions.tell(database, session, told)
    answer = visit.see(_path(visit))
    visit.remember(answer, session)
    return answer


def _person_page(
    visit: Visit, people: list[dict[str, Any]], one: dict[str, Any], errors: dict[str, str] | None = None
) -> Response:
    last = {role: only_one_with(role, one["id"], people) for role in ("administrator", "signatory")}
    return visit.page(
        "organisation/person.html",
        status=422 if errors else 200,
        person=one,
        last=last,
        errors=errors or {},
        **_where(visit),
    )


def _shown(visit: Visit, found: dict[str, Any], people: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "organisation": found,
        "people": [one for one in people if one["active"]],
        "removed": [one for one in people if not one["active"]],
        "lacking": lacking(found["kinds"], people),
        **_where(visit),
    }


def _where(visit: Visit) -> dict[str, Any]:
    return {"here_path": _path(visit), "roles": roles_of(visit.signed_in.kinds)}


async def _people(visit: Visit) -> list[dict[str, Any]]:
    """All of the organisation's people; for who is no administrator without what only an administrator sees."""
    whose = "people" if visit.may("administrator") else "colleagues"
    return await visit.registry.all(f"{_api(visit)}/{whose}")


def _one(people: list[dict[str, Any]], person_id: UUID) -> dict[str, Any]:
    for one in people:
        if one["id"] == str(person_id):
            return one
    raise NotFound("person.unknown", "There is no such person in the organisation.")


def _chosen(visit: Visit, form: Any) -> list[str]:
    return [role for role in roles_of(visit.signed_in.kinds) if role in form.getlist("roles")]


def _wrong_contact(visit: Visit, filled: dict[str, str]) -> dict[str, str]:
    if filled.get("ean"):
        try:
            check_gln(filled["ean"])
        except GlnError:
            return {
                "ean": visit.text(
                    "Et EAN-nummer har 13 cifre, og et af dem er forkert: kontrolcifferet til sidst passer ikke "
                    "til de andre."
                )
            }
    return {}


def _api(visit: Visit) -> str:
    return f"/organisations/{visit.signed_in.organisation_id}"


def _path(visit: Visit) -> str:
    assert visit.hat is not None
    return f"{PARTS[visit.hat].path}/organisation"
