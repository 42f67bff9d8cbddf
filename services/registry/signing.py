"""The registry's signing keys, and the tokens they sign for people and for suppliers' systems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.identity import ALGORITHM, AUDIENCE, ISSUER, Claims

_PEM = re.compile(rb"-----BEGIN (?:EC )?PRIVATE KEY-----.+?-----END (?:EC )?PRIVATE KEY-----", re.DOTALL)
_CURVE = "P-256"
_ADVICE = "It must hold one or more P-256 private keys in PEM without a passphrase (SP_SIGNING_KEY_FILE)."


class SigningKeyError(Exception):
    """The file of signing keys can't be used; a sentence naming the file and what to do."""


@dataclass(frozen=True)
class Minted:
    """A signed token. `expires_at` is in real time (UTC), because others than the platform check it too."""

    token: str
    id: UUID
    expires_at: datetime
    expires_in: int


class SigningKeys:
    """P-256 keys: the first signs, all are published, so that a new one can be told of before it signs."""

    def __init__(self, keys: Sequence[ECKey]) -> None:
        if not keys:
            raise ValueError("at least one key is needed")
        self._keys = tuple(keys)

    @classmethod
    def read(cls, path: Path) -> SigningKeys:
        """The private keys of a PEM file, in its order. Raises SigningKeyError."""
        try:
            blocks: list[bytes] = _PEM.findall(path.read_bytes())
        except OSError as error:
            raise SigningKeyError(f"{path} can't be read ({error.strerror}). {_ADVICE}") from None
        try:
            keys = [ECKey.import_key(block) for block in blocks]
        except (JoseError, ValueError, TypeError) as error:
            raise SigningKeyError(f"{path} holds an unreadable key ({type(error).__name__}). {_ADVICE}") from None
        if not keys or any(key.curve_name != _CURVE for key in keys):
            found = "a key on another curve" if keys else "no private key"
            raise SigningKeyError(f"{path} holds {found}. {_ADVICE}")
        return cls(keys)

    def published(self) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517); each key's id is its RFC 7638 thumbprint."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
                for key in self._keys
            ]
        }

    def mint(self, claims: Claims, *, real_now: float, seconds: int, scope: str | None = None) -> Minted:
        """Sign a platform token that holds for so many seconds from `real_now` (`clock.real()`).

        `scope` is what the message broker lets the bearer do; people's tokens have none.
        """
        issued = int(real_now)
        token_id = uuid4()
        told: dict[str, Any] = {
            "iss": ISSUER,
            "aud": [AUDIENCE],
            "iat": issued,
            "exp": issued + seconds,
            "jti": str(token_id),
            **claims.model_dump(mode="json", exclude_none=True),
        }
        if scope is not None:
            told["scope"] = scope
        key = self._keys[0]
        token = jwt.encode({"alg": ALGORITHM, "kid": key.thumbprint(), "typ": "JWT"}, told, key)
        return Minted(token, token_id, datetime.fromtimestamp(issued + seconds, UTC), seconds)
