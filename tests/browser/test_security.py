"""What other sites, thieves of cookies and people with time on their hands must not come far with."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.local import running
from services.portal.domain.session import id_of
from tests.browser.cast import Scene
from tests.browser.conftest import Visit
from tests.browser.declared.route import NOBODY
from tests.browser.pages import ACTS, FILES
from tests.browser.test_pages import in_its_headers
from tests.browser.test_rights import form_token
from tests.browser.visitor import Sessions, sign_in

ELSEWHERE = "https://evil.example"


async def is_signed_in(scene: Scene, cookie: str) -> bool:
    async with httpx.AsyncClient(base_url=scene.base, cookies={"session": cookie}) as client:
        return (await client.get("/organisation")).status_code == 200


# --- other sites ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, ""),
        ({}, "0" * 64),
        ({"Origin": ELSEWHERE}, "own"),
        ({"Origin": "null"}, "own"),
        ({"Sec-Fetch-Site": "cross-site"}, "own"),
        ({"Sec-Fetch-Site": "same-site"}, "own"),
        ({"Origin": ""}, "own"),
        ({}, "another's"),
    ],
    ids=[
        "no token",
        "made-up token",
        "another origin",
        "no origin to speak of",
        "another site",
        "a neighbouring site",
        "no origin",
        "another session's token",
    ],
)
async def test_no_other_site_can_act(headers: dict[str, str], token: str, scene: Scene, sessions: Sessions) -> None:
    """Each act as somebody who may do it, sent as another site would."""
    faults = []
    tokens: dict[str, str] = {}
    for act in ACTS:
        key = min(act.who - {NOBODY})
        async with await sessions.as_(key) as client:
            if token in {"own", "another's"} and key not in tokens:
                tokens[key] = await form_token(client)
            given = {"own": tokens.get(key, "")}.get(token, token)
            if token == "another's":
                async with await sessions.as_("economy" if key != "economy" else "supplier") as other:
                    given = await form_token(other)
            client.headers.update(headers)
            answer = await client.post(act.address(scene), data={"form_token": given, **act.fields(scene)})
        if answer.status_code != 403:
            faults.append(f"{act.path} as {key}: {answer.status_code}")
    assert not faults


async def test_nobody_is_signed_in_by_another_site(scene: Scene) -> None:
    somebody = scene.people["economy"]
    async with httpx.AsyncClient(base_url=scene.base, headers={"Origin": ELSEWHERE}) as client:
        answer = await client.post("/log-ind", data={"email": somebody.email, "password": somebody.password})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_the_token_of_a_form_in_the_address_counts_for_nothing(scene: Scene, sessions: Sessions) -> None:
    async with await sessions.as_("economy") as client:
        token = await form_token(client)
        answer = await client.post(f"/log-ud?form_token={token}")
        assert answer.status_code == 403
        assert (await client.get("/organisation")).status_code == 200


# --- sessions -------------------------------------------------------------------------------------------------------


async def test_signing_in_makes_a_new_session_and_ends_the_old(scene: Scene) -> None:
    somebody = scene.people["several"]
    planted = "planted-by-somebody-else-00000000000000000000"
    async with httpx.AsyncClient(base_url=scene.base, headers={"Origin": scene.base}) as client:
        client.cookies.set("session", planted)
        answer = await client.post("/log-ind", data={"email": somebody.email, "password": somebody.password})
        first = answer.cookies["session"]
        assert first != planted
        client.cookies = httpx.Cookies({"session": first})
        form = {"email": somebody.email, "password": somebody.password, "form_token": await form_token(client)}
        second = (await client.post("/log-ind", data=form)).cookies["session"]
    assert len({planted, first, second}) == 3
    assert [await is_signed_in(scene, one) for one in (planted, first, second)] == [False, False, True]


async def test_another_organisation_is_another_session(scene: Scene) -> None:
    first = await sign_in(scene, scene.people["several"])
    async with httpx.AsyncClient(
        base_url=scene.base, headers={"Origin": scene.base}, cookies={"session": first}
    ) as client:
        form = {"form_token": await form_token(client), "organisation_id": scene.ids["foreign_supplier"]}
        answer = await client.post("/organisation", data=form)
    second = answer.cookies["session"]
    assert second != first
    assert [await is_signed_in(scene, one) for one in (first, second)] == [False, True]


async def test_an_organisation_that_is_not_theirs_can_not_be_chosen(scene: Scene) -> None:
    cookie = await sign_in(scene, scene.people["several"])
    async with httpx.AsyncClient(
        base_url=scene.base, headers={"Origin": scene.base}, cookies={"session": cookie}
    ) as client:
        token = await form_token(client)
        for wanted in (scene.ids["municipality"], scene.people["helpdesk"].organisation_id, "x", ""):
            answer = await client.post("/organisation", data={"form_token": token, "organisation_id": wanted})
            assert answer.status_code in {403, 404, 422}, wanted
        assert (await client.get("/organisation")).status_code == 200


async def test_signing_out_ends_the_session_at_the_portal(scene: Scene) -> None:
    cookie = await sign_in(scene, scene.people["economy"])
    async with httpx.AsyncClient(
        base_url=scene.base, headers={"Origin": scene.base}, cookies={"session": cookie}
    ) as client:
        answer = await client.post("/log-ud", data={"form_token": await form_token(client)})
    assert answer.headers["location"] == "/log-ud"
    assert 'session=""' in answer.headers["set-cookie"]
    assert not await is_signed_in(scene, cookie)


@pytest.mark.parametrize(
    ("column", "age", "holds"),
    [
        ("seen_at", timedelta(minutes=28), True),
        ("seen_at", timedelta(minutes=31), False),
        ("begun_at", timedelta(hours=9, minutes=55), True),
        ("begun_at", timedelta(hours=10, minutes=1), False),
    ],
)
async def test_a_session_ends_by_itself(column: str, age: timedelta, holds: bool, scene: Scene) -> None:
    """When it was not used for half an hour, and in any case after ten; what was asked for comes after sign-in."""
    cookie = await sign_in(scene, scene.people["several"])
    instance = await asyncio.to_thread(running.find, Path(scene.folder))
    connection = await asyncpg.connect(instance.admin_url.removesuffix("postgres") + "portal")
    changed = await connection.execute(
        f"UPDATE sessions SET {column} = {column} - $2::interval WHERE id = $1", id_of(cookie), age
    )
    await connection.close()
    assert changed == "UPDATE 1"
    async with httpx.AsyncClient(base_url=scene.base, cookies={"session": cookie}) as client:
        answer = await client.get("/organisation?x=1")
    assert (answer.status_code == 200) is holds
    if not holds:
        assert answer.headers["location"] == "/log-ind?next=/organisation%3Fx%3D1&over=1"


async def test_the_cookie_is_for_the_portal_alone(scene: Scene) -> None:
    somebody = scene.people["economy"]
    async with httpx.AsyncClient(base_url=scene.base, headers={"Origin": scene.base}) as client:
        answer = await client.post("/log-ind", data={"email": somebody.email, "password": somebody.password})
    told = {part.strip() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"HttpOnly", "SameSite=lax", "Path=/"} == told


# --- leading astray -------------------------------------------------------------------------------------------------

ASTRAY = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "///evil.example",
    "javascript:alert(1)",
    "/.evil.example//\r\nSet-Cookie: a=b",
    "evil.example",
    "http:evil.example",
)


@pytest.mark.parametrize("where", ASTRAY)
async def test_signing_in_leads_nowhere_else(where: str, scene: Scene, visit: Visit) -> None:
    somebody = scene.people["economy"]
    async with httpx.AsyncClient(base_url=scene.base, headers={"Origin": scene.base}) as client:
        shown = await client.get("/log-ind", params={"next": where})
        form = {"email": somebody.email, "password": somebody.password, "next": where}
        answer = await client.post("/log-ind", data=form)
        there = answer.headers["location"]
        assert str(answer.url.join(there)).startswith(scene.base + "/"), there
        assert "set-cookie: a=b" not in str(answer.headers).lower()
        client.cookies = answer.cookies
        form = {"form_token": await form_token(client), "organisation_id": somebody.organisation_id, "next": where}
        answer = await client.post("/organisation", data=form)
        assert str(answer.url.join(answer.headers["location"])).startswith(scene.base + "/")
    assert 'value="https:' not in shown.text
    assert 'value="//' not in shown.text


async def test_choosing_a_language_leads_back_and_nowhere_else(scene: Scene) -> None:
    async with httpx.AsyncClient(base_url=scene.base) as client:
        for referer, there in (
            (f"{scene.base}/log-ind?next=/kommune", "/log-ind?next=/kommune"),
            (f"{ELSEWHERE}/log-ind", "/"),
            (f"{scene.base}@evil.example/", "/"),
            (f"{scene.base}//evil.example/", "/"),
            ("nonsense", "/"),
            ("", "/"),
        ):
            answer = await client.get("/sprog/en", headers={"Referer": referer})
            assert answer.headers["location"] == there, referer
            assert "language=en" in answer.headers["set-cookie"]
        assert "language=da" in (await client.get("/sprog/klingon")).headers["set-cookie"]


# --- what pages are sent with ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "who"),
    [("/findes-ikke", "supplier"), ("/helpdesk", "supplier"), ("/start", "supplier"), ("/start", NOBODY)],
)
async def test_what_is_no_page_is_sent_as_one(address: str, who: str, sessions: Sessions) -> None:
    """Refusals and what leads on; pages themselves are in test_pages.py."""
    async with await sessions.as_(who) as client:
        answer = await client.get(address)
    assert list(in_its_headers(answer)) == []


async def test_files_may_be_kept_for_ever_and_only_those_of_this_build(scene: Scene, sessions: Sessions) -> None:
    async with sessions.client() as client:
        text = (await client.get("/")).text
        digest = text.partition('href="/static/')[2].partition("/")[0]
        kept = await client.get(f"/static/{digest}/css/portal.css")
        other = await client.get("/static/another/css/portal.css")
        outside = [await client.get(f"/static/{digest}/{up}settings.py") for up in ("..%2f", "%2e%2e/", "..%5c", "/")]
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert other.headers["cache-control"] == "no-store"
    assert not [one.url for one in outside if one.is_success]


async def test_what_is_downloaded_is_nobody_elses(scene: Scene, sessions: Sessions) -> None:
    for file in FILES:
        if file.path.startswith(("/static", "/favicon")):
            continue
        async with await sessions.as_(file.by) as client:
            answer = await client.get(file.address(scene))
        assert answer.status_code in {200, 303}, file.path
        assert answer.headers["cache-control"] == "no-store", file.path
        assert answer.headers["x-content-type-options"] == "nosniff", file.path


async def test_what_is_too_large_is_refused_in_words(scene: Scene, sessions: Sessions) -> None:
    async with await sessions.as_("supplier") as client:
        token = await form_token(client)
        answer = await client.post("/organisation", data={"form_token": token, "next": "x" * 1_100_000})
        assert answer.status_code == 413
        many = {"form_token": token} | {f"field{number}": "x" for number in range(3000)}
        answer = await client.post("/organisation", data=many)
        assert answer.status_code in {400, 413, 422}
        assert "<h1" in answer.text
