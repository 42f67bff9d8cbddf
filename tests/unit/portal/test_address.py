"""Nobody is led off the site, and filters stay in the address."""

import pytest

from services.portal.domain.address import own_path, with_query


@pytest.mark.parametrize("path", ["/", "/kommune", "/kommune/serviceaftaler?state=requested&q=%C3%A6", "/a#b"])
def test_own_paths_are_kept(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "kommune",
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "/a\\b",
        "/\t/elsewhere.example",
        "/a\r\nSet-Cookie: x",
        "javascript:alert(1)",
        "/" + "a" * 2000,
    ],
)
def test_everything_else_leads_to_where_was_meant_otherwise(text: str | None) -> None:
    assert own_path(text, "/start") == "/start"


def test_an_address_keeps_what_was_asked_and_changes_what_is_told() -> None:
    asked = {"q": "skole og børn", "state": "approved", "after": "1"}

    assert with_query("/list", asked, after=None, sort="-name") == (
        "/list?q=skole+og+b%C3%B8rn&state=approved&sort=-name"
    )
    assert with_query("/list", {}) == "/list"
