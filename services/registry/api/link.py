"""One-time links: asked for, looked at, used to set a password; also as a small page for who clicks the mail."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, Field

from services.registry.actions import link as actions
from services.registry.api import link_page
from services.registry.api.asking import Running
from services.registry.api.fields import Address, Password, Secret
from services.registry.domain.link import Purpose
from services.registry.passwords import Passwords
from shared.asking import Body
from shared.problem import Invalid, NotFound

router = APIRouter(tags=["links"])

SAME_SECONDS = 0.25
"""How long the answer to a request for a link takes, so that it does not tell whether the address is known."""


class LinkWanted(Body):
    """Whose password is forgotten."""

    email: Address


class LinkShown(BaseModel):
    """A link that can be used until `expires_at` (platform time, UTC)."""

    purpose: Purpose
    organisation_name: str
    expires_at: AwareDatetime


class Redemption(Body):
    """The link's secret, and the password to set: 12 to 128 characters, not the mail address, not a common one."""

    secret: Secret = Field(repr=False)
    password: Password = Field(repr=False)


@router.post("/links", status_code=202, response_class=Response)
async def ask_for_link(body: LinkWanted, running: Running) -> None:
    """Have a link to set a new password mailed. The answer is the same whether or not anyone has this address."""
    enough = asyncio.create_task(asyncio.sleep(SAME_SECONDS))
    async with running.database.transaction() as tx:
        await actions.ask(tx, running.settings, body.email)
    await enough


@router.post("/links/redeem", status_code=204)
async def redeem_link(body: Redemption, running: Running) -> None:
    """Set the password and use the link up.

    404 `link.not_valid` when it is used, replaced, too old or unknown; 422 `password.length`,
    `password.is_address` or `password.common` leave the link as it was.
    """
    await actions.redeem(running.database, running.get(Passwords), body.secret, body.password)


@router.post("/links/redeem-form", response_class=HTMLResponse)
async def redeem_link_by_form(
    running: Running, secret: Annotated[Secret, Form()], password: Annotated[Password, Form()]
) -> HTMLResponse:
    """The same for the page's form; the answer is a page in Danish."""
    try:
        await actions.redeem(running.database, running.get(Passwords), secret, password)
    except Invalid as problem:
        return link_page.form(secret, refused=problem.code)
    except NotFound:
        return link_page.not_valid()
    return link_page.done()


@router.get(
    "/links/{secret}",
    response_model=LinkShown,
    responses={200: {"content": {"text/html": {}}, "description": "The link, or a page to use it on"}},
)
async def look_at_link(secret: Secret, request: Request, running: Running) -> LinkShown | HTMLResponse:
    """What the link is for, without using it up. A browser gets a page with a form. 404 `link.not_valid`."""
    page = "text/html" in request.headers.get("accept", "")
    try:
        async with running.database.reading() as connection:
            found = await actions.look(connection, secret, now=running.clock.now())
    except NotFound:
        if page:
            return link_page.not_valid()
        raise
    if page:
        return link_page.form(secret, link=found)
    return LinkShown(purpose=found.purpose, organisation_name=found.organisation_name, expires_at=found.expires_at)
