"""What browser tests may ask for: the platform with its story, a browser, and windows in it as anybody."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.browser.cast import Scene
from tests.browser.visitor import WIDE, Sessions, Visitor
from tests.conftest import RUN

CHROMIUM = "/usr/bin/chromium"
QUIETLY = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)
"""A browser that asks nobody for anything but the pages it is shown."""

Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture(scope="session")
async def scene(request: pytest.FixtureRequest) -> Scene:
    """The platform, shared by all workers. What changes something there makes things of its own first.

    SP_TEST_SCENE names the file of a platform that runs already (`python -m tests.browser.keeper portal DIR`).
    """
    ready = os.environ.get("SP_TEST_SCENE")
    if ready:
        return Scene.of(json.loads(await asyncio.to_thread(Path(ready).read_text)))
    run = request.config.stash[RUN]
    return Scene.of(await asyncio.to_thread(run.server, "portal", "tests.browser.keeper"))


@pytest.fixture(scope="session")
async def sessions(scene: Scene) -> Sessions:
    """Sign-ins without a browser."""
    return Sessions(scene)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, one a worker."""
    # Its own sandbox needs an account that is not root.
    arguments = [*QUIETLY, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield started
        await started.close()


Key = tuple[str | None, tuple[int, int], str, bool]


@pytest.fixture(scope="session")
async def contexts(browser: Browser) -> dict[Key, BrowserContext]:
    """Browser profiles, used again by who looks at pages alone: they keep the files that all pages load."""
    return {}


@pytest.fixture
async def visit(
    browser: Browser, scene: Scene, sessions: Sessions, contexts: dict[Key, BrowserContext]
) -> AsyncIterator[Visit]:
    """`await visit("signatory")`: a window of hers; `nobody` is not signed in.

    `cookie` is a session of its own instead of the shared one. After the test no window may have any `faults`.
    """
    opened: list[Visitor] = []

    async def open_window(
        key: str,
        *,
        size: tuple[int, int] = WIDE,
        language: str = "da",
        script: bool = True,
        cookie: str | None = None,
    ) -> Visitor:
        session = cookie or (None if key == "nobody" else await sessions.cookie(key))
        kind = (session, size, language, script)
        if kind not in contexts:
            contexts[kind] = await browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                locale="da-DK",
                java_script_enabled=script,
                reduced_motion="reduce",
            )
            contexts[kind].set_default_timeout(15_000)
        context = contexts[kind]
        # What an earlier test came to is forgotten, and with it any other session.
        await context.clear_cookies()
        told = {"session": session, "language": "en" if language == "en" else None}
        await context.add_cookies(
            [{"name": name, "value": value, "url": scene.base} for name, value in told.items() if value]
        )
        visitor = Visitor(context, await context.new_page(), scene)
        opened.append(visitor)
        return visitor

    yield open_window
    for visitor in opened:
        await visitor.page.close()
    assert not [fault for visitor in opened for fault in visitor.faults]
