"""Detached signatures over a message of calls: JWS with an unencoded payload (RFC 7515, RFC 7797).

All three algorithms sign a SHA-256 digest, so the digest of what was signed is all that must be kept of a message
whose certificate is not known yet: it can be checked later without the message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

Algorithm = Literal["RS256", "PS256", "ES256"]
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

MAX_SIGNATURE = 4096
"""Characters of a detached JWS that are read; the longest honest one is about 900."""
_SHA256 = Prehashed(hashes.SHA256())
_P256_BYTES = 32
_THUMBPRINT_BYTES = 32


class UnreadableSignature(Exception):
    """Not a detached JWS of the kind that calls are signed with; says what is wrong."""


@dataclass(frozen=True)
class Signature:
    """A signature as it came: who it says signed, and all that is needed to check it with their key."""

    algorithm: Algorithm
    thumbprint: str
    """The certificate's base64url SHA-256 thumbprint, from the header `x5t#S256`."""
    digest: bytes
    """SHA-256 over the signing input: the protected header, a dot and the body's exact bytes."""
    value: bytes


def read(detached: str, body: bytes) -> Signature:
    """Understand a detached JWS over the body, without checking it. Raises UnreadableSignature."""
    if len(detached) > MAX_SIGNATURE:
        raise UnreadableSignature(f"the signature is longer than {MAX_SIGNATURE} characters")
    parts = detached.split(".")
    if len(parts) != 3 or parts[1]:  # noqa: PLR2004
        raise UnreadableSignature("not a detached JWS: it must be a header, two dots and a signature")
    try:
        header = json.loads(_decode(parts[0]))
        value = _decode(parts[2])
    except ValueError:
        raise UnreadableSignature("header and signature must be base64url without padding") from None
    if not isinstance(header, dict) or header.get("b64") is not False or header.get("crit") != ["b64"]:
        raise UnreadableSignature('the header must hold "b64": false and "crit": ["b64"] (RFC 7797)')
    algorithm = header.get("alg")
    if algorithm not in ("RS256", "PS256", "ES256"):
        raise UnreadableSignature("the algorithm must be RS256, PS256 or ES256")
    thumbprint = header.get("x5t#S256")
    if not isinstance(thumbprint, str) or not _is_thumbprint(thumbprint):
        raise UnreadableSignature("the header x5t#S256 must name the certificate by its SHA-256 thumbprint")
    digest = hashlib.sha256(parts[0].encode("ascii") + b".")
    digest.update(body)
    return Signature(algorithm, thumbprint, digest.digest(), value)


def _is_thumbprint(value: str) -> bool:
    try:
        return len(_decode(value)) == _THUMBPRINT_BYTES
    except ValueError:
        return False


def _decode(segment: str) -> bytes:
    if "=" in segment:
        raise ValueError("base64url is written without padding here")
    try:
        raw = segment.encode("ascii")
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("not base64url") from error


def load_key(pem: str) -> PublicKey:
    """A certificate's public key. Raises ValueError where it is neither RSA nor on P-256."""
    key = serialization.load_pem_public_key(pem.encode())
    if isinstance(key, rsa.RSAPublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    ):
        return key
    raise ValueError("only RSA and P-256 keys sign calls")


def holds(signature: Signature, key: PublicKey) -> bool:
    """Whether the key's owner made this signature over exactly these bytes."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            if signature.algorithm == "ES256":
                return False
            key.verify(signature.value, signature.digest, _padding(signature.algorithm), _SHA256)
        else:
            if signature.algorithm != "ES256" or len(signature.value) != 2 * _P256_BYTES:
                return False
            first, second = signature.value[:_P256_BYTES], signature.value[_P256_BYTES:]
            der = encode_dss_signature(int.from_bytes(first, "big"), int.from_bytes(second, "big"))
            key.verify(der, signature.digest, ec.ECDSA(_SHA256))
    except InvalidSignature:
        return False
    return True


def _padding(algorithm: Algorithm) -> padding.AsymmetricPadding:
    if algorithm == "RS256":
        return padding.PKCS1v15()
    # RFC 7518 section 3.5: the salt is as long as the hash.
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
