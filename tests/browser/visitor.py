"""A window of the browser, as somebody, and everything that went wrong in it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response

from deploy.local.places import PROJECT
from tests.browser.cast import Scene, Somebody

AXE = PROJECT / "services" / "portal" / "assets" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HIDES_FAULTS = {"aria-valid-attr-value"}
"""What axe calls undecided here are faults: names of elements that are not there."""
WIDE, NARROW, NARROWEST = (1280, 900), (390, 844), (320, 640)


class Visitor:
    """One window. `faults` gathers what no page may do: errors, other hosts, files that are missing."""

    def __init__(self, context: BrowserContext, page: Page, scene: Scene) -> None:
        self.context = context
        self.page = page
        self.scene = scene
        self.faults: list[str] = []
        self._host = urlsplit(scene.base).netloc
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    async def go(self, path: str, status: int = 200) -> Response:
        """Open a page of the portal; fails when it answers otherwise than with this status."""
        answer = await self.page.goto(self.scene.base + path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}, {await self.why()}"
        return answer

    async def why(self) -> str:
        """The page's own words, and the portal's last ones when it failed."""
        told = " ".join((await self.page.inner_text("body")).split())[:400]
        faults = [line for line in _lines(self.scene) if line.get("level") in {"error", "warning"}]
        return told + "".join(f"\n{json.dumps(line)[:3000]}" for line in faults[-2:])

    async def size(self, size: tuple[int, int]) -> None:
        await self.page.set_viewport_size({"width": size[0], "height": size[1]})

    async def axe(self, only: list[str] | None = None) -> list[str]:
        """What axe finds in the page as it stands: one line a fault."""
        await self.page.evaluate(_axe())
        found = await self.page.evaluate(
            """(asked) => axe.run(document, {runOnly: asked, resultTypes: ["violations", "incomplete"]})""",
            {"type": "rule", "values": only} if only else {"type": "tag", "values": RULES},
        )
        results = found["violations"] + [one for one in found["incomplete"] if one["id"] in HIDES_FAULTS]
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
            for one in results
            for node in one["nodes"]
        ]

    async def overflow(self) -> list[str]:
        """What makes the page wider than the window."""
        found: list[str] = await self.page.evaluate(
            """() => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.querySelectorAll("body *")]
                .filter((one) => one.getBoundingClientRect().right > width + 1 && one.offsetParent)
                .map((one) => one.outerHTML.slice(0, 160)).slice(0, 5)
                .concat([`${document.documentElement.scrollWidth} > ${width}`]);
            }"""
        )
        return found

    async def unfocusable(self) -> list[str]:
        """What can have the focus and does not show it."""
        found: list[str] = await self.page.evaluate(
            """() => {
              const shown = (one) => {
                const style = getComputedStyle(one);
                return [style.outline, style.boxShadow, style.borderColor, style.backgroundColor, style.opacity,
                        one.getBoundingClientRect().top].join();
              };
              const faults = [];
              document.activeElement.blur();
              const choice = "a[href], button, input:not([type=hidden]), select, textarea, [tabindex='0'], summary";
              for (const one of document.querySelectorAll(choice)) {
                if (!one.checkVisibility({visibilityProperty: true}) || one.disabled) continue;
                const marked = () => one.type === "checkbox" || one.type === "radio"
                  ? shown(one) + (one.nextElementSibling ? shown(one.nextElementSibling)
                    + getComputedStyle(one.nextElementSibling, "::before").outline
                    + getComputedStyle(one.nextElementSibling, "::before").boxShadow : "") : shown(one);
                const before = marked();
                one.focus({focusVisible: true, preventScroll: true});
                if (document.activeElement !== one || marked() === before) faults.push(one.outerHTML.slice(0, 160));
                one.blur();
              }
              return faults;
            }"""
        )
        return found

    def _said(self, message: ConsoleMessage) -> None:
        # What could not be loaded is judged by its response: a form that is refused is a page all the same.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).scheme in {"http", "https"} and urlsplit(request.url).netloc != self._host:
            self.faults.append(f"asks another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.faults.append(f"{response.url}: {response.status}")


class Sessions:
    """Signs people in without a browser, once each: what a page shows does not depend on how one signed in."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._cookies: dict[str, str] = {}

    async def cookie(self, key: str) -> str:
        """The cookie of a session of theirs, shared with other tests: look only, don't sign out."""
        if key not in self._cookies:
            self._cookies[key] = await sign_in(self.scene, self.scene.people[key])
        return self._cookies[key]

    def client(self, cookie: str | None = None, **headers: str) -> httpx.AsyncClient:
        """A browser without a screen, with the session of that cookie."""
        return httpx.AsyncClient(
            base_url=self.scene.base,
            cookies={"session": cookie} if cookie else {},
            headers={"Origin": self.scene.base, **headers},
            timeout=30,
            verify=False,
        )

    async def as_(self, key: str) -> httpx.AsyncClient:
        """The same, as somebody of the scene; `nobody` is nobody."""
        return self.client(None if key == "nobody" else await self.cookie(key))


async def sign_in(scene: Scene, somebody: Somebody) -> str:
    """Sign in by the form; returns the new session's cookie."""
    return await sign_in_as(scene, somebody.email, somebody.password)


async def sign_in_as(scene: Scene, email: str, password: str) -> str:
    """The same, as anybody."""
    async with httpx.AsyncClient(
        base_url=scene.base, headers={"Origin": scene.base}, timeout=30, verify=False
    ) as client:
        answer = await client.post("/log-ind", data={"email": email, "password": password})
        assert answer.status_code == 303, answer.text
        return client.cookies["session"]


def _axe() -> str:
    assert AXE.exists(), "axe-core is not there: run `npm ci` in services/portal/assets"
    return AXE.read_text()


def _lines(scene: Scene) -> list[dict[str, Any]]:
    found = []
    for line in scene.log.read_text(errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
