from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from demo.authority import Authority
from services.registry.domain.certificate import Certificate, read_certificate
from services.registry.domain.judgement import judge
from services.registry.domain.refusal import AlreadyUsed, CertificateRefused, Expired, TooLarge
from services.registry.domain.trust import Trust, TrustError
from services.registry.trust import load_trust

CVR = "12345674"
SECOND = timedelta(seconds=1)


def code(certificate: Certificate, environment: str, trust: Trust, now: datetime) -> str | None:
    """None if accepted, else the refusal's code."""
    try:
        judge(certificate, environment=environment, trust=trust, now=now)
    except CertificateRefused as error:
        return error.code if error.message.endswith(".") else "a message that is no sentence"
    return None


def issue(authority: Authority, kind: str = "VOCES", **wanted) -> Certificate:
    return read_certificate(authority.issue(kind, cvr=CVR, name="Fagsystem", **wanted).certificate_pem)


@pytest.mark.parametrize(("kind", "generation"), [("FOCES", "OCES2"), ("VOCES", "OCES2"), ("VOCES", "OCES3")])
@pytest.mark.parametrize(
    ("issuer", "in_production", "in_test"),
    [
        ("production", None, None),
        ("test", "certificate.wrong_environment", None),
        ("untrusted", "certificate.untrusted_issuer", "certificate.untrusted_issuer"),
    ],
)
def test_the_issuers_key_decides_where_a_certificate_may_be_used(
    *, authority, trust, now, kind, generation, issuer, in_production, in_test
) -> None:
    certificate = issue(authority, kind, environment=issuer, generation=generation)
    if issuer == "untrusted":  # the name alone would pass
        assert certificate.issuer == issue(authority, kind, generation=generation).issuer
    assert code(certificate, "production", trust, now) == in_production
    assert code(certificate, "test", trust, now) == in_test


@pytest.mark.parametrize("kind", ["MOCES", "POCES"])
@pytest.mark.parametrize("issuer", ["production", "test", "untrusted"])
def test_certificates_of_people_are_refused_by_kind_first(authority, trust, now, kind, issuer) -> None:
    certificate = issue(authority, kind, environment=issuer, valid_to=now + SECOND)
    with pytest.raises(CertificateRefused, match=f"is a {kind} certificate") as caught:
        judge(certificate, environment="test", trust=trust, now=now + timedelta(days=1))
    assert caught.value.code == "certificate.kind_not_accepted"
    assert "Fagsystem" not in caught.value.message


def test_validity_counts_its_first_and_its_whole_last_second(authority, trust, now) -> None:
    certificate = issue(authority, valid_from=now, valid_to=now + timedelta(hours=1))
    end = now + timedelta(hours=1)
    answers = {
        now - timedelta(microseconds=1): "certificate.not_yet_valid",
        now: None,
        end: None,
        end + timedelta(microseconds=1): None,
        end + SECOND: "certificate.expired",
    }
    assert {at: code(certificate, "production", trust, at) for at in answers} == answers


def test_expired_and_future_certificates_say_when(authority, trust, now) -> None:
    past = issue(authority, valid_from=now - timedelta(days=2000), valid_to=now - timedelta(days=900))
    with pytest.raises(CertificateRefused, match="expired on 2024-06-06 12:00 UTC"):
        judge(past, environment="production", trust=trust, now=now)
    future = issue(authority, valid_from=now + timedelta(days=30))
    with pytest.raises(CertificateRefused, match="not valid until 2026-12-23 12:00 UTC"):
        judge(future, environment="production", trust=trust, now=now)


def test_a_short_key_is_refused_though_a_trusted_authority_signed_it(authority, trust, now) -> None:
    weak = issue(authority, key=rsa.generate_private_key(public_exponent=65537, key_size=1024))
    assert code(weak, "production", trust, now) == "certificate.weak_key"
    other = replace(weak, key_type="Ed25519", key_size=0)
    assert code(other, "production", trust, now) == "certificate.weak_key"


def test_a_broken_signature_algorithm_is_named(authority, trust, now) -> None:
    sha1 = replace(issue(authority), signature_algorithm="1.2.840.113549.1.1.5")
    with pytest.raises(CertificateRefused, match="SHA-1") as caught:
        judge(sha1, environment="production", trust=trust, now=now)
    assert caught.value.code == "certificate.weak_key"


