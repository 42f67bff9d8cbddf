"""Nobody is led off the site, and filters stay in the address."""

from uuid import UUID

import pytest

from services.portal.domain.address import LONGEST, own_path, uuid_or_none, with_query
from services.portal.domain.decision import NOT_APPROVED
from services.portal.pages.municipality.several import LIST, MOST


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
        "/" + "a" * LONGEST,
    ],
)
def test_everything_else_leads_to_where_was_meant_otherwise(text: str | None) -> None:
    assert own_path(text, "/start") == "/start"


def test_what_became_of_as_many_requests_as_are_approved_at_once_fits_into_an_address() -> None:
    code = max(NOT_APPROVED, key=len)
    outcome = with_query(
        f"{LIST}/godkendt-flere", {"agreement_id": [f"{UUID(int=one)}:{code}" for one in range(MOST)]}
    )

    assert own_path(outcome) == outcome


def test_an_address_keeps_what_was_asked_and_changes_what_is_told() -> None:
    asked = {"q": "skole og børn", "state": "approved", "after": "1"}

    assert with_query("/list", asked, after=None, sort="-name") == (
        "/list?q=skole+og+b%C3%B8rn&state=approved&sort=-name"
    )
    assert with_query("/list", {}) == "/list"


@pytest.mark.parametrize("text", [None, "", "counts", "../requests", f"{UUID(int=1)}/terminate"])
def test_what_is_no_id_is_taken_into_no_address(text: str | None) -> None:
    assert uuid_or_none(text) is None


def test_an_id_is_taken_in_its_usual_form() -> None:
    assert uuid_or_none(UUID(int=10).hex.upper()) == str(UUID(int=10))
