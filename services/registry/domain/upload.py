"""What people upload as "the certificate": finds the one certificate in it, or says what it is instead."""

from __future__ import annotations

import base64
import binascii
import json
import re

from services.registry.domain.der import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    read_der,
)
from services.registry.domain.refusal import (
    KeystoreGiven,
    PrivateKeyGiven,
    RequestGiven,
    SeveralCertificates,
    TooLarge,
    Unreadable,
)

LARGEST_UPLOAD = 64 * 1024
"""Bytes. A certificate is 1-3 kB; with a text listing around it, some 15 kB."""

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_HEADER_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_NOT_TEXT = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_JAVA_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_PKCS12_VERSION = 3
_TBS_IN_REQUEST = 3

_GIVE_CERTIFICATE = "Give the certificate alone, as a .cer, .crt or .pem file."


def certificate_der(data: bytes) -> bytes:
    """The DER of the one certificate in an upload: PEM (text around it allowed), DER, or bare base64.

    Raises `TooLarge`, `Unreadable`, `PrivateKeyGiven`, `KeystoreGiven`, `RequestGiven` or
    `SeveralCertificates`; none of them repeats what was given. Only the outer shape is looked at.
    """
    if len(data) > LARGEST_UPLOAD:
        raise TooLarge(
            f"This file is {len(data)} bytes; a certificate is at most {LARGEST_UPLOAD}. {_GIVE_CERTIFICATE}"
        )
    if not data.strip():
        raise Unreadable(f"Nothing was given. {_GIVE_CERTIFICATE}")
    if data.startswith(_JAVA_KEYSTORES):
        raise _keystore("a Java key store")
    if data[:1] == b"\x30":
        try:
            return _checked(read_der(data))
        except DerError:
            # "0" is also how a base64 or hexadecimal text may begin; it gets its chance below.
            pass
    return _from_text(_decoded(data))


def _decoded(data: bytes) -> str:
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # Windows Notepad's "Unicode"
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"-----BEGIN " in data:  # a listing in Latin-1 around the certificate
            return data.decode("latin-1")
        raise _unreadable() from None


def _from_text(text: str) -> bytes:
    labels = _HEADER_LABEL.findall(text)
    if "PuTTY-User-Key-File" in text or any("PRIVATE KEY" in label for label in labels) or _is_private_jwk(text):
        raise _private_key()
    if labels:
        _refuse_other_labels(labels)
        blocks = _BLOCK.findall(text)
        if len(blocks) != 1:
            raise Unreadable(f"The certificate has a beginning but no end: it was cut. {_GIVE_CERTIFICATE}")
        text = blocks[0][1]
    compact = _NOT_TEXT.sub("", text)
    try:
        element = read_der(base64.b64decode(compact, validate=True))
    except (binascii.Error, ValueError):  # DerError is a ValueError, as is text that is not ASCII
        raise _unreadable() from None
    return _checked(element)


def _refuse_other_labels(labels: list[str]) -> None:
    certificates = [label for label in labels if label in {"CERTIFICATE", "X509 CERTIFICATE"}]
    if len(certificates) > 1:
        raise SeveralCertificates(
            f"This file holds {len(certificates)} certificates; exactly one is wanted. Give only the "
            "system's own certificate, without those of its issuers."
        )
    if any("CERTIFICATE REQUEST" in label for label in labels):
        raise _request()
    if any(label in {"PKCS7", "CMS"} for label in labels):
        raise _bundle()
    if len(labels) != 1 or not certificates:
        raise Unreadable(f"This is “{labels[0].lower()}”, not a certificate. {_GIVE_CERTIFICATE}")


def _checked(element: Element) -> bytes:
    """The element's bytes if shaped like a certificate; otherwise raises the refusal naming its shape."""
    if element.tag != SEQUENCE:
        raise _unreadable()
    parts = list(element.children())
    tags = [part.tag for part in parts]
    if tags == [SEQUENCE, SEQUENCE, BIT_STRING]:
        if _is_request(parts[0]):
            raise _request()
        return element.encoded
    if tags[:2] == [INTEGER, SEQUENCE] and parts[0].content == bytes([_PKCS12_VERSION]):
        raise _keystore("a PKCS#12 key store (.p12 or .pfx)")
    # PKCS#8: version, algorithm, key. PKCS#1 and DSA: version and at least five numbers. SEC 1: version, key.
    # Encrypted PKCS#8: algorithm, ciphertext.
    pkcs8 = tags[:3] == [INTEGER, SEQUENCE, OCTET_STRING]
    numbers = len(tags) >= 6 and all(tag == INTEGER for tag in tags[:6])  # noqa: PLR2004
    if pkcs8 or numbers or tags[:2] == [INTEGER, OCTET_STRING] or tags == [SEQUENCE, OCTET_STRING]:
        raise _private_key()
    if tags[:1] == [OBJECT_IDENTIFIER]:
        raise _bundle()
    raise _unreadable()


def _is_request(info: Element) -> bool:
    # PKCS#10: a version number, name, key and [0] attributes; a certificate has five parts or more.
    tags = [part.tag for part in info.children()]
    return tags[:_TBS_IN_REQUEST] == [INTEGER, SEQUENCE, SEQUENCE] and tags[3:] in ([], [0xA0])


def _is_private_jwk(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    keys = [value, *value.get("keys", [])] if isinstance(value.get("keys", []), list) else [value]
    return any(isinstance(key, dict) and "kty" in key and ("d" in key or "k" in key) for key in keys)


def _unreadable() -> Unreadable:
    return Unreadable(f"This is not a certificate we can read: neither PEM, DER nor base64. {_GIVE_CERTIFICATE}")


def _private_key() -> PrivateKeyGiven:
    return PrivateKeyGiven(
        "This contains a private key, which must never leave the system it belongs to. Nothing of it was "
        f"kept, but it has been sent: consider replacing it. {_GIVE_CERTIFICATE}"
    )


def _keystore(what: str) -> KeystoreGiven:
    return KeystoreGiven(
        f"This is {what}, which usually holds the private key. Nothing of it was kept. Export the "
        "certificate from it without the private key, and give that as a .cer, .crt or .pem file."
    )


def _request() -> RequestGiven:
    return RequestGiven(
        "This is a certificate signing request. Send it to the certificate's issuer and give the certificate "
        "that you get back."
    )


def _bundle() -> SeveralCertificates:
    return SeveralCertificates(
        "This is a PKCS#7 bundle (.p7b), made for several certificates; exactly one is wanted. Export the "
        "system's own certificate from it as a .cer, .crt or .pem file."
    )
