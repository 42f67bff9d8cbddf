"""One-time links: asked for, looked at, used to set a password. The page they lead to is the portal's."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.registry.actions import link as actions
from services.registry.api.asking import Running
from services.registry.api.fields import Address, Password, Secret
from services.registry.domain.link import Purpose
from services.registry.passwords import Passwords
from shared.asking import Body

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


@router.get("/links/{secret}")
async def look_at_link(secret: Secret, running: Running) -> LinkShown:
    """What the link is for, without using it up. 404 `link.not_valid`."""
    async with running.database.reading() as connection:
        found = await actions.look(connection, secret, now=running.clock.now())
    return LinkShown(purpose=found.purpose, organisation_name=found.organisation_name, expires_at=found.expires_at)
