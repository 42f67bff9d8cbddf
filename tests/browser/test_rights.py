"""Whoever has not got a page sees nothing of it: every page, file and act as everybody else."""

from __future__ import annotations

import re
from urllib.parse import unquote

import httpx
import pytest

from tests.browser.cast import MUNICIPALITIES, Scene
from tests.browser.declared.route import EVERYBODY, NOBODY, File, Page
from tests.browser.pages import ACTS, FILES, PAGES
from tests.browser.visitor import Sessions

REFUSALS = {403, 404}
LED_ON = {303}
HAVING = {200, 303, 422}
"""What somebody is answered who has the page, but none of what its address names."""
OWN_SYSTEMS = ("Omsorg", "Borgerindgang", "Gammelt arkiv", "Hjemmepleje Mobil", "Skoleliv")
"""Nordlys Fagsystemer's."""
SYSTEMS = (*OWN_SYSTEMS, "Havnelogistik", "Byens Selv")


def told_of_others(text: str, scene: Scene, key: str, asked: str) -> list[str]:
    """Names of people, organisations and systems that are none of theirs, and ids they did not ask for themselves."""
    own = scene.people.get(key)
    names = {one.name for one in scene.people.values()} | {one.organisation for one in scene.people.values()}
    names |= {*MUNICIPALITIES, *SYSTEMS}
    if own:
        names -= {one.name for one in scene.people.values() if one.organisation == own.organisation}
        names -= {own.organisation}
    body = text.partition("<main")[2]
    return [name for name in names if name and name in body] + [
        name for name, value in scene.ids.items() if len(value) > 30 and value in body and value not in asked
    ]


def leads_to_sign_in(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and answer.headers["location"].startswith("/log-ind?next=")


def besides(page: Page | File, key: str) -> set[int]:
    """What else than a refusal they may be answered."""
    if isinstance(page, File):
        return set()
    return HAVING if key in page.own else LED_ON if key in page.led_on else set()


async def form_token(client: httpx.AsyncClient) -> str:
    """What the forms of this session carry."""
    found = re.search('name="form_token" value="([0-9a-f]+)"', (await client.get("/organisation")).text)
    assert found
    return found[1]


@pytest.mark.parametrize("key", sorted(EVERYBODY))
async def test_others_see_nothing_of_a_page(key: str, scene: Scene, sessions: Sessions) -> None:
    faults = []
    async with await sessions.as_(key) as client:
        for page in (*PAGES, *FILES):
            if key in page.who:
                continue
            address = page.address(scene)
            answer = await client.get(address)
            if key == NOBODY:
                if not leads_to_sign_in(answer) or unquote(answer.headers["location"][14:]) != address:
                    faults.append(f"{address}: {answer.status_code} {answer.headers.get('location')}")
            elif answer.status_code not in REFUSALS | besides(page, key):
                faults.append(f"{address}: {answer.status_code} {answer.headers.get('location', '')}")
            if key in getattr(page, "own", ()):
                told = [name for name in OWN_SYSTEMS if name in answer.text]
            else:
                told = told_of_others(answer.text, scene, key, address)
            if told:
                faults.append(f"{address}: tells {told}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("key", sorted(EVERYBODY))
async def test_others_can_do_nothing(key: str, scene: Scene, sessions: Sessions) -> None:
    faults = []
    async with await sessions.as_(key) as client:
        token = await form_token(client) if key != NOBODY else ""
        for act in ACTS:
            if key in act.who:
                continue
            fields = act.fields(scene)
            answer = await client.post(act.address(scene), data={"form_token": token, **fields})
            allowed = REFUSALS | (HAVING if key in act.own else set())
            refused = leads_to_sign_in(answer) if key == NOBODY else answer.status_code in allowed
            if not refused:
                faults.append(f"{act.address(scene)}: {answer.status_code} {answer.headers.get('location', '')}")
            if told := told_of_others(answer.text, scene, key, act.address(scene) + str(fields)):
                faults.append(f"{act.address(scene)}: tells {told}")
    assert not faults, "\n".join(faults)
