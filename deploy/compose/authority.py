"""The installation's own certificate authority: it vouches for its servers to each other, and for nobody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.secrets import write_private

AUTHORITY_VALIDITY = timedelta(days=3650)
VALIDITY = timedelta(days=730)
RENEW_BEFORE = timedelta(days=180)
"""A certificate is made anew at the first start within this time before its end."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM; the key unencrypted (PKCS#8)."""

    certificate: bytes
    key: bytes


class Authority:
    """The authority in `directory`, made there when there is none yet."""

    def __init__(self, directory: Path, now: datetime) -> None:
        self._directory = directory
        self._now = now
        if not (directory / "ca.pem").exists():
            made = _make_authority(now)
            write_private(directory / "ca.key", made.key)
            write_private(directory / "ca.pem", made.certificate)
        self.certificate_pem = (directory / "ca.pem").read_bytes()
        self._certificate = x509.load_pem_x509_certificate(self.certificate_pem)
        key = load_pem_private_key((directory / "ca.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    def server(self, name: str, names: Sequence[str]) -> Pair:
        """The certificate of a server that is reached by `names` (host names and addresses).

        Kept, and made anew when it nears its end, the names differ, or the authority is another.
        """
        certificate, key = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        if not (certificate.exists() and key.exists() and self._still_good(certificate.read_bytes(), names)):
            made = self._issue(names)
            write_private(key, made.key)
            write_private(certificate, made.certificate)
        return Pair(certificate.read_bytes(), key.read_bytes())

    def _still_good(self, pem: bytes, names: Sequence[str]) -> bool:
        found = x509.load_pem_x509_certificate(pem)
        told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return (
            found.issuer == self._certificate.subject
            and self._now + RENEW_BEFORE < found.not_valid_after_utc
            and told == x509.SubjectAlternativeName([_name(name) for name in names])
        )

    def _issue(self, names: Sequence[str]) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(names[0], self._now, VALIDITY)
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        return _signed(builder, self._key, key)


def _make_authority(now: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    # The year and a part of the key tell one authority from its successor.
    name = f"Serviceplatform internal {now:%Y-%m-%d} {key.public_key().public_numbers().x % 0x10000:04x}"
    builder = (
        _builder(name, now, AUTHORITY_VALIDITY)
        .issuer_name(_subject(name))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _signed(builder, key, key)


def _builder(name: str, now: datetime, validity: timedelta) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - timedelta(minutes=5))
        .not_valid_after(now.astimezone(UTC) + validity)
    )


def _signed(
    builder: x509.CertificateBuilder, signer: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey
) -> Pair:
    return Pair(
        builder.sign(signer, SHA256()).public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
