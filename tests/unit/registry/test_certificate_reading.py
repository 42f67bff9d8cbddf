from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from demo.authority import Authority, Issued
from services.registry.domain.certificate import SameHolder, read_certificate, same_holder
from services.registry.domain.policy import Generation, Kind
from services.registry.domain.refusal import (
    CertificateRefused,
    KeystoreGiven,
    KindUnclear,
    NotOces,
    PrivateKeyGiven,
    RequestGiven,
    SeveralCertificates,
    TooLarge,
    Unreadable,
)

CVR = "12345674"


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.issue("VOCES", cvr=CVR, name="Fagsystem Æøå", organisation="Leverandør A/S")


@pytest.fixture(scope="module")
def function(authority: Authority) -> Issued:
    return authority.issue("FOCES", cvr=CVR, name="XXYYZZ (funktionscertifikat)", organisation="Leverandør A/S")


def der(issued: Issued) -> bytes:
    return x509.load_pem_x509_certificate(issued.certificate_pem).public_bytes(Encoding.DER)


def test_a_system_certificate_is_read_in_full(issued: Issued, now: datetime) -> None:
    certificate = read_certificate(issued.certificate_pem)
    assert certificate.kind is Kind.VOCES
    assert certificate.generation is Generation.OCES3
    assert certificate.policy_environment == "production"
    assert certificate.subject_serial == issued.subject_serial
    assert certificate.subject_serial.startswith("UI:DK-O:G:")
    assert certificate.cvr == CVR
    assert certificate.common_name == "Fagsystem Æøå"
    assert certificate.organisation_name == "Leverandør A/S"
    assert certificate.issuer == "CN=Demonstration OCES udstedende-CA 1, O=Demonstration uden tillid, C=DK"
    assert certificate.valid_from == now
    assert certificate.valid_to == now + timedelta(days=1095)
    assert (certificate.key_type, certificate.key_size) == ("RSA", 2048)
    assert certificate.pem.encode() == issued.certificate_pem
    digest = hashlib.sha256(certificate.der).digest()
    assert certificate.thumbprint_sha256 == digest.hex()
    assert base64.urlsafe_b64decode(certificate.x5t_s256 + "=") == digest
    theirs = x509.load_pem_x509_certificate(issued.certificate_pem)
    assert certificate.x509_serial == theirs.serial_number
    assert certificate.x509_serial_hex == f"{theirs.serial_number:x}"
    assert "BEGIN PUBLIC KEY" in certificate.public_key_pem


def test_a_function_certificate_is_read_though_its_extensions_break_the_library(function: Issued) -> None:
    with pytest.raises(ValueError, match="VisibleString"):
        _ = x509.load_pem_x509_certificate(function.certificate_pem).extensions
    certificate = read_certificate(function.certificate_pem)
    assert certificate.kind is Kind.FOCES
    assert certificate.generation is Generation.OCES2
    assert certificate.subject_serial.startswith(f"CVR:{CVR}-FID:")
    assert certificate.cvr == CVR
    assert certificate.organisation_name == "Leverandør A/S"
    assert certificate.issuer.startswith("CN=Demonstration OCES2 CA II, ")


@pytest.mark.parametrize(
    ("kind", "generation", "environment", "shape", "policy"),
    [
        ("POCES", "OCES2", "production", "PID:9208-", "production"),
        ("MOCES", "OCES2", "test", f"CVR:{CVR}-RID:", "test"),
        ("MOCES", "OCES3", "production", "UI:DK-E:G:", "production"),
        ("VOCES", "OCES2", "production", f"CVR:{CVR}-UID:", "production"),
        ("VOCES", "OCES3", "test", "UI:DK-O:G:", "production"),
        ("FOCES", "OCES2", "test", f"CVR:{CVR}-FID:", "test"),
    ],
)
def test_every_kind_says_what_it_is(*, authority: Authority, kind, generation, environment, shape, policy) -> None:
    issued = authority.issue(kind, cvr=CVR, name="Navn Navnesen", environment=environment, generation=generation)
    certificate = read_certificate(issued.certificate_pem)
    assert certificate.kind == kind
    assert certificate.generation == generation
    assert certificate.subject_serial.startswith(shape)
    assert certificate.policy_environment == policy
    assert certificate.cvr == (None if kind == "POCES" else CVR)


