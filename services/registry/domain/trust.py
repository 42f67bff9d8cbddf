"""Which certificate authorities are trusted, and for which environment."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from shared.contracts.event import Environment


class TrustError(ValueError):
    """The set of authorities can't be used; the text names the file or environment and what to do."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The authorities' certificates (roots and issuing ones alike) of each environment.

    Everything that lies here is trusted to issue; an environment belongs to an authority by where its
    certificate lies, never by its name, which production and test authorities almost share.
    """

    production: tuple[x509.Certificate, ...]
    test: tuple[x509.Certificate, ...]

    @classmethod
    def of(cls, *, production: Iterable[tuple[str, bytes]], test: Iterable[tuple[str, bytes]]) -> Self:
        """Trust from (where it comes from, PEM) pairs; a PEM may hold several authorities.

        Raises `TrustError` when one is unreadable or no authority, an environment has none, or an
        authority's key lies in both: a test authority would then open production.
        """
        trust = cls(_authorities("production", production), _authorities("test", test))
        if {_key(ca) for ca in trust.production} & {_key(ca) for ca in trust.test}:
            raise TrustError(
                "An authority is trusted both for production and for test. Remove its certificate from one "
                "of the two, or test certificates would be accepted in production."
            )
        return trust

    def environment_of(self, der: bytes, at: datetime) -> Environment | None:
        """Whose authorities issued this certificate, by an unbroken chain of signatures valid at `at` (UTC).

        None when neither's did.
        """
        with warnings.catch_warnings():
            # Negative serial numbers are known in old OCES certificates; the warning says so each time.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            try:
                certificate = x509.load_der_x509_certificate(der)
            except ValueError:
                return None
            if _chains(certificate, self.production, at):
                return "production"
            if _chains(certificate, self.test, at):
                return "test"
        return None


def _chains(certificate: x509.Certificate, authorities: tuple[x509.Certificate, ...], at: datetime) -> bool:
    # OCES certificates have no subjectAltName and no extended key usage, so the verifier's own rules for the
    # leaf don't fit them; its rules for authorities do.
    verifier = (
        PolicyBuilder()
        .store(Store(list(authorities)))
        .time(at)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        verifier.verify(certificate, [])
    except (VerificationError, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _authorities(environment: str, given: Iterable[tuple[str, bytes]]) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    for source, pem in given:
        try:
            certificates = x509.load_pem_x509_certificates(pem)
            authority = all(
                certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
                for certificate in certificates
            )
        except (ValueError, x509.ExtensionNotFound):
            authority = False
        if not authority:
            raise TrustError(f"{source} holds no certificate authority's certificate in PEM. Replace or remove it.")
        found.extend(certificates)
    if not found:
        raise TrustError(
            f"No certificate authority is trusted for {environment}. Add at least one certificate in PEM."
        )
    return tuple(found)


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
