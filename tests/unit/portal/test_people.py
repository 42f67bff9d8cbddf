"""Who may do what in an organisation, what it would lack, and how a browser is called."""

from typing import Any

import pytest

from services.portal.domain.agent import known_as
from services.portal.domain.people import lacking, only_one_with, roles_of


def one(number: int, *roles: str, active: bool = True) -> dict[str, Any]:
    return {"id": str(number), "roles": list(roles), "active": active}


def test_each_kind_of_organisation_has_its_roles() -> None:
    assert list(roles_of(["supplier"])) == ["administrator", "user"]
    assert list(roles_of(["municipality"])) == ["administrator", "signatory", "economy", "user"]
    assert list(roles_of(["supplier", "municipality"])) == ["administrator", "signatory", "economy", "user"]
    assert roles_of(["supplier"])["user"] != roles_of(["municipality"])["user"]


def test_what_an_organisation_can_not_do_without_is_told() -> None:
    people = [one(1, "administrator"), one(2, "signatory", active=False)]

    assert lacking(["municipality"], people) == {"signatory"}
    assert lacking(["supplier"], people) == set()
    assert lacking(["supplier"], []) == {"administrator"}


def test_the_only_one_with_a_role_is_known() -> None:
    people = [one(1, "administrator"), one(2, "administrator", active=False), one(3, "user")]

    assert only_one_with("administrator", "1", people)
    assert not only_one_with("administrator", "3", people)
    assert not only_one_with("user", "3", [*people, one(4, "user")])


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Chrome/130.0 Safari/537.36", "Chrome, Mac"),
        ("curl/8", None),
        ("", None),
    ],
)
def test_a_browser_is_called_as_its_owner_knows_it(agent: str, name: str | None) -> None:
    assert known_as(agent) == name
