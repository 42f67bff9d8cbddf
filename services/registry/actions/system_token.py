"""A supplier's system signs in with its registered certificate and gets a token."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from services.registry.domain.assertion import (
    ALGORITHMS,
    ASSERTION_TYPE,
    GRANT_TYPE,
    LEEWAY,
    Assertion,
    SignInRefused,
    not_valid,
    read_claims,
)
from services.registry.domain.binding import Binding, expired
from services.registry.domain.system import Supplier, System
from services.registry.domain.thumbprint import read_thumbprint
from services.registry.settings import RegistrySettings
from services.registry.signing import Minted, SigningKeys
from services.registry.store import assertion as assertion_store
from services.registry.store import binding as binding_store
from services.registry.store import system as system_store
from shared.audit import Actor
from shared.database import Transaction
from shared.identity import Claims

LONGEST_ASSERTION = 8192
"""Characters; an assertion signed with a 4096-bit key has about 1,500."""

SIGNATURE = 2
"""The third part of a signed JWT, after header and claims."""

TOKEN_PATH = "/registry/oauth/token"  # noqa: S105 - an address


@dataclass(frozen=True, slots=True)
class SystemToken:
    """A system's token and what it may do on the broker with it."""

    minted: Minted
    scope: str


@dataclass(frozen=True, slots=True)
class _Unverified:
    algorithm: str
    thumbprint: bytes
    assertion: Assertion


async def sign_in(
    tx: Transaction, form: Mapping[str, str], *, keys: SigningKeys, settings: RegistrySettings
) -> SystemToken:
    """A token for the system that signed the assertion in the form. Raises SignInRefused.

    Being registered is what it takes: which services it may call is asked for every call, not here.
    """
    text = _assertion_text(form)
    unverified = _read(text, audience=audience(settings), real_now=tx.clock.real())
    system, supplier = await _verified(tx, text, unverified)
    if form.get("client_id") not in {None, str(system.id)}:
        raise not_valid("assertion.issuer", "The field client_id names another system than the assertion.")
    scope = settings.system_scope.format(system_id=system.id)
    if form.get("scope") not in {None, "", scope}:
        raise SignInRefused("invalid_scope", "scope.not_granted", f"The only scope of this system is {scope}")
    kept_until = datetime.fromtimestamp(unverified.assertion.expires_at + LEEWAY, UTC)
    if not await assertion_store.use_up(tx.connection, system.id, unverified.assertion.id, expires_at=kept_until):
        raise not_valid("assertion.replayed", "An assertion with this jti was used before; sign a new one each time.")
    claims = Claims(
        sub=system.id,
        kind="system",
        org=system.supplier_id,
        org_kinds=supplier.kinds,
        test=supplier.test,
        environment=system.environment,
    )
    minted = keys.mint(claims, real_now=tx.clock.real(), seconds=settings.system_token_seconds, scope=scope)
    actor = Actor("system", str(system.id), system.supplier_id)
    await tx.record(actor, "system.sign_in", system.id, {"thumbprint": unverified.thumbprint.hex()})
    return SystemToken(minted, scope)


def audience(settings: RegistrySettings) -> str:
    """The address a system must name as `aud`: where people and systems reach this endpoint."""
    return settings.public_url.rstrip("/") + TOKEN_PATH


def _assertion_text(form: Mapping[str, str]) -> str:
    grant_type = form.get("grant_type")
    if not grant_type:
        raise SignInRefused("invalid_request", "grant_type.missing", f"The field grant_type must be {GRANT_TYPE}.")
    if grant_type != GRANT_TYPE:
        raise SignInRefused(
            "unsupported_grant_type", "grant_type.not_supported", f"The only grant_type is {GRANT_TYPE}."
        )
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise SignInRefused(
            "invalid_request", "assertion.type", f"The field client_assertion_type must be {ASSERTION_TYPE}"
        )
    text = form.get("client_assertion", "")
    if not text:
        raise SignInRefused("invalid_request", "assertion.missing", "The field client_assertion is missing.")
    if len(text) > LONGEST_ASSERTION:
        raise SignInRefused(
            "invalid_request", "assertion.too_large", f"An assertion has at most {LONGEST_ASSERTION} characters."
        )
    return text


def _read(text: str, *, audience: str, real_now: float) -> _Unverified:
    header, claims = _parts(text)
    if "crit" in header:
        raise not_valid("assertion.not_valid", "The header crit is not understood here; leave it out.")
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise not_valid("assertion.algorithm", f"The header alg must be one of {', '.join(ALGORITHMS)}.")
    named = header.get("x5t#S256")
    thumbprint = read_thumbprint(named) if isinstance(named, str) else None
    if thumbprint is None:
        raise not_valid(
            "assertion.no_certificate",
            "The header x5t#S256 must name the certificate: the base64url SHA-256 of its DER.",
        )
    return _Unverified(algorithm, thumbprint, read_claims(claims, audience=audience, real_now=real_now))


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, before anyone has vouched for them."""
    try:
        header, claims, _ = (
            json.loads(base64.b64decode(piece + "=" * (-len(piece) % 4), altchars=b"-_", validate=True))
            if place < SIGNATURE
            else None
            for place, piece in enumerate(text.split("."))
        )
    except (ValueError, RecursionError, binascii.Error):
        raise not_valid("assertion.not_valid", "The assertion is no signed JWT in compact form.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise not_valid("assertion.not_valid", "The assertion is no signed JWT in compact form.")
    return header, claims


async def _verified(tx: Transaction, text: str, unverified: _Unverified) -> tuple[System, Supplier]:
    """The system whose certificate signed this, if it may sign in now."""
    certificate = await binding_store.find(tx.connection, unverified.thumbprint)
    if certificate is None or certificate.system_id != unverified.assertion.system_id:
        raise not_valid("certificate.unknown", "No certificate with this thumbprint is registered for this system.")
    _require_signature(text, unverified.algorithm, certificate)
    # From here on it is known to be the system itself: it may be told what stands in its way.
    if certificate.bound_to is not None:
        raise not_valid("certificate.ended", "This certificate was ended; use the system's present one.")
    if tx.now < certificate.valid_from:
        raise not_valid("certificate.not_yet_valid", "This certificate is not valid yet.")
    if expired(certificate.valid_to, tx.now):
        raise not_valid("certificate.expired", "This certificate has expired; bind its renewal to the system.")
    system = await system_store.find(tx.connection, certificate.system_id)
    assert system is not None, "a certificate is bound to a system"
    if system.state != "registered":
        raise not_valid(f"system.{system.state}", f"The system is {system.state}.")
    supplier = await system_store.find_supplier(tx.connection, system.supplier_id)
    if supplier is None or not supplier.active:
        raise not_valid("organisation.inactive", "The system's supplier is not active here; ask helpdesk.")
    return system, supplier


class _Registry(jws.JWSRegistry):
    """The library's rules, but for its bounds: a header may carry the certificate too (x5c)."""

    max_header_length = LONGEST_ASSERTION
    max_payload_length = LONGEST_ASSERTION


def _require_signature(text: str, algorithm: str, certificate: Binding) -> None:
    kind = ECKey if algorithm.startswith("ES") else RSAKey
    try:
        key = kind.import_key(certificate.public_key_pem)
        jws.deserialize_compact(text.encode(), key, registry=_Registry(algorithms=[algorithm]))
    except (JoseError, ValueError, TypeError):
        raise not_valid(
            "assertion.signature",
            f"The signature does not hold: sign with {algorithm} and the certificate's own key.",
        ) from None
