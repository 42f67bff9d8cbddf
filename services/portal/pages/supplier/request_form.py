"""Asking municipalities for agreements: the form, the answers to check, and sending them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Response
from starlette.datastructures import FormData

from services.portal.apis import Refused
from services.portal.domain.address import uuid_or_none
from services.portal.domain.draft import (
    LONGEST_PURPOSE,
    MOST_MUNICIPALITIES,
    MOST_SERVICES,
    SHORTEST_PURPOSE,
    Draft,
    Taken,
    clashes,
    taken,
)
from services.portal.domain.picked import Picked, pick
from services.portal.pages.supplier import names
from services.portal.pages.visit import SupplierVisit, Visit, problem_in, said, together

router = APIRouter(include_in_schema=False)

PATH = "/leverandoer/serviceaftaler/ny"


@dataclass(frozen=True)
class Choices:
    """What a request can be made of, and what of it is taken already for the chosen system."""

    systems: list[dict[str, Any]]
    services: list[dict[str, Any]]
    municipalities: list[dict[str, Any]]
    prices: dict[str, str]
    taken: Taken

    @property
    def service_names(self) -> dict[str, str]:
        return names.by_id(self.services)

    @property
    def held(self) -> dict[str, str]:
        """For each municipality the services that can't be asked for again, in words."""
        called = self.service_names
        return {
            municipality: ", ".join(called.get(one, one) for one in services)
            for municipality, services in self.taken.items()
        }


async def _choices(visit: Visit, system: str) -> Choices:
    systems, services, municipalities, prices = await together(
        names.systems(visit, environment="production", state="registered"),
        names.services(visit),
        names.municipalities(visit),
        visit.invoicing.all("/prices"),
    )
    already: Taken = {}
    if any(one["id"] == system for one in systems):
        requested, approved = await together(
            visit.agreements.all("/agreements", system_id=system, state="requested"),
            visit.agreements.all("/agreements", system_id=system, state="approved"),
        )
        already = taken([*approved, *requested])
    return Choices(
        systems,
        [one for one in services if one["state"] == "open"],
        [one for one in municipalities if not one["test"]],
        {one["service_id"]: one["current"]["per_call"] for one in prices if one["current"]},
        already,
    )


def _fit(draft: Draft, choices: Choices) -> Draft:
    return draft.only_known(
        (one["id"] for one in choices.systems),
        (one["id"] for one in choices.services),
        (one["id"] for one in choices.municipalities),
    )


@router.get(PATH)
async def form(visit: SupplierVisit, system: str = "", service: str = "", kopi: str = "") -> Response:
    """The form; it may begin with a system, a service, or as a copy of an earlier agreement."""
    draft = Draft(system=system, services=[service] if service else [])
    if copied := uuid_or_none(kopi):
        agreement = await visit.agreements.get_or_none(f"/agreements/{copied}")
        if agreement and agreement["supplier_id"] == str(visit.signed_in.organisation_id):
            draft = Draft.like(agreement)
    choices = await _choices(visit, draft.system)
    if not draft.system and len(choices.systems) == 1:
        draft.system = choices.systems[0]["id"]
        choices = await _choices(visit, draft.system)
    return _form(visit, _fit(draft, choices), choices)


@router.post(PATH)
async def fill_in(visit: SupplierVisit) -> Response:
    """A step in filling in: municipalities picked from a list, all or none of them; back to edit; on to check."""
    sent = await visit.form()
    draft, act = Draft.of(sent.multi_items()), said(sent, "action")
    choices = await _choices(visit, draft.system)
    _fit(draft, choices)
    picked, listed = None, ""
    if act == "pick" or (said(sent, "listed") and act == "check"):
        listed = said(sent, "listed")
        picked = pick(listed[:20_000], choices.municipalities)
        draft.municipalities = list(dict.fromkeys([*draft.municipalities, *picked.ids]))
    if act == "all":
        draft.municipalities = [one["id"] for one in choices.municipalities]
    if act == "none":
        draft.municipalities = []
    if act == "leave_out":
        draft.municipalities = [one for one in draft.municipalities if one not in clashes(draft, choices.taken)]
    if act not in {"check", "leave_out"}:
        return _form(visit, draft, choices, picked=picked)
    errors = _errors(visit, draft)
    if picked and picked.unmatched:
        errors["listed"] = visit.text("Nogle af linjerne passer ikke på nogen kommune. Ret dem, eller slet dem.")
    if errors:
        return _form(visit, draft, choices, errors=errors, picked=picked, listed=listed, status=422)
    return await _check(visit, draft, choices)


