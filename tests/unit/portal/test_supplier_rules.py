"""What suppliers are told: certificates and their checks, reasons of refusals, snippets to paste."""

import subprocess
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from services.metering.domain.judgement import AGAIN, Reason
from services.portal.domain.call_reason import ACCESS, REASONS, access_steps, reason_of
from services.portal.domain.certificate import as_text, checks_of, expires_within, replaced
from services.portal.domain.snippet import snippets
from services.registry.domain import access

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def test_every_reason_of_metering_is_told_in_words() -> None:
    assert set(REASONS) == set(get_args(Reason))
    assert {code for code, reason in REASONS.items() if reason.again} == AGAIN
    assert reason_of("never.heard_of").name == "never.heard_of"


def test_every_access_decision_is_told_with_the_step_that_failed() -> None:
    assert set(ACCESS) == set(get_args(access.Reason))
    assert all(held for _, held in access_steps("allowed"))
    for reason in set(ACCESS) - {"allowed"}:
        told = [held for _, held in access_steps(reason)]
        failed = told.index(False)
        assert told == [True] * failed + [False] + [None] * (len(told) - failed - 1), reason


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
        ("\ufeffabc".encode(), "abc"),
        ("abc".encode("utf-16"), "abc"),
        (b"\x30\x82\xff", "MIL/"),
        ("-----BEGIN X----- \u00e6".encode("latin-1"), "-----BEGIN X----- \u00e6"),
    ],
)
def test_a_file_is_read_as_text(content: bytes, text: str) -> None:
    assert as_text(content) == text


def certificate(name: str, valid_to: str, state: str = "in_use") -> dict[str, Any]:
    return {"id": name, "valid_to": valid_to, "state": state}


def test_what_expires_soon_without_a_successor_is_found() -> None:
    old, new = certificate("old", "2027-02-01T00:00:00+00:00"), certificate("new", "2029-01-01T00:00:00+00:00")

    assert expires_within(old, NOW)
    assert not expires_within(new, NOW)
    assert not expires_within({**old, "state": "ended"}, NOW)
    assert replaced(old, [old, new])
    assert not replaced(old, [old, {**new, "state": "ended"}])
    assert not replaced(new, [old, new])


def test_checks_say_what_is_wrong_and_a_renewal_is_not_asked_whether_it_is_new() -> None:
    told = [
        {"check": "kind", "ok": True, "code": None, "detail": None},
        {"check": "unused", "ok": False, "code": "certificate.already_used", "detail": "Used."},
        {"check": "holder", "ok": False, "code": "certificate.foreign_holder", "detail": "Other CVR."},
    ]
    understood = {"environments": {"production": {"checks": told}}}

    checks = checks_of(understood, "production", "en")
    assert [(one.ok, one.binding, one.sentence) for one in checks] == [
        (True, True, ""),
        (False, True, "Used."),
        (False, False, "Other CVR."),
    ]
    assert len(checks_of(understood, "production", "da", renewal=True)) == 2


@pytest.mark.parametrize("demonstration", [False, True])
@pytest.mark.parametrize("agreement", [None, "a-1"])
def test_snippets_are_whole_and_name_the_ids(demonstration: bool, agreement: str | None) -> None:
    made = snippets(
        "https://platform.example",
        "s-1",
        service="v-1",
        municipality="m-1",
        agreement=agreement,
        demonstration=demonstration,
    )

    compile(made.python, "snippet", "exec")
    for script in (made.token, made.call):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True, capture_output=True)
    for text in (made.call, made.python):
        assert all(one in text for one in ("s-1", "v-1", "m-1", "https://platform.example/metering/calls"))
        assert (agreement or "agreement") in text or agreement is None
        assert ("/metering/time" in text) == demonstration
