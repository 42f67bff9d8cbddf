"""What people come for, from the mail that calls them to the page that says it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.browser.cast import Scene
from tests.browser.conftest import Visit
from tests.browser.desk import Desk, Made
from tests.browser.hands import Hands, Way
from tests.browser.proving import PROVE

PRIMARY = "main form button.button-primary"
WARNING = "main form button.button-warning"


def ways(short: Way) -> pytest.MarkDecorator:
    """This way in the short run, every way in the long one."""
    every: tuple[Way, ...] = ("mouse", "keyboard", "plain")
    return pytest.mark.parametrize("way", every if PROVE else (short,))


@pytest.fixture
async def desk(scene: Scene) -> AsyncIterator[Desk]:
    """The services' APIs, for what a journey needs to be there before."""
    made = Desk(scene)
    yield made
    await made.close()


async def somebody(visit: Visit, way: Way) -> Hands:
    """Who comes with nothing but a link."""
    return Hands(await visit("nobody", script=way != "plain"), way)


@ways("mouse")
async def test_a_supplier_from_the_invitation_to_the_municipalities_answers(
    way: Way, desk: Desk, visit: Visit, scene: Scene
) -> None:
    supplier = await desk.organisation("Fjeldsoft", "administrator")
    towns = [
        await desk.come(await desk.organisation(name, "administrator", "signatory", municipality=True))
        for name in ("Viborup Kommune", "Nærvig Kommune")
    ]
    hands = await somebody(visit, way)
    page = hands.page

    await hands.visitor.go(await desk.link(supplier))
    await hands.write("#password", supplier.password)
    await hands.press(PRIMARY)
    await hands.sign_in(supplier.email, supplier.password)
    assert page.url.endswith("/leverandoer"), page.url

    await hands.visitor.go("/leverandoer/it-systemer")
    await hands.press("main a[href='/leverandoer/it-systemer/nyt']")
    await hands.write("#name", "Fjeldsyn")
    await hands.tick("#environment-production")
    await hands.write("#certificate", "Vores certifikat")
    await hands.press(PRIMARY)
    assert await page.locator("#certificate-error").is_visible()
    await hands.write("#certificate", desk.certificate(supplier))
    if way != "plain":
        await page.locator("#certificate").blur()
        await page.locator("#certificate-error").wait_for(state="detached")
    await hands.press(PRIMARY)
    assert "/leverandoer/it-systemer/" in page.url, await hands.visitor.why()
    assert "Fjeldsyn" in await page.inner_text("h1")

    await hands.visitor.go("/leverandoer/serviceaftaler")
    await hands.press("main a[href^='/leverandoer/serviceaftaler/ny']")
    await hands.tick(f"#service-{scene.ids['service']}")
    for town in towns:
        await hands.tick(f"#kommune-{town.id}")
    await hands.write("#purpose", "Medarbejderen slår borgeren op, når en ansøgning behandles.")
    await hands.write("#calls", "1200")
    await hands.press("main form .button-row button.button-primary")
    told = await page.inner_text("main")
    assert all(town.name in told for town in towns)
    await hands.press("main form[action$='/send'] button")
    assert "0 af 2 kommuner har svaret" in await page.inner_text("main"), await hands.visitor.why()
    there = page.url.removeprefix(scene.base)

    for town, approves in zip(towns, (True, False), strict=True):
        await answer(await somebody(visit, way), desk, town, approves=approves)
    await desk.mails.wait("agreement.approved.v1", supplier.mailbox)
    await desk.mails.wait("agreement.rejected.v1", supplier.mailbox)
    returned = Hands(await visit("nobody", script=way != "plain"), way)
    await returned.visitor.go("/log-ind?next=" + there)
    await returned.sign_in(supplier.email, supplier.password)
    told = await returned.page.inner_text("main")
    assert "2 af 2 kommuner har svaret" in told
    assert "Godkendt" in told
    assert "Afvist" in told


async def answer(hands: Hands, desk: Desk, town: Made, *, approves: bool) -> None:
    """From the mail's link by way of sign-in to the answer, in three clicks at the most."""
    await hands.visitor.go(await desk.mailed("agreement.requested.v1", town.mailbox, "/serviceaftale/"))
    await hands.sign_in(town.email, town.password)
    hands.clicks = 0
    if approves:
        await hands.press(PRIMARY)
        await hands.press(PRIMARY)
        assert "har adgang fra nu af" in await hands.page.inner_text("main"), await hands.visitor.why()
    else:
        await hands.press("main a[href$='/afvis']")
        await hands.press(WARNING)
        assert await hands.page.locator("[data-module=error-summary]").is_visible(), "a reason is needed"
        await hands.tick("#chosen-not_ours")
        await hands.press(WARNING)
        assert "er afvist" in await hands.page.inner_text("main"), await hands.visitor.why()
    assert hands.clicks <= 3


