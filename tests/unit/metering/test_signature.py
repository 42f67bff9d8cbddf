"""Detached signatures: what one library signs another checks, and nothing else passes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from services.metering.domain import signature
from services.metering.domain.signature import UnreadableSignature

BODY = '{"what": "æøå", "is": "signed."}'.encode()
THUMBPRINT = base64.urlsafe_b64encode(b"\x01" * 32).rstrip(b"=").decode()
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def public(key: Any) -> signature.PublicKey:
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return signature.load_key(pem.decode())


def private(key: Any) -> RSAKey | ECKey:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return RSAKey.import_key(pem) if isinstance(key, rsa.RSAPrivateKey) else ECKey.import_key(pem)


def signed(algorithm: str, key: Any, body: bytes = BODY) -> str:
    header = {"alg": algorithm, "b64": False, "crit": ["b64"], "x5t#S256": THUMBPRINT}
    return jws.serialize_compact(header, body, private(key), registry=JWSRegistry(algorithms=[algorithm]))


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", RSA), ("PS256", RSA), ("ES256", EC)])
def test_what_another_library_signs_holds_for_exactly_its_bytes(algorithm: str, key: Any) -> None:
    detached = signed(algorithm, key)
    found = signature.read(detached, BODY)

    assert (found.algorithm, found.thumbprint) == (algorithm, THUMBPRINT)
    assert signature.holds(found, public(key))
    assert not signature.holds(signature.read(detached, BODY + b" "), public(key))
    assert not signature.holds(found, public(rsa.generate_private_key(65537, 2048)))
    assert not signature.holds(found, public(ec.generate_private_key(ec.SECP256R1())))


def test_the_header_is_signed_too() -> None:
    protected, _, value = signed("RS256", RSA).partition("..")
    header = json.loads(base64.urlsafe_b64decode(protected + "=="))
    other = base64.urlsafe_b64encode(json.dumps({**header, "x": 1}).encode()).rstrip(b"=").decode()

    assert not signature.holds(signature.read(f"{other}..{value}", BODY), public(RSA))


def test_a_salt_of_another_length_does_not_hold() -> None:
    found = signature.read(signed("PS256", RSA), BODY)
    protected = signed("PS256", RSA).partition(".")[0]
    value = RSA.sign(f"{protected}.".encode() + BODY, padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256())
    short = base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    assert signature.holds(found, public(RSA))
    assert not signature.holds(signature.read(f"{protected}..{short}", BODY), public(RSA))


def _header(**changes: Any) -> str:
    header = {"alg": "ES256", "b64": False, "crit": ["b64"], "x5t#S256": THUMBPRINT, **changes}
    told = {name: value for name, value in header.items() if value is not None}
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "detached",
    [
        "",
        "a.b",
        "a..b.c",
        "!..AA",
        f"{_header()}.cGF5bG9hZA.AA",
        f"{_header()}==..AA",
        f"{_header()}..æ",
        f"{_header()}..A A",
        f"{_header(alg='none')}..",
        f"{_header(alg='HS256')}..AA",
        f"{_header(alg='ES384')}..AA",
        f"{_header(alg=['ES256'])}..AA",
        f"{_header(b64=None)}..AA",
        f"{_header(b64=True)}..AA",
        f"{_header(crit=None)}..AA",
        f"{_header(crit=['b64', 'exp'])}..AA",
        f"{_header(**{'x5t#S256': None})}..AA",
        f"{_header(**{'x5t#S256': 'AAAA'})}..AA",
        f"{_header(**{'x5t#S256': 7})}..AA",
        f"{base64.urlsafe_b64encode(b'[1]').decode()}..AA",
        f"{base64.urlsafe_b64encode(bytes([255, 254])).decode().rstrip('=')}..AA",
        "a" * 5000,
    ],
)
def test_what_is_no_such_signature_is_told_so(detached: str) -> None:
    with pytest.raises(UnreadableSignature):
        signature.read(detached, BODY)


@pytest.mark.parametrize("value", [b"", b"\x00" * 64, b"\xff" * 64, b"\x01" * 63, b"\x01" * 256])
def test_a_value_that_is_no_signature_does_not_hold(value: bytes) -> None:
    told = base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    for algorithm, key in (("ES256", EC), ("RS256", RSA), ("PS256", RSA), ("RS256", EC), ("ES256", RSA)):
        assert not signature.holds(signature.read(f"{_header(alg=algorithm)}..{told}", BODY), public(key))


def test_only_keys_that_sign_calls_are_loaded() -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()),):
        with pytest.raises(ValueError, match="RSA and P-256"):
            public(key)
    with pytest.raises(ValueError, match=r".+"):
        signature.load_key("no key")
