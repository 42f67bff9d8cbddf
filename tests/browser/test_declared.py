"""No page of the portal escapes the other tests: each route is declared in pages.py, as what it is."""

from __future__ import annotations

from fastapi.routing import APIRoute

from services.portal.domain.menu import PARTS, PUBLIC
from services.portal.pages import ROUTERS
from tests.browser.declared.route import EVERYBODY
from tests.browser.pages import ACTS, FILES, PAGES


def routes(method: str) -> set[str]:
    return {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and method in route.methods
    }


def test_every_route_is_declared() -> None:
    assert routes("GET") == {one.path for one in (*PAGES, *FILES)}
    assert routes("POST") == {act.path for act in ACTS}
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            assert route.methods <= {"GET", "POST"}, f"{route.path}: forms know no other method"


def test_everything_is_looked_at_by_those_who_have_it() -> None:
    for page in PAGES:
        assert page.by, page
        assert set(page.by) <= page.who <= EVERYBODY, page
    assert len({page.name for page in PAGES}) == len(PAGES)


def test_menus_lead_to_pages() -> None:
    entries = [*PUBLIC, *(entry for part in PARTS.values() for entry in part.entries)]
    known = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    lost = [entry.path for entry in entries if not any(route.path_regex.fullmatch(entry.path) for route in known)]
    assert not lost
