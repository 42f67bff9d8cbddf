"""Whether a certificate may stand for a system in an environment, at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from services.registry.domain.binding import expired
from services.registry.domain.certificate import Certificate
from services.registry.domain.policy import Kind
from services.registry.domain.refusal import (
    CertificateRefused,
    Expired,
    KindNotAccepted,
    NotYetValid,
    UntrustedIssuer,
    WeakKey,
    WrongEnvironment,
)
from services.registry.domain.trust import Trust
from shared.contracts.event import Environment

Check = Literal["kind", "validity", "strength", "issuer"]

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
    for refusal in checks(certificate, environment=environment, trust=trust, now=now).values():
        if refusal is not None:
            raise refusal


def checks(
    certificate: Certificate, *, environment: Environment, trust: Trust, now: datetime
) -> dict[Check, CertificateRefused | None]:
    """Each rule that `judge` goes by, in its order, with what it refuses the certificate for, if it does."""
    rules: dict[Check, Callable[[], None]] = {
        "kind": lambda: _judge_kind(certificate),
        "validity": lambda: _judge_time(certificate, now),
        "strength": lambda: _judge_strength(certificate),
        "issuer": lambda: _judge_issuer(certificate, environment, trust, now),
    }
    return {name: _refusal(rule) for name, rule in rules.items()}


def _refusal(rule: Callable[[], None]) -> CertificateRefused | None:
    try:
        rule()
    except CertificateRefused as refused:
        return refused
    return None


def _judge_kind(certificate: Certificate) -> None:
    if certificate.kind not in ACCEPTED_KINDS:
        raise KindNotAccepted(
            f"This is a {certificate.kind} certificate: it identifies {_BELONGS_TO[certificate.kind]}, not a "
            "system. Give the system's FOCES or VOCES certificate (in MitID Erhverv: a system certificate)."
        )


def _judge_issuer(certificate: Certificate, environment: Environment, trust: Trust, now: datetime) -> None:
    # Outside its validity a certificate is no stranger for that: its issuer is judged as of the nearest day within.
    at = min(max(now, certificate.valid_from), certificate.valid_to)
    issued_for = trust.environment_of(certificate.der, at)
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
