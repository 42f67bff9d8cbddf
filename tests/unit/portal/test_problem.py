"""Whatever a service may refuse a person is told in Danish, and nothing is told that no service refuses with."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.places import PROJECT
from services.portal.domain.problem import FIELDS, KINDS, explained, field_told
from services.portal.domain.sentences import DANISH

SERVICES = ("agreements", "invoicing", "metering", "notifier", "portal", "registry")
PROBLEMS = {
    "BadRequest",
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotFound",
    "Problem",
    "TooLarge",
    "TooMany",
    "Unauthorised",
    "Unavailable",
    "_AsTold",
}
"""What raises a refusal. A module may also keep its codes in a table, as long as each stands there as it is."""

SOFTWARE_ONLY = {
    # Suppliers' systems sign in with an assertion.
    "rights.systems_only",
    # Calls are sent by systems.
    "calls.busy",
    "calls.not_readable",
    "id.reused",
    "sender.differs",
    "signature.missing",
    "signature.not_valid",
    "event.not_valid",
    # The portal always asks for these as they must be.
    "certificate.thumbprint",
    "municipality.not_named",
    "organisation.field_missing",
    "overview.group_by",
    "overview.whose",
    "request.length_malformed",
    "usage.group_unknown",
    # An operator's command, not an API.
    "organisation.operator_exists",
}
"""Codes that only software meets, so that no sentence is needed."""


def modules() -> Iterator[Path]:
    for service in SERVICES:
        yield from (PROJECT / "services" / service).rglob("*.py")
    yield from (PROJECT / "shared").rglob("*.py")


def given() -> dict[str, str]:
    """Every code that a refusal is raised with, and where."""
    found: dict[str, str] = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name not in PROBLEMS:
                continue
            for one in node.args:
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and "." in one.value:
                    if " " not in one.value:
                        found[one.value] = str(path.relative_to(PROJECT))
                    break
    return found


def mentioned() -> set[str]:
    """Every text with the form of a code in the services' source, but for the portal's sentences themselves."""
    return {
        node.value
        for path in modules()
        if path.name not in {"sentences.py", "problem_helpdesk.py"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value
    }


def test_every_refusal_a_person_can_meet_is_told_in_danish() -> None:
    codes = given()

    missing = {code: where for code, where in codes.items() if code not in DANISH and code not in SOFTWARE_ONLY}
    assert len(codes) > 80
    assert missing == {}


def test_nothing_is_told_that_no_service_refuses_with() -> None:
    known = mentioned()

    assert {code for code in DANISH if code not in known} == set()
    assert {code for code in SOFTWARE_ONLY if code not in known} == set()
    assert not SOFTWARE_ONLY & set(DANISH)


@pytest.mark.parametrize("code", sorted(DANISH))
def test_a_sentence_is_one(code: str) -> None:
    told = DANISH[code]

    assert told[0].isupper()
    assert told.endswith(".")
    assert "  " not in told
    assert len(told) <= 200


def test_in_english_the_service_itself_is_heard() -> None:
    assert explained("agreement.withdrawn", 409, "The supplier has withdrawn this.", "en").detail == (
        "The supplier has withdrawn this."
    )
    assert explained("agreement.withdrawn", 409, "…", "da").detail == "Leverandøren har trukket anmodningen tilbage."


@pytest.mark.parametrize("status", sorted(KINDS))
def test_what_has_no_sentence_is_told_by_its_kind(status: int) -> None:
    assert explained("never.heard_of", status, "Not for people", "da").detail == KINDS[status][1]


def test_a_field_is_told_by_what_is_wrong_with_it() -> None:
    address = "value is not a valid email address: An email address must have an @-sign."

    assert field_told("value_error", address, "da") == "Skriv en fuld mailadresse, for eksempel navn@eksempel.dk."
    assert field_told("missing", "Field required", "da") == "Skal udfyldes."
    assert field_told("of_tomorrow", "Cannot be", "da") == "Kan ikke bruges. Se efter, om det er skrevet rigtigt."
    assert all(told.endswith(".") for told in FIELDS.values())
