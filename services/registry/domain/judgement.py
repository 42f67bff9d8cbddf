"""Whether a certificate may stand for a system in an environment, at a time."""

from __future__ import annotations

from datetime import datetime

from services.registry.domain.binding import expired
from services.registry.domain.certificate import Certificate
from services.registry.domain.policy import Kind
from services.registry.domain.refusal import (
    Expired,
    KindNotAccepted,
    NotYetValid,
    UntrustedIssuer,
    WeakKey,
    WrongEnvironment,
)
from services.registry.domain.trust import Trust
from shared.contracts.event import Environment

ACCEPTED_KINDS = frozenset({Kind.FOCES, Kind.VOCES})
"""Only functions and organisations call the platform; people's certificates do not."""

_SMALLEST_KEY = {"RSA": 2048, "EC": 256}
_BROKEN_SIGNATURES = {
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
}
_BELONGS_TO = {Kind.MOCES: "an employee", Kind.POCES: "a private person"}


def judge(certificate: Certificate, *, environment: Environment, trust: Trust, now: datetime) -> None:
    """Return if the certificate may be registered, and used, in `environment` at `now` (UTC); raise if not.

    Raises, in this order, the first that applies of `KindNotAccepted`, `NotYetValid`, `Expired`, `WeakKey`,
    `UntrustedIssuer`, `WrongEnvironment`. Production takes only certificates from production authorities;
    external test takes those of both, as the real one does. Whether it is already in use is the store's to
    say (`AlreadyUsed`); whether it is revoked is not judged here.
    """
    if certificate.kind not in ACCEPTED_KINDS:
        raise KindNotAccepted(
            f"This is a {certificate.kind} certificate: it identifies {_BELONGS_TO[certificate.kind]}, not a "
            "system. Give the system's FOCES or VOCES certificate (in MitID Erhverv: a system certificate)."
        )
    _judge_time(certificate, now)
    _judge_strength(certificate)
    issued_for = trust.environment_of(certificate.der, now)
    if issued_for is None:
        raise UntrustedIssuer(
            f"This certificate was not issued by an authority trusted here; it names “{certificate.issuer}” "
            "as its "
            "issuer, but no trusted authority's signature is on it. Give one issued by the public OCES "
            "authority."
        )
    if environment == "production" and issued_for != "production":
        raise WrongEnvironment(
            "This certificate was issued by a test authority, and production takes only certificates from "
            "the "
            "production authority. Give a production certificate, or register the system for external test."
        )


def _judge_time(certificate: Certificate, now: datetime) -> None:
    if now < certificate.valid_from:
        raise NotYetValid(
            f"This certificate is not valid until {certificate.valid_from:%Y-%m-%d %H:%M} UTC. Register it "
            "then, or give the one that is valid now."
        )
    if expired(certificate.valid_to, now):
        raise Expired(
            f"This certificate expired on {certificate.valid_to:%Y-%m-%d %H:%M} UTC. Renew it at its issuer "
            "and give the new one."
        )


def _judge_strength(certificate: Certificate) -> None:
    smallest = _SMALLEST_KEY.get(certificate.key_type)
    if smallest is None:
        raise WeakKey(
            f"This certificate has a key of type {certificate.key_type}; systems sign with RSA or "
            "elliptic-curve keys. Order a new certificate with an RSA key of 2048 bits or more."
        )
    if certificate.key_size < smallest:
        raise WeakKey(
            f"This certificate's {certificate.key_type} key has {certificate.key_size} bits; at least "
            f"{smallest} are needed. Make a longer key and order a new certificate for it."
        )
    if digest := _BROKEN_SIGNATURES.get(certificate.signature_algorithm):
        raise WeakKey(
            f"This certificate is signed with {digest}, which can be forged. Order a new certificate; "
            "today's are signed with SHA-256."
        )
