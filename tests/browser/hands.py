"""How somebody uses a page: by mouse, by keyboard alone, or without any script."""

from __future__ import annotations

from typing import Literal

from playwright.async_api import ElementHandle

from tests.browser.visitor import Visitor

Way = Literal["mouse", "keyboard", "plain"]
MOST_TABS = 500


class Hands:
    """A visitor who does things. `clicks` counts what was pressed since it was set to 0."""

    def __init__(self, visitor: Visitor, way: Way) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.way = way
        self.clicks = 0

    async def write(self, field: str, words: str) -> None:
        """Fill in a field (by selector)."""
        if self.way != "keyboard":
            await self.page.fill(field, words)
            return
        await self._reach(field)
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.insert_text(words)

    async def choose(self, field: str, value: str) -> None:
        """Choose from a list."""
        if self.way == "keyboard":
            await self._reach(field)
        await self.page.select_option(field, value)

    async def tick(self, box: str) -> None:
        """Tick a box or choose a radio button."""
        if self.way != "keyboard":
            await self.page.locator(box).check(force=True)
        elif await self.page.get_attribute(box, "type") == "radio":
            await self._radio(box)
        else:
            await self._reach(box)
            await self.page.keyboard.press("Space")
        assert await self.page.is_checked(box), box

    async def press(self, what: str) -> None:
        """Press a button or follow a link, and come to the next page."""
        self.clicks += 1
        async with self.page.expect_navigation():
            if self.way == "keyboard":
                await self._reach(what)
                await self.page.keyboard.press("Enter")
            else:
                await self.page.locator(what).first.click()

    async def sign_in(self, email: str, password: str) -> None:
        """By the form that is open."""
        await self.write("#email", email)
        await self.write("#password", password)
        await self.press("main form button.button-primary")

    async def _reach(self, what: str) -> None:
        """Tab until it has the focus."""
        wanted = await self.page.locator(what).first.element_handle()
        for _ in range(MOST_TABS):
            if await self._has_focus(wanted):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{what} can't be reached by Tab on {self.page.url}")

    async def _radio(self, box: str) -> None:
        name = await self.page.get_attribute(box, "name")
        for _ in range(MOST_TABS):
            if await self.page.evaluate("(name) => document.activeElement.name === name", name):
                break
            await self.page.keyboard.press("Tab")
        for _ in range(20):
            if await self.page.is_checked(box):
                return
            await self.page.keyboard.press("ArrowDown")
            if not await self.page.is_checked(box):
                await self.page.keyboard.press("Space")

    async def _has_focus(self, wanted: ElementHandle | None) -> bool:
        assert wanted is not None
        return bool(await wanted.evaluate("(one) => one === document.activeElement"))
