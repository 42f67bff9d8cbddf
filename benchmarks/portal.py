"""How long does the portal take to make a page, with a full country's data and 20 people at it?

Each of them looks at a page, thinks for five seconds, and follows a link or the menu, for three minutes: suppliers,
municipalities and the helpdesk. What is told is the server's own time for each page, as the portal logs it.

Aim: 95 of 100 pages within 100 ms; a page's HTML under 100 KB; the first view of a page under 300 KB transferred.
What no page can do without: its session is looked up, two services are asked one after the other, a page is written.
That is measured alone, before the people come, and set against what 95 of 100 pages take with all of them at it.
"""

from __future__ import annotations

import asyncio
import html
import json
import random
import re
import secrets
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import httpx

from benchmarks.country.__main__ import write_country
from demo import story
from demo.authority import Authority
from deploy.local.platform import Platform
from deploy.local.ports import free_block
from services.portal.domain.menu import PARTS, Hat

PEOPLE: tuple[tuple[Hat, int], ...] = (("supplier", 8), ("municipality", 9), ("helpdesk", 3))
THINK_SECONDS = 5.0
SECONDS = 180
MENU = 0.5
"""How often somebody goes on by the menu; else by a link on the page."""
AIM_MS, HTML_BYTES, FIRST_VIEW_BYTES = 100, 100_000, 300_000
AIM = 0.05
ALONE = 30
_LINK = re.compile(r'<a [^>]*?href="(/[^"#]*)"')
_ENTRY = re.compile(r'<a href="(/[^"]*)" class="nav-link"')
_NO_PAGE = re.compile(r"/(pdf|xml|csv|skabelon|log-ud)\b|csv")


@dataclass
class Visitor:
    """Somebody at the portal, and how large the pages were that they saw."""

    client: httpx.AsyncClient
    hat: Hat
    rng: random.Random
    sizes: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    async def sign_in(self, email: str, password: str) -> None:
        """Begin a session."""
        answer = await self.client.post("/log-ind", data={"email": email, "password": password})
        assert answer.status_code == 303, answer.text[:500]

    async def look_around(self, until: float) -> None:
        """Look at pages until then."""
        await asyncio.sleep(self.rng.uniform(0, THINK_SECONDS))
        links: list[str] = []
        front = await self.client.get(PARTS[self.hat].path)
        menu = sorted(set(_ENTRY.findall(front.text)))
        while time.monotonic() < until:
            on_page = links if self.rng.random() > MENU else []
            links = await self.look(self.rng.choice(on_page or menu))
            await asyncio.sleep(self.rng.uniform(0.5, 1.5) * THINK_SECONDS)

    async def look(self, path: str) -> list[str]:
        """Look at one page; returns the links on it that lead on within the same part of the portal."""
        answer = await self.client.get(path, follow_redirects=True)
        if answer.status_code >= 400:
            self.failed.append(f"{answer.status_code} {path}")
            return []
        self.sizes[path] = len(answer.content)
        found = {html.unescape(link) for link in _LINK.findall(answer.text)}
        own = PARTS[self.hat].path
        return sorted(link for link in found if link.startswith(own) and not _NO_PAGE.search(link))


async def measure(platform: Platform) -> None:
    """Write the country, send the people in, and tell what it took."""
    password, base = secrets.token_urlsafe(12), platform.postgres.admin_url.rpartition("/")[0]
    began = time.monotonic()
    country, sign_ins = await write_country(
        lambda service: f"{base}/{service}", Authority.open(platform.directory / "authority"), password=password
    )
    print(f"{len(country.agreements)} agreements written in {time.monotonic() - began:.0f} s")
    emails: dict[Hat, list[str]] = {
        "helpdesk": [email for what, email in sign_ins if what == "helpdesk"],
        "supplier": [one.email for one in country.people if one.organisation_id in {s.id for s in country.suppliers}],
        "municipality": [
            one.email for one in country.people if one.organisation_id in {m.id for m in country.municipalities}
        ],
    }
    visitors = []
    for hat, count in PEOPLE:
        for place in range(count):
            rng = random.Random(f"{hat} {place}")
            visitor = Visitor(_client(platform.public_url), hat, rng)
            some = emails[hat]
            await visitor.sign_in(some[0] if hat == "helpdesk" else rng.choice(some), password)
            visitors.append(visitor)
    log = platform.directory / "log" / "portal.log"
    try:
        alone = await _alone(visitors[-1], log)
        before = _size(log)
        await asyncio.gather(*(visitor.look_around(time.monotonic() + SECONDS) for visitor in visitors))
        _tell(_times(log, before), visitors, alone)
        await _first_view(platform.public_url)
    finally:
        for visitor in visitors:
            await visitor.client.aclose()


