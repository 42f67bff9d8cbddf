"""The signed assertion by which a system signs in (RFC 7523, private_key_jwt): what it must say.

Its times are real time, not platform time: the system that signs it goes by the clock on its own wall.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from shared.problem import BadRequest

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRANT_TYPE = "client_credentials"
ALGORITHMS = ("RS256", "PS256", "ES256")
LONGEST_LIFE = 300
"""Seconds from now to the latest `exp` that is taken."""
LEEWAY = 30
"""Seconds by which the system's clock may differ from ours."""
LONGEST_ID = 255

OAuthError = Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]


class SignInRefused(BadRequest):
    """No token. `error` is RFC 6749's word for it (5.2), `code` ours, which says more."""

    title = "The system can't be signed in"

    def __init__(self, error: OAuthError, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.error = error


def not_valid(code: str, detail: str) -> SignInRefused:
    """The refusal of an assertion that does not hold."""
    return SignInRefused("invalid_client", code, detail)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a system said of itself, its times checked, its signature not. `expires_at`: real seconds since 1970."""

    system_id: UUID
    id: str
    expires_at: int


def read_claims(claims: Mapping[str, Any], *, audience: str, real_now: float) -> Assertion:
    """The claims of an assertion that is for us and for now. Raises SignInRefused, one code per rule."""
    system_id = _issuer(claims)
    told = claims.get("aud")
    if audience not in (told if isinstance(told, list) else [told]):
        raise not_valid("assertion.audience", f"The claim aud must be the address of this endpoint, {audience}")
    expires_at = _seconds(claims, "exp")
    if expires_at is None:
        raise not_valid("assertion.no_expiry", "The claim exp is missing; it is a number of seconds since 1970.")
    if expires_at <= real_now - LEEWAY:
        raise not_valid("assertion.expired", "The assertion has expired; sign a new one for every sign-in.")
    if expires_at > real_now + LONGEST_LIFE + LEEWAY:
        raise not_valid("assertion.too_long", f"The claim exp lies more than {LONGEST_LIFE} seconds ahead.")
    for name in ("iat", "nbf"):
        told_at = _seconds(claims, name)
        if told_at is not None and told_at > real_now + LEEWAY:
            raise not_valid("assertion.not_yet", f"The claim {name} lies in the future; check the system's clock.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_ID or not jti.isprintable():
        raise not_valid("assertion.no_id", f"The claim jti is missing; it is a text of 1 to {LONGEST_ID} characters.")
    return Assertion(system_id, jti, expires_at)


def _issuer(claims: Mapping[str, Any]) -> UUID:
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or issuer != subject:
        raise not_valid("assertion.issuer", "The claims iss and sub must both be the id of the system.")
    try:
        return UUID(issuer)
    except ValueError:
        raise not_valid("assertion.issuer", "The claims iss and sub must be the id of the system, a UUID.") from None


def _seconds(claims: Mapping[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    # A NumericDate may have a fraction (RFC 7519, 2); true and false are numbers only to Python.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2**53) < value < 2**53:
        raise not_valid("assertion.not_valid", f"The claim {name} must be a number of seconds since 1970.")
    return int(value)
