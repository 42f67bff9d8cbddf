"""The file of signing keys, and what is signed with them."""

import base64
import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from services.registry.signing import SigningKeyError, SigningKeys
from shared.clock import Clock
from shared.identity import Claims
from shared.problem import Unauthorised
from tests.tokens import verifier

Format = serialization.PrivateFormat
CLAIMS = Claims(sub=uuid.UUID(int=1), kind="person", org=uuid.UUID(int=2), org_kinds=("supplier",), roles=("user",))
SYSTEM = Claims(
    sub=uuid.UUID(int=3), kind="system", org=uuid.UUID(int=2), org_kinds=("supplier",), environment="test"
)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, form: Format = Format.PKCS8) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def public(keys: SigningKeys) -> KeySet:
    told: Any = keys.published()
    return KeySet.import_key_set(told)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "signing.pem"


def test_the_first_signs_and_all_are_published(file: Path) -> None:
    first, second = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(b"a remark\n" + pem(first) + b"\n" + pem(second, Format.TraditionalOpenSSL))

    keys = SigningKeys.read(file)
    published = keys.published()["keys"]
    minted = keys.mint(CLAIMS, real_now=1000.9, seconds=60)
    token = jwt.decode(minted.token, KeySet.import_key_set({"keys": published[:1]}), algorithms=["ES256"])

    assert len(published) == 2
    assert token.header["kid"] == published[0]["kid"]
    assert (token.claims["iat"], token.claims["exp"]) == (1000, 1060)
    assert minted.expires_at.timestamp() == 1060
    assert token.claims["jti"] == str(minted.id)


def test_a_key_id_is_the_thumbprint_of_rfc_7638(file: Path) -> None:
    file.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))

    [key] = SigningKeys.read(file).published()["keys"]

    required = json.dumps({name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    digest = hashlib.sha256(required.encode()).digest()
    assert key["kid"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert "d" not in key


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read"),
        (b"", "holds no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds an unreadable key"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "holds a key on another curve"),
        (pem(rsa.generate_private_key(65537, 2048)), "holds an unreadable key"),
    ],
    ids=["missing", "empty", "rubbish", "another curve", "RSA"],
)
def test_a_file_that_can_not_be_used_is_named_with_what_it_must_hold(
    file: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SigningKeyError, match=said) as refused:
        SigningKeys.read(file)

    assert str(file) in str(refused.value)
    assert "P-256 private keys in PEM" in str(refused.value)


async def test_a_systems_token_says_its_environment_and_its_scope() -> None:
    keys = SigningKeys([ECKey.generate_key("P-256")])
    clock = Clock("live")

    minted = keys.mint(SYSTEM, real_now=clock.real(), seconds=3600, scope="platform.write:x")
    caller = await verifier(clock, keys).caller(minted.token)
    token = jwt.decode(minted.token, public(keys), algorithms=["ES256"])

    assert (caller.kind, caller.environment, caller.id) == ("system", "test", SYSTEM.sub)
    assert token.claims["scope"] == "platform.write:x"
    assert (
        "environment"
        not in jwt.decode(
            keys.mint(CLAIMS, real_now=0, seconds=1).token,
            public(keys),
            algorithms=["ES256"],
        ).claims
    )


async def test_another_registrys_token_does_not_hold() -> None:
    clock = Clock("live")
    foreign = SigningKeys([ECKey.generate_key("P-256")]).mint(CLAIMS, real_now=clock.real(), seconds=900)

    with pytest.raises(Unauthorised):
        await verifier(clock).caller(foreign.token)