def test_a_name_of_a_person_is_not_in_what_would_be_logged(authority: Authority) -> None:
    issued = authority.issue("MOCES", cvr=CVR, name="Navn Navnesen")
    assert "Navnesen" not in repr(read_certificate(issued.certificate_pem))
    assert b"PRIVATE" not in repr(issued).encode()


def wrappings(issued: Issued) -> dict[str, bytes]:
    pem, raw = issued.certificate_pem, der(issued)
    text = pem.decode()
    return {
        "pem": pem,
        "pem with text around it": b"Bag Attributes\n  friendlyName: m\xc3\xb8de\nsubject=CN = x\n"
        + pem
        + b"\nhello\n",
        "pem in a Latin-1 listing": b"Udsteder: \xe6\xf8\xe5\n" + pem,
        "pem with Windows line ends": text.replace("\n", "\r\n").encode(),
        "pem from Notepad": b"\xef\xbb\xbf" + pem,
        "pem from Notepad as Unicode": text.encode("utf-16"),
        "pem on one line": text.replace("\n", " ").encode(),
        "der": raw,
        "base64": base64.b64encode(raw),
        "base64 in lines": base64.encodebytes(raw),
        "base64 with an invisible character": "\u200e".encode() + base64.b64encode(raw),
    }


def test_every_wrapping_gives_the_same_certificate(issued: Issued) -> None:
    plain = read_certificate(issued.certificate_pem)
    for name, data in wrappings(issued).items():
        assert read_certificate(data) == plain, name


def refused(data: bytes) -> CertificateRefused:
    with pytest.raises(CertificateRefused) as caught:
        read_certificate(data)
    error = caught.value
    assert error.__cause__ is None
    assert error.message.endswith(".")
    assert str(error) == error.message
    return error


