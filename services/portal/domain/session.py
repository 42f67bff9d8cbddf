"""Browser sessions: the secret in the cookie, what can be opened with it alone, and when one is over."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET_BYTES = 32
_NONCE = 12
SEEN_SECONDS = 60
"""How much longer a session may have been in use than its row says: not every page is worth a write."""
LONGEST_TOLD = 700
"""Bytes of a sentence for the next page: sealed, it must fit into its column."""
RENEW_SECONDS = 300
"""How long before its end a token is renewed."""


@dataclass(frozen=True)
class Oldest:
    """Sessions seen and begun no later than this are over (real time, UTC)."""

    seen_at: datetime
    begun_at: datetime

    @classmethod
    def at(cls, now: datetime, *, idle_minutes: int, hours: int) -> Self:
        return cls(now - timedelta(minutes=idle_minutes), now - timedelta(hours=hours))


@dataclass(frozen=True)
class Membership:
    """An organisation somebody may act for, and as what."""

    organisation_id: UUID
    name: str
    kinds: tuple[str, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, for which organisation, and the token that proves it to the services."""

    token: str
    expires_at: datetime
    person_id: UUID
    person_name: str
    email: str
    organisation_id: UUID
    organisation_name: str
    kinds: tuple[str, ...]
    roles: tuple[str, ...]
    test: bool
    memberships: tuple[Membership, ...]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        """From the registry's answer to a sign-in."""
        person, organisation = answer["person"], answer["organisation"]
        return cls(
            token=answer["token"],
            expires_at=datetime.fromisoformat(answer["expires_at"]),
            person_id=UUID(person["id"]),
            person_name=person["name"],
            email=person["email"],
            organisation_id=UUID(organisation["id"]),
            organisation_name=organisation["name"],
            kinds=tuple(organisation["kinds"]),
            roles=tuple(answer["roles"]),
            test=organisation["test"],
            memberships=tuple(
                Membership(UUID(one["organisation_id"]), one["name"], tuple(one["kinds"]), tuple(one["roles"]))
                for one in answer["memberships"]
            ),
        )

    def has(self, kind: str, *roles: str) -> bool:
        """Whether the organisation is of that kind and the person has one of these roles (any, if none is named)."""
        return kind in self.kinds and (not roles or bool(set(roles) & set(self.roles)))

    def must_renew(self, now: datetime) -> bool:
        """Whether the token ends soon (real time, UTC)."""
        return now + timedelta(seconds=RENEW_SECONDS) >= self.expires_at


def ends_at(begun_at: datetime, seen_at: datetime, *, idle_minutes: int, hours: int) -> datetime:
    """When a session is over if nothing more is asked for."""
    return min(seen_at + timedelta(minutes=idle_minutes), begun_at + timedelta(hours=hours))


def new_secret() -> str:
    """What a new session's cookie holds."""
    return secrets.token_urlsafe(SECRET_BYTES)


def id_of(secret: str) -> bytes:
    """What the session is found by; the secret does not follow from it."""
    return hashlib.sha256(b"session " + secret.encode()).digest()


def form_token(secret: str) -> str:
    """What each form of the session carries, so that no other site can send one in its name."""
    return hmac.digest(secret.encode(), b"form", "sha256").hex()


def seal(secret: str, signed_in: SignedIn) -> bytes:
    """The sign-in, readable with the cookie's secret alone."""
    return _seal(secret, json.dumps(asdict(signed_in), default=str).encode())


def unseal(secret: str, sealed: bytes) -> SignedIn | None:
    """The sign-in again; None if it was sealed with another secret or damaged."""
    content = _unseal(secret, sealed)
    if content is None:
        return None
    told = json.loads(content)
    return SignedIn(
        **{
            **told,
            "expires_at": datetime.fromisoformat(told["expires_at"]),
            "person_id": UUID(told["person_id"]),
            "organisation_id": UUID(told["organisation_id"]),
            "kinds": tuple(told["kinds"]),
            "roles": tuple(told["roles"]),
            "memberships": tuple(
                Membership(UUID(one["organisation_id"]), one["name"], tuple(one["kinds"]), tuple(one["roles"]))
                for one in told["memberships"]
            ),
        }
    )


def seal_sentence(secret: str, sentence: str) -> str:
    """What the next page begins with, which may name people: readable with the cookie's secret alone."""
    return base64.b64encode(_seal(secret, sentence.encode()[:LONGEST_TOLD])).decode()


def unseal_sentence(secret: str, sealed: str | None) -> str | None:
    """The sentence again; None if there is none, or it was sealed with another secret or damaged."""
    try:
        content = _unseal(secret, base64.b64decode(sealed or "", validate=True))
    except ValueError:
        return None
    # A sentence that is too long may be cut within a letter.
    return None if content is None else content.decode(errors="ignore")


def _seal(secret: str, content: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, content, None)


def _unseal(secret: str, sealed: bytes) -> bytes | None:
    try:
        return AESGCM(_key(secret)).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    except InvalidTag:
        return None


def _key(secret: str) -> bytes:
    return hashlib.sha256(b"seal " + secret.encode()).digest()
