from __future__ import annotations

from pathlib import Path

import pytest

from demo.authority import Authority, AuthorityError
from services.registry.domain.certificate import read_certificate


def test_it_is_made_once_and_opened_again(tmp_path: Path, now) -> None:
    made = Authority.create(tmp_path / "var" / "authority", now, key_size=2048)
    again = Authority.open(tmp_path / "var" / "authority")
    assert (again.created, again.trust_directory) == (now, made.trust_directory)
    one, two = (read_certificate(a.issue(cvr="12345674", name="x").certificate_pem) for a in (made, again))
    assert one.issuer == two.issuer
    with pytest.raises(AuthorityError, match="not empty"):
        Authority.create(tmp_path / "var" / "authority", now, key_size=2048)
    with pytest.raises(AuthorityError, match="Create it first"):
        Authority.open(tmp_path / "nowhere")
    assert [entry.name for entry in (tmp_path / "var").iterdir()] == ["authority"]


def test_private_keys_are_for_the_owner_only(authority: Authority) -> None:
    keys = authority.trust_directory.parent / "keys"
    assert keys.stat().st_mode & 0o777 == 0o700
    files = list(keys.iterdir())
    assert len(files) == 6
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    for file in authority.trust_directory.rglob("*.pem"):
        assert b"PRIVATE" not in file.read_bytes()


def test_nothing_it_says_can_be_taken_for_the_real_authorities(authority: Authority) -> None:
    for kind in ("FOCES", "VOCES", "MOCES", "POCES"):
        for environment in ("production", "test", "untrusted"):
            issued = authority.issue(kind, cvr="12345674", name="Navn", environment=environment)
            issuer = read_certificate(issued.certificate_pem).issuer
            assert issuer.startswith("CN=Demonstration ")
            assert "uden tillid" in issuer.lower()


def test_there_is_no_foces_in_the_third_generation(authority: Authority) -> None:
    with pytest.raises(AuthorityError, match="no FOCES in OCES3"):
        authority.issue("FOCES", cvr="12345674", name="x", generation="OCES3")