def test_private_keys_are_refused_in_every_form_and_never_repeated(issued: Issued) -> None:
    rsa_key = load_pem_private_key(issued.private_key_pem, None)
    assert isinstance(rsa_key, rsa.RSAPrivateKey)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    dsa_key = dsa.generate_private_key(1024)
    locked = BestAvailableEncryption(b"secret")
    forms = [issued.private_key_pem + issued.certificate_pem, issued.certificate_pem + issued.private_key_pem]
    for key in (rsa_key, ec_key, dsa_key):
        for encoding in (Encoding.PEM, Encoding.DER):
            plain = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
            forms += [key.private_bytes(encoding, form, NoEncryption()) for form in plain]
            forms.append(key.private_bytes(encoding, PrivateFormat.PKCS8, locked))
    forms += [
        rsa_key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        base64.b64encode(rsa_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        b'{"kty": "EC", "crv": "P-256", "d": "c2VjcmV0"}',
        b'{"keys": [{"kty": "RSA", "n": "AQ", "d": "c2VjcmV0"}]}',
        b"PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 14\nc2VjcmV0\n",
    ]
    for data in forms:
        error = refused(data)
        assert isinstance(error, PrivateKeyGiven), data[:40]
        text = data.decode("latin-1")
        inner = "".join(text.split("-----")[2].split()) if "-----" in text else text.strip()
        assert inner[:16] not in error.message
    assert refused(forms[0]).code == "certificate.private_key"


def test_key_stores_requests_and_bundles_are_refused_by_name(issued: Issued) -> None:
    key = load_pem_private_key(issued.private_key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = x509.load_pem_x509_certificate(issued.certificate_pem)
    store = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, BestAvailableEncryption(b"secret"))
    assert isinstance(refused(store), KeystoreGiven)
    assert isinstance(refused(base64.b64encode(store)), KeystoreGiven)
    assert isinstance(refused(b"\xfe\xed\xfe\xed" + bytes(200)), KeystoreGiven)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    for encoding in (Encoding.PEM, Encoding.DER):
        assert isinstance(refused(request.public_bytes(encoding)), RequestGiven)
        assert isinstance(refused(pkcs7.serialize_certificates([certificate], encoding)), SeveralCertificates)


def test_exactly_one_certificate_is_wanted(issued: Issued, function: Issued) -> None:
    error = refused(issued.certificate_pem + function.certificate_pem)
    assert isinstance(error, SeveralCertificates)
    assert "2 certificates" in error.message
    assert isinstance(refused(der(issued) + der(function)), Unreadable)
    assert isinstance(refused(der(issued) + b"\x00"), Unreadable)


def test_other_things_are_unreadable(issued: Issued) -> None:
    public = read_certificate(issued.certificate_pem).public_key_pem.encode()
    cut = issued.certificate_pem[: len(issued.certificate_pem) // 2]
    for data in (
        b"",
        b"  \n",
        b"hello",
        "tøj".encode(),
        b"\x89PNG\r\n",
        b"{}",
        b"0" * 100,
        b"\xff\xfe\x00",
        public,
        cut,
    ):
        assert isinstance(refused(data), Unreadable), data[:20]
    assert "public key" in refused(public).message
    assert "cut" in refused(cut).message


def test_size_is_bounded() -> None:
    assert isinstance(refused(b"A" * (64 * 1024 + 1)), TooLarge)
    assert isinstance(refused(b"A" * (64 * 1024)), Unreadable)


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    assert len(old) == len(new)
    return data.replace(old, new)


def test_t61_names_and_negative_serials_of_the_first_generation_are_read(function: Issued) -> None:
    data = patched(der(function), b"\x0c\x1cXXYYZZ (funktionscertifikat)", b"\x14\x1c\xc6blegr\xf8d" + b" " * 20)
    assert len(data) == len(der(function))
    plain = read_certificate(function.certificate_pem)
    with pytest.raises(ValueError):
        _ = x509.load_der_x509_certificate(data).subject
    encoded = plain.x509_serial.to_bytes(4, "big")
    negative = bytes([encoded[0] | 0x80]) + encoded[1:]
    certificate = read_certificate(patched(data, b"\x02\x04" + encoded, b"\x02\x04" + negative))
    assert certificate.common_name.rstrip() == "Æblegrød"
    assert certificate.x509_serial == int.from_bytes(negative, "big", signed=True) < 0
    assert certificate.subject_serial == plain.subject_serial


def test_names_cannot_carry_what_would_deceive_the_reader(authority: Authority) -> None:
    issued = authority.issue("VOCES", cvr=CVR, name="AA\u202eBB\u0007CC")
    assert read_certificate(issued.certificate_pem).common_name == "AA\ufffdBB\ufffdCC"


def self_signed(*extensions: x509.ExtensionType, serials: tuple[str, ...] = (), key=None) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, serial) for serial in serials])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2051, 1, 1, tzinfo=UTC))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def policies(*oids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids])


FID = f"CVR:{CVR}-FID:12345678"
ORGANISATION = "UI:DK-O:G:12345678-1234-1234-1234-123456789abc"
ARC = "1.2.208.169.1.1.1"


@pytest.mark.parametrize(
    "oids",
    [
        (),
        ("2.5.29.32.0",),
        ("0.4.0.2042.1.1",),
        (f"{ARC}.30.7",),  # the arc is .3; .30 only looks like it as text
        (f"{ARC}.5.1",),
        (ARC,),
        ("1.2.208.169.1.1.10.3.7",),
        ("1.3.6.1.4.1.31313.2.4.6",),
        ("1.3.6.1.4.1.31313.2.40.6.4.2",),
    ],
)
def test_without_an_oces_policy_it_is_no_oces_certificate(oids: tuple[str, ...]) -> None:
    extensions = [policies(*oids)] if oids else []
    assert isinstance(refused(self_signed(*extensions, serials=(FID,))), NotOces)


