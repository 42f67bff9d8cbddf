"""Passwords: a forgotten one, and the mailed link by which a person sets one, invited or not."""

from __future__ import annotations

import re

from fastapi import APIRouter, Response

from services.portal.apis import Refused
from services.portal.domain.problem import explained
from services.portal.pages.visit import Anyone, Visit, problem_in, said

router = APIRouter(include_in_schema=False)

SHORTEST, LONGEST = 12, 128
"""What the registry asks of a password's length; told before it is chosen."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,128}")


@router.get("/glemt-adgangskode")
async def forgotten(visit: Anyone) -> Response:
    """Whose password is forgotten."""
    return visit.page("sign_in/forgotten.html", email="", errors={})


@router.post("/glemt-adgangskode")
async def have_link_mailed(visit: Anyone) -> Response:
    """Have a link mailed; the answer is the same whether or not anyone has this address."""
    email = said(await visit.form(), "email")
    try:
        await visit.registry.post("/links", {"email": email})
    except Refused as refused:
        errors = problem_in(visit, refused)
        return visit.page("sign_in/forgotten.html", status=refused.status, email=email, errors=errors)
    return visit.see("/glemt-adgangskode/sendt")


@router.get("/glemt-adgangskode/sendt")
async def link_mailed(visit: Anyone) -> Response:
    """That a mail is on its way, if the address is known."""
    return visit.page("sign_in/mailed.html")


@router.get("/link/{secret}")
async def set_password_form(secret: str, visit: Anyone) -> Response:
    """What the mailed link leads to: looking at it does not use it up, since scanners of mails follow links too."""
    return await _form(visit, secret)


@router.post("/link/{secret}")
async def set_password(secret: str, visit: Anyone) -> Response:
    """Use the link up: the password is set, and signing in comes next."""
    password = (await visit.form()).get("password")
    if not _SECRET.fullmatch(secret):
        return _gone(visit)
    try:
        await visit.registry.post("/links/redeem", {"secret": secret, "password": password})
    except Refused as refused:
        if refused.status == 404:  # noqa: PLR2004
            return _gone(visit)
        code = "password.length" if refused.fields else refused.code
        told = explained(code, refused.status, refused.detail, visit.language).detail
        return await _form(visit, secret, status=refused.status, errors={"password": told})
    return visit.see("/log-ind?new=1")


async def _form(visit: Visit, secret: str, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    link = None
    if _SECRET.fullmatch(secret):
        link = await visit.registry.get_or_none(f"/links/{secret}")
    if link is None:
        return _gone(visit)
    return visit.page(
        "sign_in/set_password.html",
        status=status,
        link=link,
        shortest=SHORTEST,
        longest=LONGEST,
        errors=errors or {},
    )


def _gone(visit: Visit) -> Response:
    return visit.page("sign_in/link_gone.html", status=404)
