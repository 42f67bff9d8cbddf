"""Registering an IT system: a certificate is given, understood and checked before anything is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import FormData, UploadFile

from services.portal.apis import Refused
from services.portal.domain.certificate import LARGEST_FILE, MEANINGS, SECRET_CODES, as_text, checks_of
from services.portal.domain.problem import explained
from services.portal.pages.supplier.system import LIST, name_errors
from services.portal.pages.visit import SupplierVisit, Visit, problem_in, said

router = APIRouter(include_in_schema=False)

LONGEST_TEXT = 200_000


@dataclass
class Given:
    """A certificate as somebody gave it, and what the registry understood of it."""

    text: str = ""
    understood: dict[str, Any] | None = None
    error: str = ""
    shown: str = field(default="")
    """What may stand in the page again: never what held a secret."""


async def given(visit: Visit, form: FormData) -> Given:
    """Read what was uploaded, else what was pasted."""
    file = form.get("certificate_file")
    if isinstance(file, UploadFile) and file.filename:
        content = await file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            return Given(
                error=explained("certificate.too_large", 422, "The file is too large.", visit.language).detail
            )
        text = as_text(content)
    else:
        text = said(form, "certificate")
    if not text:
        return Given()
    if len(text) > LONGEST_TEXT:
        return Given(error=explained("certificate.too_large", 422, "The text is too long.", visit.language).detail)
    try:
        understood = await visit.registry.post("/certificates/read", {"text": text})
    except Refused as refused:
        shown = "" if refused.code in SECRET_CODES else text
        return Given(text, None, problem_in(visit, refused).get("form", _unreadable(visit)), shown)
    return Given(text, understood, "", text)


def _unreadable(visit: Visit) -> str:
    return explained("certificate.unreadable", 422, "This is no certificate.", visit.language).detail


def understood_of(visit: Visit, found: Given, environment: str, *, renewal: bool = False) -> dict[str, Any]:
    """What the page shows of a certificate: its checks for an environment, or what a number was taken for."""
    told = found.understood
    if told is None or told["what"] != "certificate":
        readings = (
            [
                (visit.text(MEANINGS.get(one["meaning"], one["meaning"])), one["value"])
                for one in told["serial"]["readings"]
            ]
            if told
            else []
        )
        return {"understood": told, "checks": [], "readings": readings, "checked": environment, "refused": []}
    if environment not in {"production", "test"}:
        environment = "production" if told["environments"]["production"]["accepted"] else "test"
    checks = checks_of(told, environment, visit.language, renewal=renewal)
    return {
        "understood": told,
        "checks": checks,
        "readings": [],
        "checked": environment,
        "refused": [one for one in checks if one.binding and not one.ok],
    }


@router.get(LIST + "/nyt")
async def form(visit: SupplierVisit, miljoe: str = "") -> Response:
    """The form to register a system."""
    environment = "test" if visit.signed_in.test else miljoe
    return _page(visit, Given(), name="", environment=environment, errors={})


@router.post(LIST + "/nyt")
async def register(visit: SupplierVisit) -> Response:
    """Check a certificate, or register a system with it."""
    form = await visit.form()
    name, environment = said(form, "name"), said(form, "environment")
    found = await given(visit, form)
    errors: dict[str, str] = {"certificate": found.error} if found.error else {}
    if said(form, "action") == "check":
        if not found.text and not found.error:
            errors["certificate"] = visit.text("Vælg en fil, eller indsæt certifikatet som tekst.")
        return _page(visit, found, name=name, environment=environment, errors=errors)
    errors = {**name_errors(visit, name), **errors}
    if environment not in {"production", "test"}:
        errors["environment"] = visit.text("Vælg, hvilket miljø it-systemet skal bruge.")
    if not found.text and not found.error:
        errors["certificate"] = visit.text("Vælg en fil, eller indsæt certifikatet som tekst.")
    if found.understood and found.understood["what"] == "serial":
        errors["certificate"] = visit.text(
            "Et serienummer er ikke nok til at registrere et it-system: platformen skal bruge selve certifikatet."
        )
    if errors:
        return _page(visit, found, name=name, environment=environment, errors=errors, status=422)
    try:
        system = await visit.registry.post(
            "/systems", {"name": name, "environment": environment, "certificate": found.text}
        )
    except Refused as refused:
        return _page(
            visit,
            found,
            name=name,
            environment=environment,
            errors=by_field(visit, refused),
            status=refused.status,
        )
    sentence = visit.text("%(name)s er registreret og kan nu oprette forbindelse til platformen.", name=name)
    if system["warnings"]:
        warning = system["warnings"][0]
        sentence += " " + explained("certificate.foreign_holder", 422, warning, visit.language).detail
    return await visit.done(f"{LIST}/{system['id']}", sentence)


def by_field(visit: Visit, refused: Refused) -> dict[str, str]:
    """What the registry refused, at the field it is about."""
    errors = problem_in(visit, refused)
    if "form" not in errors:
        return errors
    about = refused.code.partition(".")[0]
    name = {"certificate": "certificate", "serial": "certificate"}.get(about, "form")
    return {"environment" if refused.code == "system.test_organisation" else name: errors["form"]}


def _page(
    visit: Visit, found: Given, *, name: str, environment: str, errors: dict[str, str], status: int = 200
) -> Response:
    return visit.page(
        "supplier/register.html",
        status=status,
        name=name,
        environment=environment,
        certificate=found.shown,
        errors=errors,
        renewal=False,
        own_systems={},
        **understood_of(visit, found, environment),
    )