def test_an_authoritys_own_certificate_is_named_as_such(authority: Authority) -> None:
    for file in authority.trust_directory.rglob("*.pem"):
        error = refused(file.read_bytes())
        assert isinstance(error, NotOces)
        assert "authority's own" in error.message


@pytest.mark.parametrize(
    ("oids", "serials"),
    [
        ((f"{ARC}.4.3",), (ORGANISATION,)),  # there is no FOCES in OCES3
        ((f"{ARC}.3.7",), (ORGANISATION.replace("-O:", "-E:"),)),
        ((f"{ARC}.3.7",), (FID,)),
        ((f"{ARC}.4.3",), (f"CVR:{CVR}-RID:12345678",)),
        ((f"{ARC}.4.3",), ("CVR:1234-FID:12345678",)),
        ((f"{ARC}.4.3",), (FID + " ",)),
        ((f"{ARC}.4.3",), ()),
        ((f"{ARC}.4.3",), (FID, FID)),
        ((f"{ARC}.4.3", f"{ARC}.2.7"), (FID,)),
        ((f"{ARC}.4.3", "1.3.6.1.4.1.31313.2.4.6.4.3"), (FID,)),
    ],
)
def test_policy_and_subject_must_agree(oids: tuple[str, ...], serials: tuple[str, ...]) -> None:
    assert isinstance(refused(self_signed(policies(*oids), serials=serials)), KindUnclear)


@pytest.mark.parametrize(
    ("oid", "serial", "kind", "generation"),
    [
        (f"{ARC}.3.7", ORGANISATION, Kind.VOCES, Generation.OCES3),
        (f"{ARC}.3.7.1", ORGANISATION.lower(), Kind.VOCES, Generation.OCES3),
        (f"{ARC}.3.3", f"CVR:{CVR}-UID:1234567890123", Kind.VOCES, Generation.OCES1),
        (f"{ARC}.4.1", FID, Kind.FOCES, Generation.OCES1),
        (f"{ARC}.2.4", f"CVR:{CVR}-RID:soren", Kind.MOCES, Generation.OCES1),
        (f"{ARC}.2.5", f"CVR:{CVR}-RID:1234567890123", Kind.MOCES, Generation.OCES2),
        ("1.3.6.1.4.1.31313.2.4.1.3.4", f"CVR:{CVR}-UID:12345678", Kind.VOCES, Generation.OCES2),
        ("1.1.1.1.1.1.1.1.1.3", f"CVR:{CVR}-UID:12345678", Kind.VOCES, Generation.OCES1),
    ],
)
def test_kind_and_generation_by_policy_wherever_it_is_listed(oid, serial, kind, generation) -> None:
    for listed in ((oid,), ("0.4.0.2042.1.1", oid), (oid, "0.4.0.2042.1.1")):
        certificate = read_certificate(self_signed(policies(*listed), serials=(serial,)))
        assert (certificate.kind, certificate.generation) == (kind, generation)
        assert certificate.valid_to == datetime(2051, 1, 1, tzinfo=UTC)
        assert certificate.cvr == (None if serial.upper().startswith("UI:") else CVR)


def test_damaged_policies_are_unreadable() -> None:
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.32"), b"\x30\x03\x30\x05\x06")
    assert isinstance(refused(self_signed(broken, serials=(FID,))), Unreadable)


