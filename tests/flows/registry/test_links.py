"""One-time links: asked for by anybody, used once."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.authority import Authority
from services.registry.api.link import SAME_SECONDS
from shared.contracts.registry import UserLinkIssued
from tests.conftest import MakeDatabase
from tests.flows.registry.conftest import Registry, settings_for, started
from tests.flows.registry.people import PASSWORD, SUPPLIER, create, last_secret, set_password, sign_in
from tests.tokens import as_helpdesk

EMAIL = "bo@fiktiv.example"


@pytest.fixture
async def supplier(registry: Registry) -> dict[str, Any]:
    """A supplier whose administrator was invited."""
    return await create(registry, **SUPPLIER, first_administrator={"name": "Bo Bentsen", "email": EMAIL})


async def ask(registry: Registry, email: str = EMAIL) -> httpx.Response:
    return await registry.client.post("/links", json={"email": email})


async def redeem(registry: Registry, secret: str, password: str = PASSWORD) -> httpx.Response:
    return await registry.client.post("/links/redeem", json={"secret": secret, "password": password})


async def pass_time(registry: Registry, ahead: timedelta) -> None:
    to = registry.running.clock.now() + ahead
    await registry.client.post("/clock", json={"to": to.isoformat()}, headers=as_helpdesk())


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_link_is_looked_at_often_and_used_once(registry: Registry, supplier: dict[str, Any]) -> None:
    secret = await last_secret(registry, EMAIL)

    looks = [(await registry.client.get(f"/links/{secret}")).status_code for _ in range(3)]
    used = await redeem(registry, secret)
    again = await redeem(registry, secret)
    look = await registry.client.get(f"/links/{secret}")

    assert looks == [200, 200, 200]
    assert used.status_code == 204
    assert refused(again) == refused(look) == (404, "link.not_valid")


async def test_of_two_who_use_a_link_at_once_one_does(registry: Registry, supplier: dict[str, Any]) -> None:
    secret = await last_secret(registry, EMAIL)

    answers = await asyncio.gather(*(redeem(registry, secret, f"a long password {number}") for number in range(4)))

    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]
    [winner] = [number for number, answer in enumerate(answers) if answer.status_code == 204]
    assert (await sign_in(registry, EMAIL, f"a long password {winner}")).status_code == 200


async def test_an_unknown_secret_is_not_valid(registry: Registry, supplier: dict[str, Any]) -> None:
    assert refused(await redeem(registry, "unknown")) == (404, "link.not_valid")
    assert refused(await registry.client.get("/links/unknown")) == (404, "link.not_valid")


async def test_an_invitation_holds_fourteen_days(registry: Registry, supplier: dict[str, Any]) -> None:
    secret = await last_secret(registry, EMAIL)

    expires_at = datetime.fromisoformat((await registry.client.get(f"/links/{secret}")).json()["expires_at"])
    await pass_time(registry, timedelta(days=13, hours=23))
    before = await registry.client.get(f"/links/{secret}")
    await pass_time(registry, timedelta(hours=1, seconds=1))

    assert expires_at <= registry.running.clock.now()
    assert before.status_code == 200
    assert refused(await registry.client.get(f"/links/{secret}")) == (404, "link.not_valid")
    assert refused(await redeem(registry, secret)) == (404, "link.not_valid")


async def test_a_forgotten_password_is_set_anew_within_an_hour(registry: Registry, supplier: dict[str, Any]) -> None:
    await set_password(registry, EMAIL)

    answer = await ask(registry, EMAIL.upper())
    secret = await last_secret(registry, EMAIL)
    looked = (await registry.client.get(f"/links/{secret}")).json()
    used = await redeem(registry, secret, "a new long password")
    await ask(registry)
    late = await last_secret(registry, EMAIL)
    await pass_time(registry, timedelta(minutes=61))

    assert (answer.status_code, answer.content) == (202, b"")
    assert (looked["purpose"], looked["organisation_name"]) == ("reset", "Fiktiv IT A/S")
    assert used.status_code == 204
    assert (await sign_in(registry, EMAIL)).status_code == 401
    assert (await sign_in(registry, EMAIL, "a new long password")).status_code == 200
    assert refused(await redeem(registry, late)) == (404, "link.not_valid")


async def test_asking_tells_nobody_whether_the_address_is_known(registry: Registry, supplier: dict[str, Any]) -> None:
    before = time.perf_counter()
    answer = await ask(registry, "nobody@fiktiv.example")

    assert time.perf_counter() - before >= SAME_SECONDS
    assert (answer.status_code, answer.content) == (202, b"")
    assert len(await registry.said(UserLinkIssued)) == 1


async def test_a_newer_link_replaces_the_older(registry: Registry, supplier: dict[str, Any]) -> None:
    older = await last_secret(registry, EMAIL)
    await ask(registry)
    newer = await last_secret(registry, EMAIL)

    assert refused(await redeem(registry, older)) == (404, "link.not_valid")
    assert (await redeem(registry, newer)).status_code == 204


async def test_who_never_used_the_invitation_is_invited_again(registry: Registry, supplier: dict[str, Any]) -> None:
    await ask(registry)

    first, again = [event.link for event in await registry.said(UserLinkIssued)]

    assert again.purpose == "invitation"
    assert timedelta(days=13, hours=23) < again.expires_at - registry.running.clock.now()
    assert first.id != again.id


async def test_nobody_is_mailed_more_than_five_links_an_hour(registry: Registry, supplier: dict[str, Any]) -> None:
    statuses = [(await ask(registry)).status_code for _ in range(7)]
    within = len(await registry.said(UserLinkIssued))
    await pass_time(registry, timedelta(minutes=61))
    await ask(registry)

    assert statuses == [202] * 7
    assert within == 1 + 5
    assert len(await registry.said(UserLinkIssued)) == within + 1


async def test_who_has_no_place_any_more_gets_no_link(registry: Registry, supplier: dict[str, Any]) -> None:
    await registry.client.patch(f"/organisations/{supplier['id']}", json={"active": False}, headers=as_helpdesk())

    await ask(registry)

    assert len(await registry.said(UserLinkIssued)) == 1


POOR = [
    ("elevenchars", "password.length"),
    ("x" * 129, "password.length"),
    ("BO@fiktiv.example", "password.is_address"),
    ("Password1234", "password.common"),
    ("aaaaaaaaaaaa", "password.common"),
]


async def test_a_poor_password_leaves_the_link_as_it_was(registry: Registry, supplier: dict[str, Any]) -> None:
    secret = await last_secret(registry, EMAIL)

    for password, code in POOR:
        assert refused(await redeem(registry, secret, password)) == (422, code)
    assert (await redeem(registry, secret)).status_code == 204


async def test_a_refused_request_does_not_repeat_the_password(registry: Registry, supplier: dict[str, Any]) -> None:
    secret = await last_secret(registry, EMAIL)

    answers = [
        await redeem(registry, secret, "hunter2 hunter2 " * 100),
        await registry.client.post("/sign-in", json={"email": "not an address", "password": "hunter2 hunter2"}),
    ]

    for answer in answers:
        assert answer.status_code == 422
        assert "hunter2" not in answer.text
        assert secret not in answer.text


@pytest.fixture
async def elsewhere(
    make_database: MakeDatabase, signing_key_file: Path, authority: Authority
) -> AsyncIterator[Registry]:
    """A registry whose links lead to another page."""
    settings = settings_for(
        await make_database("registry"),
        signing_key_file,
        authority.trust_directory,
        link_url="{public_url}/velkommen?kode={secret}",
        public_url="https://platform.example/",
    )
    async with started(settings) as found:
        yield found


async def test_where_links_lead_is_a_setting(elsewhere: Registry) -> None:
    await create(elsewhere, **SUPPLIER, first_administrator={"name": "Bo", "email": EMAIL})

    [issued] = await elsewhere.said(UserLinkIssued)

    assert re.fullmatch(r"https://platform\.example/velkommen\?kode=[\w-]{43}", issued.link.url)
