"""Who is calling: the registry's signed tokens, checked by every service itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import httpx
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict

from shared import logs
from shared.audit import Actor
from shared.clock import Clock
from shared.contracts.event import Environment
from shared.contracts.registry import OrganisationKind, Role
from shared.problem import Forbidden, Unauthorised, Unavailable

log = logs.get(__name__)

ISSUER = "serviceplatform"
AUDIENCE = "platform"
ALGORITHM = "ES256"
LEEWAY_SECONDS = 30
REFETCH_SECONDS = 10
"""How soon the keys are fetched again for a key id that is not known."""
RETRY_SECONDS = 1
"""How soon the keys are asked for again when they could not be had."""
FETCH_SECONDS = 5


_MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a token from anybody may raise."""
_NO_KEYS = (httpx.HTTPError, httpx.InvalidURL, TimeoutError, *_MALFORMED)


class Claims(BaseModel):
    """What a platform token says. `kind` system: `sub` is the system's id and `environment` is set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sub: UUID
    kind: Literal["person", "system"]
    org: UUID
    org_kinds: tuple[OrganisationKind, ...]
    roles: tuple[Role, ...] = ()
    test: bool = False
    environment: Environment | None = None
    auth_time: int | None = None
    """When the person signed in, in seconds of real time; it stays the same when the token is renewed."""


@dataclass(frozen=True)
class Caller:
    """A signed-in person in one organisation, or a supplier's system.

    `test`: the organisation lives in the external test environment only.
    """

    id: UUID
    kind: Literal["person", "system"]
    organisation_id: UUID
    kinds: frozenset[OrganisationKind]
    roles: frozenset[Role]
    test: bool
    environment: Environment | None
    signed_in_at: datetime | None = field(default=None, compare=False)
    """When a person signed in (real time, UTC), however often the token was renewed since."""

    @property
    def actor(self) -> Actor:
        """Who to name in the audit log."""
        return Actor(self.kind, str(self.id), self.organisation_id)

    @property
    def helpdesk(self) -> bool:
        return self.kind == "person" and "operator" in self.kinds and "helpdesk" in self.roles

    def person_of(self, kind: OrganisationKind, *roles: Role) -> bool:
        """Whether this is a person of such an organisation with one of these roles (any role if none is named)."""
        return self.kind == "person" and kind in self.kinds and (not roles or bool(self.roles & set(roles)))

    def require(self, kind: OrganisationKind, *roles: Role) -> None:
        """Raise Forbidden unless `person_of` holds."""
        if not self.person_of(kind, *roles):
            wanted = " or ".join(roles) or "any role"
            raise Forbidden("rights.role_missing", f"This takes a person of a {kind} with the role: {wanted}.")

    def require_helpdesk(self) -> None:
        """Raise Forbidden unless this is the platform's helpdesk."""
        if not self.helpdesk:
            raise Forbidden("rights.helpdesk_only", "Only the platform's helpdesk may do this.")


class Verifier:
    """Checks tokens against the registry's public keys, fetched when needed and kept."""

    def __init__(self, jwks_url: str, clock: Clock) -> None:
        self._url = jwks_url
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._failed_at = 0.0
        self._fetching = asyncio.Lock()

    async def caller(self, token: str, *, over_for: int = 0) -> Caller:
        """Who this token is for. Raises Unauthorised, or Unavailable when the keys can't be had.

        With `over_for` a person's token holds so many seconds longer than it says: to be renewed, and nothing else.
        """
        try:
            decoded = await self._decode(token)
            if over_for and decoded.claims["kind"] == "person":
                decoded.claims["exp"] += over_for
            jwt.JWTClaimsRegistry(
                now=int(self._clock.real()),
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": AUDIENCE},
                exp={"essential": True},
            ).validate(decoded.claims)
            claims = Claims.model_validate(decoded.claims)
        except _MALFORMED as error:
            raise Unauthorised(
                "token.not_valid", f"The token does not hold ({type(error).__name__}); sign in again."
            ) from None
        return Caller(
            id=claims.sub,
            kind=claims.kind,
            organisation_id=claims.org,
            kinds=frozenset(claims.org_kinds),
            roles=frozenset(claims.roles),
            test=claims.test,
            environment=claims.environment,
            signed_in_at=_instant(claims.auth_time or decoded.claims.get("iat")),
        )

    async def _decode(self, token: str) -> jwt.Token:
        keys = self._keys or await self._fetch()
        try:
            return jwt.decode(token, keys, algorithms=[ALGORITHM])
        except _MALFORMED:
            # The key may be new: look once more, but not for every bad token.
            if self._clock.real() - self._fetched_at < REFETCH_SECONDS:
                raise
            return jwt.decode(token, await self._fetch(), algorithms=[ALGORITHM])

    async def _fetch(self) -> KeySet:
        async with self._fetching:
            now = self._clock.real()
            if self._keys is not None and now - self._fetched_at < REFETCH_SECONDS:
                return self._keys
            # Those who waited for a fetch that failed share its failure; else each would wait for one of its own.
            if now - self._failed_at >= RETRY_SECONDS:
                try:
                    self._keys, self._fetched_at = await self._asked(), self._clock.real()
                except _NO_KEYS as error:
                    self._failed_at = self._clock.real()
                    log.warning("keys_not_fetched", error=type(error).__name__)
            if self._keys is None:
                raise Unavailable("identity.no_keys", "The registry's public keys can't be had just now; try again.")
            return self._keys

    async def _asked(self) -> KeySet:
        async with asyncio.timeout(FETCH_SECONDS), httpx.AsyncClient(timeout=FETCH_SECONDS) as client:
            answer = await client.get(self._url)
            answer.raise_for_status()
            return KeySet.import_key_set(answer.json())


# Only tells the API's description that a token is needed; what comes is read below, so that a refusal is a problem.
_BEARER = HTTPBearer(
    scheme_name="token", bearerFormat="JWT", description="The token from the registry's sign-in", auto_error=False
)


def bearer_token(request: Request) -> str:
    """The token a request carries. Raises Unauthorised `token.missing`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorised("token.missing", "Send the token from sign-in as `Authorization: Bearer …`.")
    return token.strip()


NeedsToken = Annotated[object, Security(_BEARER)]
"""A route's parameter of this type only says in the API's description that a token is needed."""


async def _signed_in(request: Request, _: NeedsToken) -> Caller:
    verifier: Verifier = request.app.state.runtime.verifier
    return await verifier.caller(bearer_token(request))


SignedIn = Annotated[Caller, Depends(_signed_in)]
"""A route's parameter of this type is whoever calls; without a token that holds the answer is 401."""


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
