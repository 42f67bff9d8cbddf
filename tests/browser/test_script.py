"""What people write is shown as they wrote it, and never run: in pages, in exports, in what is asked for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.browser.cast import Scene
from tests.browser.pages import PAGES
from tests.browser.visitor import Sessions

MARKUP = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
ATTRIBUTE = '" onfocus=alert(3) autofocus x="'
FORMULA = '=HYPERLINK("https://evil.example";"klik")'
ASKED_FOR = (
    "q",
    "state",
    "sort",
    "after",
    "kind",
    "quarter",
    "from",
    "to",
    "service",
    "system",
    "municipality",
    "id",
)


class Desk:
    """The services' APIs as somebody who may: what this test makes for itself."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._http = httpx.AsyncClient(base_url=scene.base, timeout=30, verify=False)
        self._tokens: dict[str, str] = {}

    async def ask(self, key: str, method: str, path: str, body: Any = None) -> Any:
        if key not in self._tokens:
            somebody = self.scene.people[key]
            answer = await self._http.post(
                "/registry/sign-in", json={"email": somebody.email, "password": somebody.password}
            )
            self._tokens[key] = answer.raise_for_status().json()["token"]
        headers = {"Authorization": f"Bearer {self._tokens[key]}"}
        answer = await self._http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json() if answer.content else None

    async def close(self) -> None:
        await self._http.aclose()


@pytest.mark.parametrize("payload", [MARKUP, ATTRIBUTE])
async def test_what_is_asked_for_is_never_run(payload: str, scene: Scene, sessions: Sessions) -> None:
    """Every page, asked for with markup in everything an address can ask for."""
    faults = []
    for page in PAGES:
        if page.note or page.status != 200:
            continue
        async with await sessions.as_(page.by[0]) as client:
            asked = dict.fromkeys(ASKED_FOR, payload)
            for name in (*([] if page.query else ["q"]), None):
                some = {name: payload} if name else asked
                answer = await client.get(page.address(scene).partition("?")[0], params=some)
                if (
                    payload in answer.text
                    or "<script>alert" in answer.text
                    or "onfocus=alert(3) auto" in answer.text.replace("&#34; onfocus", "")
                ):
                    faults.append(f"{page.name}?{name}")
                if answer.status_code >= 500:
                    faults.append(f"{page.name}?{name}: {answer.status_code}")
    assert not faults
