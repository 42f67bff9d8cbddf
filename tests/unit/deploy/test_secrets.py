"""An instance's passwords and keys: made once, private, and not guessed anew when they are lost."""

import json
import re
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.local.failures import StartError
from deploy.local.keys import public_key_set
from deploy.local.secrets import BROKER_OPERATOR, Secrets, signing_key, write_private
from shared.contracts import SERVICES


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first = Secrets.of_instance(tmp_path)

    assert Secrets.of_instance(tmp_path) == first
    assert mode(tmp_path / "secrets.json") == 0o600


def test_every_service_has_its_own_passwords(tmp_path: Path) -> None:
    secrets = Secrets.of_instance(tmp_path)
    everything = [
        secrets.database_admin,
        secrets.erlang_cookie,
        *secrets.database.values(),
        *secrets.database_owner.values(),
        *secrets.broker.values(),
    ]

    assert set(secrets.database) == set(secrets.database_owner) == set(SERVICES)
    assert set(secrets.broker) == {*SERVICES, BROKER_OPERATOR}
    assert len(set(everything)) == len(everything)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32,}", password) for password in everything)


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"database_admin": "x"}'])
def test_unreadable_secrets_stop_the_start_instead_of_being_replaced(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(content)

    with pytest.raises(StartError, match=r"secrets\.json can't be read"):
        Secrets.of_instance(tmp_path)
    assert file.read_text() == content


def test_a_service_that_an_older_release_did_not_have_gets_secrets_and_the_others_keep_theirs(tmp_path: Path) -> None:
    before = Secrets.of_instance(tmp_path)
    told = json.loads((tmp_path / "secrets.json").read_text())
    for group in ("database", "database_owner", "broker"):
        del told[group]["portal"]
    (tmp_path / "secrets.json").write_text(json.dumps(told))

    after = Secrets.of_instance(tmp_path)

    assert after.database["portal"] not in {"", before.database["portal"]}
    assert after.database | {"portal": ""} == before.database | {"portal": ""}
    assert after.erlang_cookie == before.erlang_cookie
    assert Secrets.of_instance(tmp_path) == after


def test_the_signing_key_is_a_private_p256_key_made_once(tmp_path: Path) -> None:
    file = signing_key(tmp_path)
    content = file.read_bytes()
    key = load_pem_private_key(content, password=None)

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert mode(file) == 0o600
    assert signing_key(tmp_path).read_bytes() == content


def test_the_published_key_set_holds_no_private_part(tmp_path: Path) -> None:
    (published,) = public_key_set(signing_key(tmp_path))["keys"]

    assert set(published) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_writing_again_replaces_the_file_and_keeps_it_private(tmp_path: Path) -> None:
    file = tmp_path / "thing"
    write_private(file, b"old")
    write_private(file, b"new")

    assert file.read_bytes() == b"new"
    assert mode(file) == 0o600
    assert list(tmp_path.iterdir()) == [file]
