"""Each page as people meet it: it opens, breaks no rule of the design and of accessibility, and leads on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise

import httpx
import pytest

from tests.browser.cast import Scene
from tests.browser.conftest import Visit
from tests.browser.declared.route import Page
from tests.browser.pages import PAGES, in_the_long_run, in_the_short_run
from tests.browser.proving import PROVE
from tests.browser.visitor import NARROW, NARROWEST, WIDE, Sessions, Visitor

LARGEST_BYTES = 100_000
STRICT = {"default-src 'none'", "style-src 'self'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"}
EVERYWHERE = {
    "cache-control": "no-store",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
STRICTER = {"referrer-policy": "no-referrer"}
"""What a page with a secret in its address is sent with instead."""


class Outline(HTMLParser):
    """What a page's text holds: its title, headings, ids, and what it points to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.named: set[str] = set()
        self.faults: list[str] = []
        self.links: set[str] = set()
        self.forms: list[dict[str, str]] = []
        self.fields: list[set[str]] = []
        found = re.search(r"<title>(.*?)</title>", text, re.DOTALL)
        self.title = found[1].strip() if found else ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attributes}
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in told:
            self.ids.append(told["id"])
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            self.named |= set(told.get(name, "").split())
        if "style" in told or any(name.startswith("on") for name in told):
            self.faults.append(f"inline style or script: <{tag} {told}>")
        if tag == "script" and not told.get("src"):
            self.faults.append("inline script")
        if tag == "a" and "href" in told:
            self.links.add(told["href"])
        if tag == "form":
            self.forms.append(told)
            self.fields.append(set())
        if tag in {"input", "select", "textarea", "button"} and "name" in told and self.fields:
            self.fields[-1].add(told["name"])


def name_of(given: tuple[Page, str]) -> str:
    return f"{given[1]} {given[0].name}"


async def test_every_page_as_text(scene: Scene, sessions: Sessions) -> None:
    """What can be seen without a browser, of all pages at once."""
    titles: dict[str, str] = {}
    faults: list[str] = []
    for page, who in in_the_short_run():
        async with await sessions.as_(who) as client:
            answer = await client.get(page.address(scene))
        if answer.status_code != page.status:
            faults.append(f"{page.name}: {answer.status_code}")
            continue
        outline = Outline(answer.text)
        told = [*outline.faults, *in_its_text(outline), *in_its_headers(answer)]
        if len(answer.content) >= LARGEST_BYTES:
            told.append(f"{len(answer.content)} bytes")
        if not page.query and titles.setdefault(outline.title, page.path) != page.path:
            told.append(f"the title “{outline.title}” is that of {titles[outline.title]} too")
        faults += [f"{page.name}: {one}" for one in told]
    assert not faults, "\n".join(faults)


def in_its_text(outline: Outline) -> Iterator[str]:
    """What is wrong with a page's headings, names and forms."""
    if outline.headings.count(1) != 1:
        yield f"{outline.headings.count(1)} h1"
    within = outline.headings[outline.headings.index(1) :] if 1 in outline.headings else []
    if [level for before, level in pairwise(within) if level > before + 1]:
        yield f"headings leave levels out: {within}"
    if repeated := {one for one in outline.ids if outline.ids.count(one) > 1}:
        yield f"ids more than once: {repeated}"
    if nowhere := outline.named - set(outline.ids):
        yield f"names elements that are not there: {nowhere}"
    for form, fields in zip(outline.forms, outline.fields, strict=True):
        if form.get("method", "get").lower() == "post" and "form_token" not in fields:
            yield f"a form without its token: {form}"


def in_its_headers(answer: httpx.Response) -> Iterator[str]:
    """What is wrong with what a page is sent with."""
    policy = {one.strip() for one in answer.headers["content-security-policy"].split(";")}
    if not policy >= STRICT or "unsafe" in answer.headers["content-security-policy"]:
        yield f"policy {policy}"
    for name, value in EVERYWHERE.items():
        if answer.headers.get(name) not in {value, STRICTER.get(name, value)}:
            yield f"{name} is {answer.headers.get(name)}"


@pytest.mark.parametrize(("page", "who"), list(in_the_short_run()), ids=map(name_of, in_the_short_run()))
async def test_a_page(page: Page, who: str, scene: Scene, visit: Visit) -> None:
    """Each page once."""
    visitor = await visit(who)
    await visitor.go(page.address(scene), page.status)
    await look_at(visitor)


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_way_about_without_a_script(size: tuple[int, int], visit: Visit) -> None:
    """The menu, the language and the way out are there, and nothing is wider than the window."""
    visitor = await visit("economy", script=False, size=size)
    await visitor.go("/kommune")
    for what in (".navigation-menu a", ".portal-user a[hreflang]", ".portal-user form[action='/log-ud'] button"):
        assert await visitor.page.locator(what).first.is_visible(), what
    assert await visitor.overflow() == []


async def look_at(visitor: Visitor) -> None:
    """The page that is open, by axe, in three widths, and by keyboard."""
    if not await visitor.page.locator("[data-module=error-summary]").count():
        await visitor.page.keyboard.press("Tab")
        assert await visitor.page.evaluate("() => document.activeElement.className") == "skipnav"
    assert await visitor.axe() == []
    assert await visitor.unfocusable() == []
    for size in (NARROWEST, NARROW):
        await visitor.size(size)
        assert await visitor.overflow() == [], size
    assert await visitor.axe(["target-size"]) == []


@pytest.mark.skipif(not PROVE, reason="the long form: make prove")
@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize(("page", "who"), list(in_the_long_run()), ids=map(name_of, in_the_long_run()))
async def test_a_page_in_every_way(page: Page, who: str, language: str, scene: Scene, visit: Visit) -> None:
    """In both languages, wide and narrow, with the menu open, and without a script."""
    visitor = await visit(who, language=language)
    await visitor.go(page.address(scene), page.status)
    assert await visitor.page.get_attribute("html", "lang") == language
    await look_at(visitor)
    await visitor.page.click(".js-menu-open")
    await visitor.page.wait_for_selector(".mobile-drawer:not([hidden])")
    assert await visitor.axe() == [], "with the menu open"
    plain = await visit(who, language=language, script=False)
    for size in (WIDE, NARROW):
        await plain.size(size)
        await plain.go(page.address(scene), page.status)
        assert await plain.page.locator(".navigation-menu a").first.is_visible(), "no menu without a script"


@pytest.mark.skipif(not PROVE, reason="the long form: make prove")
@pytest.mark.parametrize("who", sorted({one for page in PAGES for one in page.by}))
async def test_no_dead_ends(who: str, scene: Scene, sessions: Sessions) -> None:
    """Every link on every page somebody has leads somewhere, and each page has one besides the frame's."""
    faults: list[str] = []
    seen: dict[str, int] = {}
    async with await sessions.as_(who) as client:
        for page in (page for page in PAGES if who in page.by):
            text = (await client.get(page.address(scene))).text
            outline = Outline(text)
            for link in outline.links:
                if link.startswith(("#", "tel:", "mailto:", "/sprog/")):
                    if link.startswith("#") and link[1:] not in outline.ids:
                        faults.append(f"{page.name}: {link} is not there")
                    continue
                if not link.startswith(("/", "?")):
                    faults.append(f"{page.name}: leads off the site: {link}")
                    continue
                there = link if link.startswith("/") else page.address(scene).partition("?")[0] + link
                there = there.partition("#")[0]
                if there not in seen:
                    seen[there] = (await client.get(there, follow_redirects=True)).status_code
                if seen[there] != 200:
                    faults.append(f"{page.name}: {there} answers {seen[there]}")
    assert not faults
