"""One's own account: who one is, which roles one has where, and where one is signed in."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.portal.actions import session as sessions
from services.portal.domain.agent import known_as
from services.portal.pages.visit import SignedInVisit, said

router = APIRouter(prefix="/konto", include_in_schema=False)


@router.get("")
async def account(visit: SignedInVisit) -> Response:
    """Who one is, as things stand now."""
    assert visit.session is not None
    me = await visit.registry.get("/me")
    found = await sessions.of_person(visit.running.database, visit.settings, visit.session)
    shown = [
        {
            "id": one.id.hex(),
            "device": known_as(one.agent),
            "begun_at": one.begun_at,
            "seen_at": one.seen_at,
            "own": one.id == visit.session.id,
        }
        for one in found
    ]
    return visit.page("account/account.html", me=me, sessions=shown, real_now=visit.running.clock.real_now())


@router.post("/adgangskode")
async def change_password(visit: SignedInVisit) -> Response:
    """Have a link to choose a new password mailed to oneself."""
    await visit.registry.post("/links", {"email": visit.signed_in.email})
    told = visit.text("Vi har sendt dig en mail med et link til at vælge en ny adgangskode.")
    return await visit.done("/konto", told)


@router.post("/session")
async def end_session(visit: SignedInVisit) -> Response:
    """Sign out elsewhere: in one browser."""
    assert visit.session is not None
    try:
        session_id = bytes.fromhex(said(await visit.form(), "session"))
    except ValueError:
        session_id = b""
    if session_id == visit.session.id:
        return visit.see("/konto")
    await sessions.end_one(visit.running.database, visit.session, session_id)
    return await visit.done("/konto", visit.text("Du er logget af der."))


@router.post("/sessioner")
async def end_other_sessions(visit: SignedInVisit) -> Response:
    """Sign out everywhere but here."""
    assert visit.session is not None
    await sessions.end_others(visit.running.database, visit.session)
    return await visit.done("/konto", visit.text("Du er logget af alle andre steder."))
