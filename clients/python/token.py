"""The system's token: got with its certificate, kept, and got anew before it runs out."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import httpx

from clients.python.signing import Signer

GRANT_TYPE = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RENEW_AT = 0.75
"""The part of a token's life after which it is got anew."""
TIMEOUT_SECONDS = 15.0


class TokenRefused(Exception):
    """The registry gives this system no token; `code` says why, such as `system.paused`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.code = code


class TokenUnavailable(Exception):
    """The registry could not be asked just now; try again."""


@dataclass(frozen=True)
class Token:
    """A token and how long it holds from when it was got, in seconds of this machine's clock."""

    access_token: str = field(repr=False)
    expires_in: float
    scope: str
    got_at: float

    @property
    def left(self) -> float:
        """Seconds until it runs out."""
        return self.got_at + self.expires_in - time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to get a new one."""
        return self.left < self.expires_in * (1 - RENEW_AT)


async def fetch(
    token_url: str,
    *,
    system_id: str,
    certificate_pem: bytes,
    private_key_pem: bytes,
    audience: str | None = None,
) -> Token:
    """Get a token. `audience`: the registry's own name for the address, where it differs from `token_url`.

    Raises TokenRefused, or TokenUnavailable when it is worth trying again.
    """
    signer = Signer(certificate_pem, private_key_pem)
    return await fetch_signed(token_url, system_id=system_id, signer=signer, audience=audience)


async def fetch_signed(token_url: str, *, system_id: str, signer: Signer, audience: str | None = None) -> Token:
    """As `fetch`, with a signer at hand."""
    form = {
        "grant_type": GRANT_TYPE,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signer.assertion(system_id, audience or token_url),
    }
    asked_at = time.monotonic()
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            answer = await client.post(token_url, data=form)
    except httpx.HTTPError as error:
        raise TokenUnavailable(f"{token_url} can't be reached: {type(error).__name__}") from error
    if answer.status_code >= 500 or answer.status_code == 429:  # noqa: PLR2004
        raise TokenUnavailable(f"{token_url} answered {answer.status_code}")
    try:
        told = answer.json()
        if answer.status_code == 200:  # noqa: PLR2004
            return Token(told["access_token"], float(told["expires_in"]), told.get("scope", ""), asked_at)
        code = str(told.get("code") or told.get("error"))
        detail = str(told.get("error_description") or told.get("detail") or f"status {answer.status_code}")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TokenUnavailable(f"{token_url} answered {answer.status_code} without a token") from None
    raise TokenRefused(code, detail)


class Tokens:
    """The system's present token, got when it is first needed and anew when it is due."""

    def __init__(self, token_url: str, *, system_id: str, signer: Signer, audience: str | None = None) -> None:
        self._url = token_url
        self._system_id = system_id
        self._audience = audience
        self._token: Token | None = None
        self._asking = asyncio.Lock()
        self.signer = signer
        """May be replaced when the certificate is renewed."""

    async def get(self) -> Token:
        """A token that holds for a while. Raises TokenRefused or TokenUnavailable."""
        async with self._asking:
            if self._token is None or self._token.due:
                self._token = await self._renewed()
            return self._token

    async def _renewed(self) -> Token:
        try:
            return await fetch_signed(
                self._url, system_id=self._system_id, signer=self.signer, audience=self._audience
            )
        except TokenUnavailable:
            if self._token is not None and self._token.left > TIMEOUT_SECONDS:
                return self._token
            raise