def _client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=30, trust_env=False)


async def _alone(visitor: Visitor, log: Path) -> float:
    """Milliseconds a page can't be quicker than: the page of one's organisations, and two services asked."""
    before = _size(log)
    for _ in range(ALONE):
        await visitor.client.get("/organisation")
    pages = [ms for times in _times(log, before).values() for ms in times]
    asked = []
    for _ in range(ALONE):
        began = time.perf_counter()
        await visitor.client.get("/registry/services?limit=50")
        asked.append((time.perf_counter() - began) * 1000)
    return statistics.median(pages) + 2 * statistics.median(asked)


def _size(log: Path) -> int:
    return log.stat().st_size


def _times(log: Path, before: int) -> dict[str, list[float]]:
    """The milliseconds of each page that was asked for, by route, from what the portal has logged since."""
    found: dict[str, list[float]] = defaultdict(list)
    with log.open("rb") as file:
        file.seek(before)
        for line in file:
            told = json.loads(line) if line.startswith(b"{") else {}
            route = told.get("route", "none")
            if told.get("event") == "request" and not route.startswith(("/static", "/favicon", "none")):
                found[route].append(told["ms"])
    return found


def _tell(times: dict[str, list[float]], visitors: Sequence[Visitor], alone: float) -> None:
    everything = sorted(ms for route in times.values() for ms in route)
    print(f"{'page':58} {'seen':>5} {'median':>7} {'p95':>7} ms")
    for route, found in sorted(times.items(), key=lambda one: -_p95(one[1])):
        print(f"{route:58} {len(found):5} {statistics.median(found):7.0f} {_p95(found):7.0f}")
    largest = sorted(((size, path) for one in visitors for path, size in one.sizes.items()), reverse=True)
    print(f"largest HTML: {', '.join(f'{size / 1000:.0f} KB {path}' for size, path in largest[:3])}")
    if failed := sorted({line for one in visitors for line in one.failed}):
        print(f"did not come: {'; '.join(failed[:10])}")
    if largest and largest[0][0] > HTML_BYTES:
        print(f"a page is larger than {HTML_BYTES / 1000:.0f} KB")
    print(
        f"{len(everything)} pages: median {statistics.median(everything):.0f} ms, p95 {_p95(everything):.0f} ms"
        f" (aim {AIM_MS} ms); what no page can do without, alone: {alone:.0f} ms"
    )
    print(f"portal ratio={alone / _p95(everything):.2f} aim={AIM}")


def _p95(found: Sequence[float]) -> float:
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


async def _first_view(url: str) -> None:
    """Bytes of the front page with all it loads, as they are transferred to a browser that has nothing yet."""
    async with _client(url) as client:
        page = await client.get("/")
        total = page.num_bytes_downloaded
        wanted = set(re.findall(r'(?:href|src)="(/static/[^"#]*)', page.text))
        while wanted:
            path = wanted.pop()
            answer = await client.get(path)
            total += answer.num_bytes_downloaded
            if path.endswith(".css"):
                # Of the fonts and images a stylesheet names, a browser loads what the page uses: the text's fonts.
                named = re.findall(r"url\([\"']?([^\"')]+Latin1\.woff2)", answer.text)
                wanted |= {urljoin(path, one) for one in named}
    print(f"first view: {total / 1000:.0f} KB transferred (aim under {FIRST_VIEW_BYTES / 1000:.0f} KB)")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        story.prepare(directory)
        with Platform(directory, free_block().edge, "demonstration") as platform:
            asyncio.run(measure(platform))
