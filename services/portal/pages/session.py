"""How long the session still lasts, for the script that warns of its end, and how to prolong it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.portal.actions import session as actions
from services.portal.pages.visit import SignedInVisit, cookie_name, headers_of
from services.portal.settings import PortalSettings
from shared.run import Runtime

router = APIRouter(include_in_schema=False)


@router.get("/session")
async def seconds_left(request: Request) -> Response:
    """The seconds left; no visit, since asking must not prolong it."""
    running: Runtime[PortalSettings] = request.app.state.runtime
    secret = request.cookies.get(cookie_name(running.settings), "")
    seconds = await actions.seconds_left(running.database, running.settings, secret[:100])
    return JSONResponse({"seconds": seconds}, headers=headers_of(request))


@router.post("/session")
async def prolong(visit: SignedInVisit) -> Response:
    """Stay signed in: being here is what prolongs it."""
    return JSONResponse({"seconds": visit.session_seconds}, headers=headers_of(visit.request))
