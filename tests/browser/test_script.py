"""What people write is shown as they wrote it and never run: in pages, in exports, in what an address asks for."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator

import pytest

from tests.browser.cast import Scene
from tests.browser.conftest import Visit
from tests.browser.desk import Desk, Made
from tests.browser.pages import in_the_short_run
from tests.browser.story import FORMULA
from tests.browser.visitor import Sessions, sign_in_as

MARKUP = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
ATTRIBUTE = '" onfocus=alert(3) autofocus x="'
ASKED_FOR = (
    *("q", "id", "after", "sort", "state", "kind", "quarter", "group", "next", "over", "service", "system", "kopi"),
    *("tilstand", "kvartal", "vis", "miljoe", "kommune", "organisation", "about", "agreement_id", "service_id"),
)


@pytest.fixture
async def desk(scene: Scene) -> AsyncIterator[Desk]:
    """The services' APIs, for what these tests need to be there."""
    made = Desk(scene)
    yield made
    await made.close()


@pytest.mark.parametrize("payload", [MARKUP, ATTRIBUTE])
async def test_what_an_address_asks_for_is_never_run(payload: str, scene: Scene, sessions: Sessions) -> None:
    """Every page, with markup in everything that any page's address can ask for."""
    faults = []
    for page, who in in_the_short_run():
        path = page.address(scene).partition("?")[0]
        async with await sessions.as_(who) as client:
            answer = await client.get(path, params=dict.fromkeys(ASKED_FOR, payload))
        if payload in answer.text or "<script>alert" in answer.text or "<img src=x" in answer.text:
            faults.append(f"{page.name}: shows it as it is")
        if answer.status_code >= 500:
            faults.append(f"{page.name}: {answer.status_code}")
    assert not faults


async def test_what_people_wrote_is_never_run(desk: Desk, scene: Scene, visit: Visit) -> None:
    """Names, purposes and reasons with markup, on the pages of both sides and the helpdesk."""
    supplier = await desk.come(await desk.organisation(f"Leverandør {MARKUP}", "administrator"))
    town = await desk.come(await desk.organisation(f"By {MARKUP}", "administrator", "signatory", municipality=True))
    first, second = await desk.requested(
        supplier, town, f"Et {MARKUP}", f"To {ATTRIBUTE}", purpose=f"Slå op {MARKUP}"
    )
    rejected = f"/agreements/agreements/{second}/reject"
    await desk.ask(town.email, town.password, "POST", rejected, {"reason": f"Nej {MARKUP}"})
    agreement = await desk.ask(supplier.email, supplier.password, "GET", f"/agreements/agreements/{first}")

    for made, paths in (
        (supplier, ("", "/it-systemer", f"/it-systemer/{agreement['system_id']}", "/serviceaftaler", "/anmodninger")),
        (supplier, (f"/serviceaftaler/{second}", f"/serviceaftaler/ny?kopi={second}", "/organisation", "/forbrug")),
        (town, ("", "/serviceaftaler", f"/serviceaftaler/{first}", f"/serviceaftaler/{first}/godkend")),
        (town, (f"/serviceaftaler/{second}", f"/serviceaftaler/{first}/afvis", "/organisation")),
    ):
        await _shown(visit, scene, made, "/leverandoer" if made is supplier else "/kommune", paths)
    visitor = await visit("helpdesk")
    for path in (f"/organisationer/{supplier.id}", f"/serviceaftaler/{second}", "/find?q=Leverand%C3%B8r", "/log"):
        await visitor.go(f"/helpdesk{path}")
        assert await visitor.page.locator("img[src=x], [onfocus], [onerror]").count() == 0, path


async def _shown(visit: Visit, scene: Scene, made: Made, part: str, paths: tuple[str, ...]) -> None:
    visitor = await visit("nobody", cookie=await sign_in_as(scene, made.email, made.password))
    for path in paths:
        await visitor.go(part + path)
        assert await visitor.page.locator("img[src=x], [onfocus], [onerror]").count() == 0, path
        assert "script" not in await visitor.page.evaluate(
            "() => [...document.scripts].filter((one) => !one.src).map(() => 'script')"
        )


@pytest.mark.parametrize(
    "address",
    ["/leverandoer/forbrug/csv?vis=system&kvartal={quarter}", "/kommune/forbrug/csv?group=system&quarter={quarter}"],
)
async def test_what_is_exported_is_no_formula(address: str, scene: Scene, sessions: Sessions) -> None:
    """A name that begins as a formula does is text to a spreadsheet."""
    async with await sessions.as_("both") as client:
        answer = await client.get(address.format(**scene.ids))
    assert answer.headers["content-disposition"].startswith("attachment")
    cells = [cell for row in csv.reader(io.StringIO(answer.text), delimiter=";") for cell in row]
    assert [cell for cell in cells if FORMULA in cell], answer.text
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