def test_a_changed_certificate_is_not_the_one_that_was_signed(authority, trust, now) -> None:
    genuine = issue(authority)
    der = bytearray(genuine.der)
    at = der.index(b"NTRDK-") + 6
    der[at : at + 8] = b"87654321"
    forged = read_certificate(bytes(der))
    assert forged.cvr == "87654321"
    assert code(forged, "production", trust, now) == "certificate.untrusted_issuer"
    der = bytearray(genuine.der)
    der[-1] ^= 1
    assert code(read_certificate(bytes(der)), "production", trust, now) == "certificate.untrusted_issuer"


def test_a_certificate_issued_by_a_system_is_not_trusted(authority, trust, now) -> None:
    """A holder can't act as an authority: its certificate is no authority's, although genuinely issued."""
    holder = authority.issue(cvr=CVR, name="Fagsystem")
    key = load_pem_private_key(holder.private_key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    template = x509.load_pem_x509_certificate(authority.issue(cvr=CVR, name="Andet").certificate_pem)
    issuer = x509.load_pem_x509_certificate(holder.certificate_pem)
    builder = x509.CertificateBuilder(
        issuer.subject,
        template.subject,
        template.public_key(),
        7,
        template.not_valid_before_utc,
        template.not_valid_after_utc,
        list(template.extensions),
    )
    pem = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
    assert code(read_certificate(pem), "test", trust, now) == "certificate.untrusted_issuer"


def test_an_authority_that_has_itself_expired_vouches_for_nothing(authority, trust, now) -> None:
    later = now + timedelta(days=30 * 365)
    certificate = issue(authority, valid_to=later + timedelta(days=1))
    assert code(certificate, "production", trust, now) is None
    assert code(certificate, "production", trust, later) == "certificate.untrusted_issuer"


def test_trust_is_by_folder(authority, trust, now) -> None:
    swapped = Trust(production=trust.test, test=trust.production)
    certificate = issue(authority, environment="test")
    assert code(certificate, "production", swapped, now) is None
    assert code(issue(authority), "production", swapped, now) == "certificate.wrong_environment"


def test_each_refusal_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in CertificateRefused.__subclasses__()]
    assert len(codes) == len(set(codes))
    assert all(one.startswith("certificate.") for one in codes)
    used = AlreadyUsed("It is in use.")
    assert (used.code, used.message, used.detail) == ("certificate.already_used", "It is in use.", "It is in use.")
    assert (used.status, Expired("x").status, TooLarge("x").status) == (409, 422, 413)


def put(folder: Path, **files: bytes) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.pem").write_bytes(content)
    return folder


def test_trust_refuses_a_folder_it_cannot_stand_on(authority: Authority, tmp_path: Path) -> None:
    root = {env: (authority.trust_directory / env / "oces3-root.pem").read_bytes() for env in ("production", "test")}
    with pytest.raises(TrustError, match="production cannot be read"):
        load_trust(tmp_path)
    put(tmp_path / "production", root=root["production"])
    test = put(tmp_path / "test")
    with pytest.raises(TrustError, match="No certificate authority is trusted for test"):
        load_trust(tmp_path)
    (test / "readme.txt").write_text("not looked at")
    (test / "a.pem").write_bytes(root["test"])
    assert len(load_trust(tmp_path).test) == 1
    leaf = authority.issue(cvr=CVR, name="x").certificate_pem
    for nonsense in (b"", b"nonsense", leaf, root["test"] + leaf):
        (test / "a.pem").write_bytes(nonsense)
        with pytest.raises(TrustError, match=r"a\.pem holds no certificate authority"):
            load_trust(tmp_path)
    (test / "a.pem").write_bytes(root["test"] + root["production"])
    with pytest.raises(TrustError, match="both for production and for test"):
        load_trust(tmp_path)


def test_the_demonstration_authority_signs_as_oces3_does(authority: Authority) -> None:
    certificate = x509.load_pem_x509_certificate(authority.issue(cvr=CVR, name="x").certificate_pem)
    scheme = certificate.signature_algorithm_parameters
    assert isinstance(scheme, padding.PSS)
    assert scheme._salt_length == 32
    assert isinstance(certificate.signature_hash_algorithm, SHA256)


def test_a_negative_serial_number_is_judged_like_any_other(authority, trust, now) -> None:
    genuine = issue(authority, generation="OCES2")
    encoded = genuine.x509_serial.to_bytes(4, "big")
    der = genuine.der.replace(b"\x02\x04" + encoded, b"\x02\x04" + bytes([encoded[0] | 0x80]) + encoded[1:])
    negative = read_certificate(der)
    assert negative.x509_serial < 0
    assert code(negative, "test", trust, now) == "certificate.untrusted_issuer"  # its signature is broken
