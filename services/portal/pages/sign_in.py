"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.portal.actions import session as actions
from services.portal.apis import Refused
from services.portal.domain.address import own_path
from services.portal.pages.visit import Anyone, SignedInVisit, problem_in, said

router = APIRouter(include_in_schema=False)


@router.get("/log-ind")
async def form(visit: Anyone, next: str = "", over: str = "", new: str = "") -> Response:  # noqa: A002 - as in the address
    """The form; `next` is where to go on to, `over` that a session was there and has ended, `new` a new password."""
    after = own_path(next, "")
    return visit.page("sign_in/form.html", next=after, over=bool(over), new=bool(new), email="", errors={})


@router.post("/log-ind")
async def sign_in(visit: Anyone) -> Response:
    """Sign in with mail address and password: a new session, whatever cookie the browser came with."""
    form = await visit.form()
    email, password = said(form, "email"), form.get("password")
    after = own_path(said(form, "next"), "")
    try:
        answer = await visit.registry.post("/sign-in", {"email": email, "password": password})
    except Refused as refused:
        return visit.page(
            "sign_in/form.html",
            status=refused.status,
            next=after,
            over=False,
            new=False,
            email=email,
            errors=problem_in(visit, refused),
        )
    if visit.session is not None:
        await actions.end(visit.running.database, visit.session)
    agent = visit.request.headers.get("user-agent", "")
    session = await actions.begin(visit.running.database, answer, agent)
    several = len(session.signed_in.memberships) > 1
    page = visit.see(after or ("/organisation" if several else "/start"))
    visit.remember(page, session)
    return page


@router.post("/log-ud")
async def sign_out(visit: SignedInVisit) -> Response:
    """End the session."""
    assert visit.session is not None
    await actions.end(visit.running.database, visit.session)
    answer = visit.see("/log-ud")
    visit.forget(answer)
    return answer


@router.get("/log-ud")
async def signed_out(visit: Anyone) -> Response:
    """That one is signed out."""
    return visit.page("sign_in/out.html")
