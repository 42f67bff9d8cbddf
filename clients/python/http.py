"""Sending a message of calls over HTTP instead of the broker: the answer says what became of each call."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from clients.python.broker import CONTENT_TYPE
from clients.python.call import Call, encode
from clients.python.signing import Signer
from clients.python.token import Tokens

TIMEOUT_SECONDS = 60.0


class CallsRefused(Exception):
    """The message was refused whole; `status` is HTTP's, `code` says why."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({status} {code})")
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What became of a message: calls = counted + duplicates + len(refused)."""

    message_id: str
    calls: int
    counted: int
    duplicates: int
    refused: tuple[dict[str, Any], ...]
    repeated: bool


class HttpCallSender:
    """Posts calls to `calls_url` (…/metering/calls) with the system's token. It closes `client` when it ends."""

    def __init__(
        self,
        calls_url: str,
        *,
        system_id: str,
        signer: Signer,
        tokens: Tokens,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = calls_url
        self._system_id = system_id
        self._tokens = tokens
        self._client = client or httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        self.signer = signer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, calls: Sequence[Call], *, message_id: str | None = None) -> Answer:
        """Send up to 500 calls; counted and safe when this returns.

        Raises CallsRefused, TokenRefused, TokenUnavailable or httpx.HTTPError. After the last two send the same
        calls again: those that came through are then told as duplicates.
        """
        return await self.post(encode(calls, f"urn:uuid:{self._system_id}"), message_id=message_id)

    async def post(self, body: bytes, *, message_id: str | None = None) -> Answer:
        """Send a message that is encoded already."""
        token = await self._tokens.get()
        answer = await self._client.post(
            self._url,
            content=body,
            headers={
                "Authorization": f"Bearer {token.access_token}",
                "Content-Type": CONTENT_TYPE,
                "X-JWS-Signature": self.signer.detached(body),
                "X-Message-ID": message_id or str(uuid.uuid4()),
            },
        )
        if answer.status_code != 200:  # noqa: PLR2004
            raise _refused(answer)
        told = answer.json()
        return Answer(
            message_id=told["message_id"],
            calls=told["calls"],
            counted=told["counted"],
            duplicates=told["duplicates"],
            refused=tuple(told["refused"]),
            repeated=told["repeated"],
        )


def _refused(answer: httpx.Response) -> CallsRefused:
    try:
        told = answer.json()
        return CallsRefused(answer.status_code, str(told["code"]), str(told["detail"]))
    except (ValueError, KeyError, TypeError):
        return CallsRefused(answer.status_code, "http", answer.reason_phrase)
