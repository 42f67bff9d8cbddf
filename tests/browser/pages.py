"""Every page and act of the portal, and who has it: what the other tests go through.

A route that is not declared fails `test_every_route_is_declared`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.declared import helpdesk, municipality, public, shell, supplier
from tests.browser.declared.route import Act, File, Page

PARTS = (shell, public, supplier, municipality, helpdesk)
FILES: list[File] = [one for part in PARTS for one in part.FILES]
PAGES: list[Page] = [one for part in PARTS for one in part.PAGES]
ACTS: list[Act] = [one for part in PARTS for one in part.ACTS]


def in_the_short_run() -> Iterator[tuple[Page, str]]:
    """Each page once, as the first of those who have it."""
    seen = set()
    for page in PAGES:
        if page.path not in seen:
            seen.add(page.path)
            yield page, page.by[0]


def in_the_long_run() -> Iterator[tuple[Page, str]]:
    """Each page as each kind of person who has it."""
    for page in PAGES:
        for who in page.by:
            yield page, who
