"""Steps that several flows take: making organisations, using the links that were sent."""

from typing import Any

import httpx

from shared.contracts.registry import UserLinkIssued
from tests.flows.registry.conftest import PUBLIC_URL, Registry
from tests.tokens import as_helpdesk

PASSWORD = "correct horse battery staple"
SUPPLIER = {"name": "Fiktiv IT A/S", "cvr": "12345674", "kinds": ["supplier"]}
MUNICIPALITY = {
    "name": "Ærø Kommune",
    "cvr": "28856075",
    "kinds": ["municipality"],
    "municipality_code": "0492",
}


async def create(registry: Registry, **told: Any) -> dict[str, Any]:
    """A new organisation, by the helpdesk."""
    answer = await registry.client.post("/organisations", json=told, headers=as_helpdesk())
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def last_secret(registry: Registry, email: str) -> str:
    """The secret in the link that was sent to this address last."""
    sent = [event.link for event in await registry.said(UserLinkIssued) if event.link.email == email]
    url: str = sent[-1].url
    assert url.startswith(f"{PUBLIC_URL}/link/")
    return url.rpartition("/")[2]


async def set_password(registry: Registry, email: str, password: str = PASSWORD) -> None:
    """Use the link that was sent to this address last."""
    secret = await last_secret(registry, email)
    answer = await registry.client.post("/links/redeem", json={"secret": secret, "password": password})
    assert answer.status_code == 204, answer.text


async def sign_in(registry: Registry, email: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return await registry.client.post("/sign-in", json={"email": email, "password": password, **more})


async def person(
    registry: Registry, organisation_id: str, *, name: str, email: str, roles: list[str]
) -> dict[str, Any]:
    """A person in the organisation, invited by the helpdesk."""
    answer = await registry.client.post(
        f"/organisations/{organisation_id}/people",
        json={"name": name, "email": email, "roles": roles},
        headers=as_helpdesk(),
    )
    assert answer.status_code == 201, answer.text
    invited: dict[str, Any] = answer.json()
    return invited
