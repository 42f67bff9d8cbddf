"""Where the portal begins for whoever is signed in: the part that fits, the organisation acted for."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.portal.actions import session as actions
from services.portal.apis import Apis
from services.portal.domain.address import own_path
from services.portal.domain.menu import parts_of
from services.portal.pages.visit import SignedInVisit, said

router = APIRouter(include_in_schema=False)


@router.get("/start")
async def start(visit: SignedInVisit) -> Response:
    """The overview of the part the organisation has; the first where it has two."""
    parts = parts_of(visit.signed_in)
    return visit.see(parts[0].path if parts else "/organisation")


@router.get("/organisation")
async def organisations(visit: SignedInVisit) -> Response:
    """Which organisations one may act for."""
    return visit.page("start/organisations.html")


@router.post("/organisation")
async def choose_organisation(visit: SignedInVisit) -> Response:
    """Act for another organisation from now on."""
    form = await visit.form()
    assert visit.session is not None
    agent = visit.request.headers.get("user-agent", "")
    apis = visit.running.get(Apis)
    session = await actions.act_for(visit.running.database, apis, visit.session, said(form, "organisation_id"), agent)
    answer = visit.see(own_path(said(form, "next"), "/start"))
    visit.remember(answer, session)
    return answer
