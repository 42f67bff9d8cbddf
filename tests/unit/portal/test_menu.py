"""Who sees which part, and where in the menu one is."""

from dataclasses import replace

from services.portal.domain import menu
from services.portal.domain.session import SignedIn
from tests.unit.portal.test_session import ANSWER

BOTH = SignedIn.of(ANSWER)


def test_an_organisation_that_is_both_has_both_parts() -> None:
    assert [part.hat for part in menu.parts_of(BOTH)] == ["supplier", "municipality"]
    assert [part.hat for part in menu.parts_of(replace(BOTH, kinds=("operator",)))] == ["helpdesk"]


def test_a_page_belongs_to_the_entry_it_lies_below() -> None:
    entries = menu.PARTS["supplier"].entries

    def name(path: str) -> str | None:
        found = menu.current(entries, path)
        return found.path if found else None

    assert name("/leverandoer") == "/leverandoer"
    assert name("/leverandoer/it-systemer/nyt") == "/leverandoer/it-systemer"
    assert name("/leverandoer/andet") == "/leverandoer"
    assert name("/leverandoerer") is None