@ways("keyboard")
async def test_a_municipality_decides_on_one_on_several_and_ends_an_agreement(
    way: Way, desk: Desk, visit: Visit
) -> None:
    supplier = await desk.come(await desk.organisation("Havsoft", "administrator"))
    town = await desk.come(
        await desk.organisation("Østerup Kommune", "administrator", "signatory", municipality=True)
    )
    first, *_ = await desk.requested(supplier, town, "Alfa", "Beta", "Gamma")
    hands = await somebody(visit, way)

    await hands.visitor.go(f"/serviceaftale/{first}")
    await hands.sign_in(town.email, town.password)
    await hands.press(PRIMARY)
    await hands.press(PRIMARY)
    assert "Alfa har adgang fra nu af" in await hands.page.inner_text("main")

    await hands.visitor.go("/kommune/serviceaftaler?state=requested")
    boxes = await hands.page.locator("input[name=agreement_id]").evaluate_all("(all) => all.map((one) => one.id)")
    assert len(boxes) == 2
    for box in boxes:
        await hands.tick(f"#{box}")
    await hands.press("main button[form=choose], main form#choose button.button-primary")
    await hands.press(PRIMARY)
    told = await hands.page.inner_text("main")
    assert "Beta" in told
    assert "Gamma" in told

    await hands.visitor.go(f"/kommune/serviceaftaler/{first}")
    await hands.press("main a[href$='/opsig']")
    await hands.tick("#chosen-not_used")
    await hands.tick("#sure-yes")
    await hands.press(WARNING)
    assert "Alfa har ikke adgang længere" in await hands.page.inner_text("main")
    await desk.mails.wait("agreement.terminated.v1", supplier.mailbox)
    await hands.visitor.go("/kommune")
    await hands.visitor.go("/kommune/forbrug")


@ways("plain")
async def test_helpdesk_creates_finds_and_sends_again(way: Way, desk: Desk, visit: Visit, scene: Scene) -> None:
    hands = await somebody(visit, way)
    somebody_there = scene.people["helpdesk"]
    cvr = desk.cvr()
    email = f"ny-{cvr}@new.example"

    await hands.visitor.go("/helpdesk/organisationer/opret")
    await hands.sign_in(somebody_there.email, somebody_there.password)
    assert hands.page.url.endswith("/helpdesk/organisationer/opret")
    await hands.write("#name", f"Nyskabt {cvr}")
    await hands.write("#cvr", "12345678")
    await hands.tick("#kind-supplier")
    await hands.write("#admin_name", "Oda Klitgaard")
    await hands.write("#admin_email", email)
    await hands.press(PRIMARY)
    assert await hands.page.locator("#cvr[aria-invalid=true]").is_visible()
    await hands.write("#cvr", f"{cvr[:2]} {cvr[2:4]} {cvr[4:6]} {cvr[6:]}")
    await hands.press(PRIMARY)
    assert "er oprettet" in await hands.page.inner_text("main"), await hands.visitor.why()
    assert await desk.mails.wait("user.link_issued.v1", email)

    await hands.visitor.go("/helpdesk/find")
    await hands.write("main input[name=q]", cvr)
    await hands.press("main form button")
    assert f"Nyskabt {cvr}" in await hands.page.inner_text("h1")

    await hands.visitor.go(f"/helpdesk/mails/{scene.ids[f'failed_notice_{way}']}")
    await hands.press(PRIMARY)
    assert "Mailen sendes igen nu" in await hands.page.inner_text("main")


async def test_an_invoice_can_be_kept(scene: Scene, visit: Visit) -> None:
    visitor = await visit("economy")
    await visitor.go(f"/kommune/fakturaer/{scene.ids['invoice']}")
    for kind, begins in (("pdf", b"%PDF-"), ("xml", b"<?xml")):
        link = visitor.page.locator(f"main a[href$='/{kind}']").first
        async with visitor.page.expect_download() as waiting:
            await link.click(modifiers=["Alt"] if await link.get_attribute("download") is None else [])
        path = await (await waiting.value).path()
        assert path.read_bytes().startswith(begins)