@router.post(PATH + "/send")
async def send(visit: SupplierVisit) -> Response:
    """Send the request; sent twice with the same key, it is made once."""
    sent = await visit.form()
    draft, key = Draft.of(sent.multi_items()), _key(sent)
    errors = _errors(visit, draft)
    if errors or not key:
        choices = await _choices(visit, draft.system)
        return _form(visit, _fit(draft, choices), choices, errors=errors, status=422)
    try:
        request = await visit.agreements.post(
            "/requests",
            {
                "system_id": draft.system,
                "service_ids": draft.services,
                "municipality_ids": draft.municipalities,
                "purpose": draft.purpose,
                "expected_calls_per_quarter": draft.expected_calls,
            },
            key=key,
        )
    except Refused as refused:
        choices = await _choices(visit, draft.system)
        errors = problem_in(visit, refused)
        _fit(draft, choices)
        if refused.code == "agreement.exists" and draft.system:
            return await _check(visit, draft, choices, status=409)
        return _form(visit, draft, choices, errors=errors, status=refused.status)
    count = len(request["agreements"])
    sentence = visit.texts(
        "Anmodningen er sendt til %(num)s kommune. Kommunen får et advis nu.",
        "Anmodningen er sendt til %(num)s kommuner. De får hver et advis nu.",
        count,
    )
    return await visit.done(f"/leverandoer/anmodninger/{request['id']}", sentence)


def _key(form: FormData) -> str:
    key = said(form, "key")
    return key if key.isascii() and key.isprintable() and len(key) <= 200 else ""  # noqa: PLR2004


def _errors(visit: Visit, draft: Draft) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not draft.system:
        errors["system"] = visit.text("Vælg det it-system, serviceaftalerne skal gælde for.")
    if not draft.services:
        errors["services"] = visit.text("Vælg mindst én service.")
    elif len(draft.services) > MOST_SERVICES:
        errors["services"] = visit.text("Vælg højst 20 services i én anmodning.")
    if not draft.municipalities:
        errors["municipalities"] = visit.text("Vælg mindst én kommune.")
    elif len(draft.municipalities) > MOST_MUNICIPALITIES:
        errors["municipalities"] = visit.text("Vælg højst 100 kommuner i én anmodning.")
    if len(draft.purpose) < SHORTEST_PURPOSE:
        errors["purpose"] = visit.text("Skriv, hvad data skal bruges til, med mindst 10 tegn.")
    elif len(draft.purpose) > LONGEST_PURPOSE:
        errors["purpose"] = visit.text("Formålet er for langt. Brug højst 2.000 tegn.")
    if draft.calls and draft.expected_calls is None:
        errors["calls"] = visit.text("Skriv et helt tal, for eksempel 12.000, eller lad feltet stå tomt.")
    return errors


def _form(
    visit: Visit,
    draft: Draft,
    choices: Choices,
    *,
    errors: dict[str, str] | None = None,
    picked: Picked | None = None,
    listed: str = "",
    status: int = 200,
) -> Response:
    return visit.page(
        "supplier/request_form.html",
        status=status,
        draft=draft,
        choices=choices,
        errors=errors or {},
        picked=picked,
        listed=listed or ("\n".join(picked.unmatched) if picked else ""),
    )


async def _check(visit: Visit, draft: Draft, choices: Choices, *, status: int = 200) -> Response:
    """The answers to check before anything is sent, with what it would cost each municipality."""
    estimate = None
    if draft.expected_calls:
        try:
            estimate = await visit.invoicing.post(
                "/estimate", {"service_ids": draft.services, "calls_per_quarter": draft.expected_calls}
            )
        except Refused as refused:
            if refused.status not in {404, 422}:
                raise
    chosen = [one for one in choices.municipalities if one["id"] in set(draft.municipalities)]
    clashing = set(clashes(draft, choices.taken))
    return visit.page(
        "supplier/request_check.html",
        status=status,
        draft=draft,
        key=str(uuid4()),
        system=next(one for one in choices.systems if one["id"] == draft.system),
        services=[one for one in choices.services if one["id"] in set(draft.services)],
        municipalities=chosen,
        prices=choices.prices,
        clashing=[one for one in chosen if one["id"] in clashing],
        taken=choices.taken,
        service_names=choices.service_names,
        estimate=estimate,
        total=Decimal(estimate["net"]) * len(chosen) if estimate else None,
    )
