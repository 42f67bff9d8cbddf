"""A system's certificates: adding a renewed one beside the present, and ending one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.certificate import replaced
from services.portal.domain.problem import explained
from services.portal.pages.supplier.registration import Given, by_field, given, understood_of
from services.portal.pages.supplier.system import LIST
from services.portal.pages.visit import SupplierVisit, Visit, problem_in, said

router = APIRouter(include_in_schema=False)

PATH = LIST + "/{system_id:uuid}/certifikater"


@router.get(PATH + "/nyt")
async def form(visit: SupplierVisit, system_id: UUID) -> Response:
    """The form to add a certificate."""
    system = await visit.registry.get(f"/systems/{system_id}")
    return _page(visit, system, Given(), {})


@router.post(PATH + "/nyt")
async def bind(visit: SupplierVisit, system_id: UUID) -> Response:
    """Check a certificate, or add it to the system."""
    system = await visit.registry.get(f"/systems/{system_id}")
    form = await visit.form()
    found = await given(visit, form)
    errors: dict[str, str] = {"certificate": found.error} if found.error else {}
    if not found.text and not found.error:
        errors["certificate"] = visit.text("Vælg en fil, eller indsæt certifikatet som tekst.")
    if said(form, "action") == "check":
        return _page(visit, system, found, errors)
    if found.understood and found.understood["what"] == "serial":
        errors["certificate"] = visit.text("Et serienummer er ikke nok: platformen skal bruge selve certifikatet.")
    if errors:
        return _page(visit, system, found, errors, status=422)
    try:
        bound = await visit.registry.post(f"/systems/{system['id']}/certificates", {"certificate": found.text})
    except Refused as refused:
        return _page(visit, system, found, by_field(visit, refused), status=refused.status)
    sentence = visit.text(
        "Certifikatet er tilføjet. Skift nu it-systemet over til det; det gamle gælder, til I tager det ud "
        "af brug, eller det udløber."
    )
    if any("CVR" in warning for warning in bound["warnings"]):
        warning = bound["warnings"][-1]
        sentence += " " + explained("certificate.foreign_holder", 422, warning, visit.language).detail
    return await visit.done(f"{LIST}/{system['id']}", sentence)


def _page(
    visit: Visit, system: dict[str, Any], found: Given, errors: dict[str, str], *, status: int = 200
) -> Response:
    return visit.page(
        "supplier/certificate_new.html",
        status=status,
        system=system,
        test=system["environment"] == "test",
        certificate=found.shown,
        errors=errors,
        renewal=True,
        **understood_of(visit, found, system["environment"], renewal=True),
    )


@router.get(PATH + "/{certificate_id:uuid}/fjern")
async def confirm(visit: SupplierVisit, system_id: UUID, certificate_id: UUID) -> Response:
    """What ending a certificate would mean, before it is done."""
    return await _confirm(visit, system_id, certificate_id, "")


@router.post(PATH + "/{certificate_id:uuid}/fjern")
async def end(visit: SupplierVisit, system_id: UUID, certificate_id: UUID) -> Response:
    """End a certificate."""
    try:
        await visit.registry.post(f"/systems/{system_id}/certificates/{certificate_id}/end")
    except Refused as refused:
        if refused.status == 404:  # noqa: PLR2004
            raise
        return await _confirm(
            visit, system_id, certificate_id, problem_in(visit, refused)["form"], status=refused.status
        )
    return await visit.done(f"{LIST}/{system_id}", visit.text("Certifikatet er taget ud af brug."))


async def _confirm(visit: Visit, system_id: UUID, certificate_id: UUID, error: str, *, status: int = 200) -> Response:
    system = await visit.registry.get(f"/systems/{system_id}")
    found = next((one for one in system["certificates"] if one["id"] == str(certificate_id)), None)
    if found is None:
        raise Refused(404, {"code": "certificate.unknown", "detail": "This system has no such certificate."})
    others = [one for one in system["certificates"] if one["state"] == "in_use" and one["id"] != found["id"]]
    return visit.page(
        "supplier/certificate_end.html",
        status=status,
        system=system,
        test=system["environment"] == "test",
        certificate=found,
        others=others,
        replaced=replaced(found, system["certificates"]),
        error=error,
    )