def test_a_renewal_is_known_by_the_holders_number_or_with_a_warning_by_cvr(
    authority: Authority, issued: Issued
) -> None:
    old = read_certificate(issued.certificate_pem)
    again = authority.issue(cvr=CVR, name="Nyt navn", subject_serial=old.subject_serial)
    other = authority.issue("FOCES", cvr=CVR, name="Fagsystem")
    stranger = authority.issue(cvr="87654321", name="Fagsystem")
    answers = [same_holder(old, read_certificate(new.certificate_pem)) for new in (again, other, stranger)]
    assert answers == [SameHolder.YES, SameHolder.SAME_ORGANISATION, SameHolder.NO]
    assert old.x509_serial != read_certificate(again.certificate_pem).x509_serial


def test_two_holders_without_cvr_are_not_the_same() -> None:
    one = read_certificate(self_signed(policies(f"{ARC}.3.7"), serials=(ORGANISATION,)))
    two = read_certificate(self_signed(policies(f"{ARC}.3.7"), serials=(ORGANISATION.replace("abc", "abd"),)))
    assert same_holder(one, two) is SameHolder.NO


def test_an_extension_given_twice_is_unreadable() -> None:
    """Two readers could each believe another one of them."""
    data = self_signed(
        policies(f"{ARC}.4.3"),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.99"), policies(f"{ARC}.2.7").public_bytes()),
        serials=(FID,),
    )
    read_certificate(data)
    assert isinstance(refused(patched(data, b"\x06\x03\x55\x1d\x63", b"\x06\x03\x55\x1d\x20")), Unreadable)


def test_two_different_signature_algorithms_are_unreadable() -> None:
    data = self_signed(policies(f"{ARC}.4.3"), serials=(FID,))
    ecdsa = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
    assert data.count(ecdsa + b"\x02") == 2
    at = data.rindex(ecdsa) + len(ecdsa)
    assert isinstance(refused(data[:at] + b"\x03" + data[at + 1 :]), Unreadable)


def test_keys_that_are_no_keys_are_unreadable() -> None:
    data = self_signed(policies(f"{ARC}.4.3"), serials=(FID,))
    curve = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    assert isinstance(refused(patched(data, curve, curve[:-1] + b"\x63")), Unreadable)


@pytest.mark.parametrize("day", [b"260230000000Z", b"269901000000Z", b"260101000000+", b"2601010000  Z"])
def test_times_on_no_calendar_are_unreadable(day: bytes) -> None:
    data = self_signed(policies(f"{ARC}.4.3"), serials=(FID,))
    assert isinstance(refused(patched(data, b"260101000000Z", day)), Unreadable)


def test_names_and_numbers_beyond_all_measure_are_unreadable() -> None:
    key = ec.generate_private_key(ec.SECP256R1())

    def built(*, units: int) -> bytes:
        attributes = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "x" * 60)] * units
        name = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, FID), *attributes])
        builder = x509.CertificateBuilder(
            name,
            name,
            key.public_key(),
            7,
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2027, 1, 1, tzinfo=UTC),
        )
        signed = builder.add_extension(policies(f"{ARC}.4.3"), critical=False).sign(key, SHA256())
        return signed.public_bytes(Encoding.DER)

    assert len(read_certificate(built(units=20)).issuer) < 4000
    assert isinstance(refused(built(units=40)), Unreadable)
    data = built(units=1)
    outer, inner = data[4:], data[8:]
    assert (outer[:2], inner[:8]) == (b"\x30\x82", b"\xa0\x03\x02\x01\x02\x02\x01\x07")
    for octets, taken in ((20, True), (22, False)):
        number = b"\x02" + bytes([octets]) + b"\x01" * octets
        grown = octets - 1
        lengths = [int.from_bytes(part[2:4], "big") + grown for part in (data, outer)]
        long = (
            b"".join(b"\x30\x82" + length.to_bytes(2, "big") for length in lengths) + inner[:5] + number + inner[8:]
        )
        if taken:
            assert read_certificate(long).x509_serial == int.from_bytes(b"\x01" * octets, "big")
        else:
            assert isinstance(refused(long), Unreadable)
