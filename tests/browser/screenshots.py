"""`python -m tests.browser.screenshots`: the pictures in docs/pictures, made anew from the pages as they are.

They are of the browser tests' platform, whose organisations and people are all invented.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from deploy.local.places import PROJECT
from tests.browser.cast import Scene
from tests.browser.conftest import CHROMIUM, QUIETLY
from tests.browser.declared.route import Example, fill
from tests.browser.visitor import Sessions
from tests.servers import Run

PICTURES = PROJECT / "docs" / "pictures"
LARGEST_BYTES = 150_000
WIDE, NARROW = (1280, 860), (390, 844)


@dataclass(frozen=True)
class Picture:
    """One picture: a page as somebody sees it, wide or as on a phone."""

    name: str
    path: str
    who: str
    size: tuple[int, int] = WIDE
    example: Example = ()


CHOSEN = (
    Picture(
        "decide", "/kommune/serviceaftaler/{id}", "signatory", (1280, 1240), (("id", "second_agreement_waiting"),)
    ),
    Picture(
        "decide-phone", "/kommune/serviceaftaler/{id}", "signatory", NARROW, (("id", "second_agreement_waiting"),)
    ),
    Picture("municipality", "/kommune", "signatory"),
    Picture("usage", "/kommune/forbrug?quarter={quarter}", "economy", (1280, 1160), (("quarter", "quarter"),)),
    Picture("supplier", "/leverandoer", "supplier"),
    Picture("system-phone", "/leverandoer/it-systemer/{id}", "supplier", NARROW, (("id", "system"),)),
    Picture("helpdesk", "/helpdesk", "helpdesk"),
)


async def take(scene: Scene, browser: Browser, sessions: Sessions, picture: Picture) -> None:
    """Open the page and write the picture."""
    width, height = picture.size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="da-DK", reduced_motion="reduce"
    )
    cookie = await sessions.cookie(picture.who)
    await context.add_cookies([{"name": "session", "value": cookie, "url": scene.base}])
    page = await context.new_page()
    answer = await page.goto(scene.base + fill(picture.path, picture.example, scene))
    assert answer is not None
    assert answer.ok, f"{picture.name}: {answer.status}"
    await page.evaluate("() => document.fonts.ready.then(() => true)")
    written = PICTURES / f"{picture.name}.png"
    await page.screenshot(path=written)
    await context.close()
    size = written.stat().st_size
    print(f"{written.relative_to(PROJECT)}: {size // 1000} kB")
    if size > LARGEST_BYTES:
        sys.exit(f"{picture.name} is larger than {LARGEST_BYTES // 1000} kB: choose a lower window for it.")


async def make(scene: Scene) -> None:
    """All of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    sessions = Sessions(scene)
    arguments = [*QUIETLY, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        for picture in CHOSEN:
            await take(scene, browser, sessions, picture)
        await browser.close()


def main() -> None:
    ready = os.environ.get("SP_TEST_SCENE")
    if ready:
        asyncio.run(make(Scene.of(json.loads(Path(ready).read_text()))))
        return
    run = Run.join()
    try:
        asyncio.run(make(Scene.of(run.server("portal", "tests.browser.keeper"))))
    finally:
        run.leave()


if __name__ == "__main__":
    main()
