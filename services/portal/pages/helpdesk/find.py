"""Find anything: one field for every number, id, name and address somebody may read out on the telephone."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.finding import Hit, Sought, mail_in, understand
from services.portal.pages.visit import HelpdeskVisit, Visit, said, together, unless_away
from shared.problem import BadRequest

router = APIRouter(prefix="/helpdesk/find", include_in_schema=False)

MOST = 20


@router.get("")
async def find(visit: HelpdeskVisit, q: str = "") -> Response:
    """What fits the words. A single hit is shown at once."""
    text = q.strip()[:255]
    if mail_in(text):
        # Somebody wrote it into the address by hand: addresses of pages are logged, mail addresses are not.
        raise BadRequest("find.mail_in_address", "Write a mail address into the field itself.")
    return await _found(visit, text)


@router.post("")
async def find_sent(visit: HelpdeskVisit) -> Response:
    """The same for what the field holds: a mail address stays out of every address, the rest goes into it."""
    text = said(await visit.form(), "q")[:255]
    if not mail_in(text):
        return visit.see(f"/helpdesk/find?q={quote(text)}")
    return await _found(visit, text)


async def _found(visit: Visit, text: str) -> Response:
    sought = understand(text)
    hits: list[Hit] = []
    away = False
    if sought.text:
        for answer in await together(*(unless_away(_none_if_refused(one)) for one in _questions(visit, sought))):
            if answer is None:
                away = True
            else:
                hits += answer
    if len(hits) == 1 and not away:
        return visit.see(hits[0].path)
    return visit.page("helpdesk/find.html", sought=sought, hits=hits, away=away, most=MOST)


async def _none_if_refused(asked: Awaitable[list[Hit]]) -> list[Hit]:
    try:
        return await asked
    except Refused as refused:
        if refused.status not in {404, 422}:
            raise
        return []


def _questions(visit: Visit, sought: Sought) -> list[Awaitable[list[Hit]]]:
    if sought.mail:
        return [_person(visit, sought.text)]
    asked: list[Awaitable[list[Hit]]] = [_organisations(visit, sought.text)]
    if sought.uuid:
        asked = [
            *(_by_id(visit, thing, sought.uuid) for thing in _THINGS),
            _call(visit, sought.uuid),
        ]
    elif sought.call:
        asked.append(_call(visit, sought.text))
    if sought.certificate:
        asked.append(_certificates(visit, sought.text))
    if sought.invoice:
        asked.append(_invoices(visit, sought.text))
    if sought.words:
        asked += [_services(visit, sought.text), _systems(visit, sought.text)]
    return asked


@dataclass(frozen=True)
class _Thing:
    """What can be found by its id: where it is asked for, and the page it has here."""

    kind: str
    service: str
    path: str
    page: str


_THINGS = (
    _Thing("organisation", "registry", "/organisations", "/helpdesk/organisationer"),
    _Thing("system", "registry", "/systems", "/helpdesk/it-systemer"),
    _Thing("service", "registry", "/services", "/helpdesk/services"),
    _Thing("person", "registry", "/people", "/helpdesk/personer"),
    _Thing("agreement", "agreements", "/agreements", "/helpdesk/serviceaftaler"),
    _Thing("request", "agreements", "/requests", "/helpdesk/anmodninger"),
    _Thing("trial", "agreements", "/trials", "/helpdesk/proevetilslutninger"),
    _Thing("invoice", "invoicing", "/invoices", "/helpdesk/fakturaer"),
    _Thing("notice", "notifier", "/notices", "/helpdesk/mails"),
)


async def _by_id(visit: Visit, thing: _Thing, sought: str) -> list[Hit]:
    found = await getattr(visit, thing.service).get_or_none(f"{thing.path}/{sought}")
    return [] if found is None else [Hit(thing.kind, f"{thing.page}/{sought}", _title(found), _more(found))]


def _title(found: dict[str, Any]) -> str:
    if found.get("number") and "net" in found:
        return str(found["number"])
    if "version" in found:
        return f"{found['name']} {found['version']}"
    return str(found.get("name") or found.get("system_name") or found["id"])


def _more(found: dict[str, Any]) -> str:
    names = [found[name] for name in ("cvr", "supplier_name", "municipality_name") if found.get(name)]
    return " · ".join(names)


async def _organisations(visit: Visit, text: str) -> list[Hit]:
    found = await visit.registry.get("/organisations", q=text.replace(" ", "") if _digits(text) else text, limit=MOST)
    return [
        Hit("organisation", f"/helpdesk/organisationer/{one['id']}", one["name"], one["cvr"])
        for one in found["items"]
    ]


def _digits(text: str) -> bool:
    return text.replace(" ", "").isdecimal()


async def _person(visit: Visit, email: str) -> list[Hit]:
    found = await visit.registry.post("/people/find", {"email": email})
    more = ", ".join(one["organisation_name"] for one in found["places"])
    return [Hit("person", f"/helpdesk/personer/{found['id']}", found["name"], more)]


async def _certificates(visit: Visit, text: str) -> list[Hit]:
    found = await visit.registry.get("/certificates", text=text)
    return [
        Hit(
            "certificate",
            f"/helpdesk/it-systemer/{one['system_id']}",
            one["certificate"]["common_name"],
            f"{one['system_name']} · {one['supplier_name']}",
        )
        for one in found["items"]
    ]


async def _invoices(visit: Visit, number: str) -> list[Hit]:
    found = await visit.invoicing.get("/invoices", number=number, limit=1)
    return [
        Hit("invoice", f"/helpdesk/fakturaer/{one['id']}", one["number"], one["municipality_name"])
        for one in found["items"]
    ]


async def _services(visit: Visit, text: str) -> list[Hit]:
    found = await visit.registry.get("/services", q=text, limit=MOST)
    return [
        Hit("service", f"/helpdesk/services/{one['id']}", f"{one['name']} {one['version']}", one["number"] or "")
        for one in found["items"]
    ]


async def _systems(visit: Visit, text: str) -> list[Hit]:
    found = await visit.registry.get("/systems", q=text, limit=MOST)
    return [
        Hit("system", f"/helpdesk/it-systemer/{one['id']}", one["name"], one["supplier_name"])
        for one in found["items"]
        if text.lower() in one["name"].lower()
    ]


async def _call(visit: Visit, call_id: str) -> list[Hit]:
    found = await visit.metering.get_or_none(f"/calls/{quote(call_id, safe='')}")
    if found is None:
        return []
    return [Hit("call", f"/helpdesk/kald?id={quote(call_id, safe='')}", call_id, "")]
