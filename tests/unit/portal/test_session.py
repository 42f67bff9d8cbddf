"""A session's content opens with its cookie's secret alone, and is over when it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.portal.domain import session
from services.portal.domain.session import Oldest, SignedIn

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)
ANSWER: dict[str, Any] = {
    "token": "a.b.c",
    "expires_at": "2026-11-27T08:15:00+00:00",
    "person": {"id": str(UUID(int=1)), "name": "Åse Ærlig", "email": "aase@fjordby.example"},
    "organisation": {
        "id": str(UUID(int=2)),
        "name": "Fjordby Kommune",
        "kinds": ["municipality", "supplier"],
        "test": False,
    },
    "roles": ["signatory", "administrator"],
    "memberships": [
        {
            "organisation_id": str(UUID(int=2)),
            "name": "Fjordby Kommune",
            "kinds": ["municipality", "supplier"],
            "roles": ["signatory", "administrator"],
        }
    ],
}


def test_what_is_sealed_opens_with_its_own_secret() -> None:
    secret, signed_in = session.new_secret(), SignedIn.of(ANSWER)

    assert session.unseal(secret, session.seal(secret, signed_in)) == signed_in


def test_what_is_sealed_opens_with_no_other_secret_nor_after_tampering() -> None:
    secret = session.new_secret()
    sealed = session.seal(secret, SignedIn.of(ANSWER))

    assert session.unseal(session.new_secret(), sealed) is None
    assert session.unseal(secret, sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert b"aase" not in sealed


def test_what_the_next_page_begins_with_is_sealed_too_and_fits_into_its_column() -> None:
    secret, sentence = session.new_secret(), "Åse Ærlig er inviteret og får en mail med et link."
    sealed = session.seal_sentence(secret, sentence)
    long = session.seal_sentence(secret, "å" * 2000)

    assert session.unseal_sentence(secret, sealed) == sentence
    assert session.unseal_sentence(session.new_secret(), sealed) is None
    assert [session.unseal_sentence(secret, one) for one in (None, "", "AAAA", "Gemt.")] == [None] * 4
    assert len(long) <= 1000
    assert session.unseal_sentence(secret, long) == "å" * (session.LONGEST_TOLD // 2)


def test_what_is_kept_and_what_forms_carry_does_not_give_the_secret_away() -> None:
    secret = session.new_secret()
    derived = {session.id_of(secret).hex(), session.form_token(secret), session.id_of(secret + "x").hex()}

    assert len(derived) == 3
    assert not any(secret in one for one in derived)


@pytest.mark.parametrize(("minutes", "must"), [(0, False), (9, False), (10, True), (30, True)])
def test_a_token_is_renewed_before_it_ends(minutes: int, must: bool) -> None:
    assert SignedIn.of(ANSWER).must_renew(NOW + timedelta(minutes=minutes)) is must


def test_roles_count_in_the_kind_of_organisation_they_are_asked_for() -> None:
    signed_in = SignedIn.of(ANSWER)

    assert signed_in.has("municipality", "signatory")
    assert signed_in.has("supplier")
    assert not signed_in.has("municipality", "economy")
    assert not signed_in.has("operator")


def test_sessions_end_by_idleness_and_by_age() -> None:
    assert Oldest.at(NOW, idle_minutes=30, hours=10) == Oldest(NOW - timedelta(minutes=30), NOW - timedelta(hours=10))
