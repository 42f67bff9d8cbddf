"""Whatever is uploaded, reading it ends in a certificate or in one of its own refusals."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.authority import Authority
from services.registry.domain.certificate import read_certificate
from services.registry.domain.judgement import judge
from services.registry.domain.refusal import CertificateRefused

examples = settings(derandomize=True, max_examples=400, deadline=None, database=None)
CHUNKS = [
    b"\x00",
    b"\xff",
    b"\x30\x80",
    b"\x30\x84\xff\xff\xff\xff",
    b"\x02\x00",
    b"\x06\x00",
    b"\x1f",
    b"\xa3\x00",
    b"\x05\x00",
]


@pytest.fixture(scope="module")
def certificates(authority: Authority) -> list[bytes]:
    kinds = ("FOCES", "VOCES", "MOCES")
    issued = [authority.issue(kind, cvr="12345674", name="Navn").certificate_pem for kind in kinds]
    return [x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER) for pem in issued]


@examples
@given(
    data=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
)
def test_nonsense_is_refused(data: bytes) -> None:
    for given_data in (data, b"\x30" + data, b"-----BEGIN CERTIFICATE-----" + data + b"-----END CERTIFICATE-----"):
        with pytest.raises(CertificateRefused):
            read_certificate(given_data)


@examples
@given(
    shape=st.recursive(
        st.tuples(st.sampled_from([1, 2, 3, 4, 5, 6, 12, 19, 23, 24]), st.binary(max_size=20)),
        lambda inner: st.tuples(st.sampled_from([0x30, 0x31, 0xA0, 0xA3]), st.lists(inner, max_size=6)),
        max_leaves=30,
    )
)
def test_well_formed_der_of_other_shapes_is_refused(shape) -> None:
    def encode(node) -> bytes:
        tag, content = node
        body = content if isinstance(content, bytes) else b"".join(map(encode, content))
        head = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
        return bytes([tag]) + (head if len(body) < 128 or len(body) > 255 else b"\x81" + bytes([len(body)])) + body

    with pytest.raises(CertificateRefused):
        read_certificate(encode(shape))


@examples
@given(which=st.integers(0, 2), cut=st.floats(0, 0.999), wrapped=st.booleans())
def test_a_truncated_certificate_is_refused(certificates, which, cut, wrapped) -> None:
    der = certificates[which]
    part = der[: int(len(der) * cut)]
    with pytest.raises(CertificateRefused):
        read_certificate(base64.b64encode(part) if wrapped else part)


@examples
@given(
    which=st.integers(0, 2),
    changes=st.lists(
        st.tuples(
            st.floats(0, 0.999),
            st.one_of(st.binary(min_size=1, max_size=3), st.sampled_from(CHUNKS)),
            st.integers(0, 4),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_mutated_certificate_is_refused_or_read_but_never_trusted(certificates, trust, now, which, changes) -> None:
    data = bytearray(certificates[which])
    for place, chunk, replaced in changes:
        at = int(len(data) * place)
        data[at : at + replaced] = chunk
    if bytes(data) == certificates[which]:
        return
    with suppress(CertificateRefused):
        certificate = read_certificate(bytes(data))
        assert "\x00" not in repr(certificate) + certificate.common_name
        with pytest.raises(CertificateRefused):
            judge(certificate, environment="test", trust=trust, now=now)


def test_deep_nesting_is_refused_and_does_not_exhaust_the_stack() -> None:
    data = b""
    for _ in range(10_000):
        length = len(data)
        head = (
            bytes([length])
            if length < 128
            else b"\x81" + bytes([length])
            if length < 256
            else b"\x82" + length.to_bytes(2, "big")
        )
        data = b"\x30" + head + data
    with pytest.raises(CertificateRefused):
        read_certificate(data)
