"""Asking one service: its answers as JSON, its refusals as `Refused`, its silence as `Away`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from services.portal.domain.health import Health, measures_in
from services.portal.settings import PortalSettings
from shared import logs
from shared.correlation import current
from shared.problem import Problem, Unavailable

log = logs.get(__name__)

SERVICES = ("registry", "agreements", "notifier", "metering", "invoicing")
CONNECTIONS = 64
HEALTH_SECONDS = 3.0
"""How long a service may take to say how it is."""


class Refused(Problem):
    """A service refused; status, code and detail are its own."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("code", f"http.{status}")), str(body.get("detail", "")))
        self.status = status
        self.title = str(body.get("title", ""))
        self.told = body
        """Everything the service said."""

    @property
    def fields(self) -> dict[str, tuple[str, str]]:
        """The fields that don't fit their description, by the last part of their name: the kind of fault, and why."""
        found: dict[str, tuple[str, str]] = {}
        for one in self.told.get("errors", []):
            named = [part for part in one["field"].split(".") if not part.isdecimal()]
            found.setdefault(named[-1] if named else "form", (one.get("type", ""), one["message"]))
        return found


class Away(Unavailable):
    """A service does not answer."""

    def __init__(self, service: str) -> None:
        super().__init__("service.away", f"The service {service} does not answer just now; try again in a moment.")
        self.service = service


@dataclass(frozen=True)
class Document:
    """A file a service answered with."""

    content: bytes
    media_type: str
    filename: str | None


class Api:
    """One service, asked as somebody: with their token, or as anybody without."""

    def __init__(self, client: httpx.AsyncClient, service: str, token: str | None) -> None:
        self._client = client
        self._service = service
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def get(self, path: str, **query: Any) -> Any:
        """Ask for something. What is None in the query is left out. Raises Refused, Away."""
        return (await self._ask("GET", path, params=_told(query))).json()

    async def get_or_none(self, path: str, **query: Any) -> Any:
        """The same, and None where there is no such thing for whoever asks."""
        try:
            return await self.get(path, **query)
        except Refused as refused:
            if refused.status in {403, 404}:
                return None
            raise

    async def all(self, path: str, *, items: str = "items", limit: int = 500, **query: Any) -> list[Any]:
        """Every one of the `items` of a list in pages, asked for `limit` at a time. Raises Refused, Away."""
        found: list[Any] = []
        after = None
        while True:
            answer = await self.get(path, after=after, limit=limit, **query)
            found += answer[items]
            after = answer["next"]
            if after is None:
                return found

    async def document(self, path: str, **query: Any) -> Document:
        """A file. Raises Refused, Away."""
        answer = await self._ask("GET", path, params=_told(query))
        disposition = answer.headers.get("content-disposition", "")
        _, _, name = disposition.partition('filename="')
        return Document(answer.content, answer.headers["content-type"], name.rstrip('"') or None)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Do something. `key` is its idempotency key: sent again, the first answer is given again."""
        return await self._do("POST", path, body, {"Idempotency-Key": key} if key else {})

    async def patch(self, path: str, body: Any) -> Any:
        """Change something."""
        return await self._do("PATCH", path, body, {})

    async def put(self, path: str, body: Any) -> Any:
        """Set something."""
        return await self._do("PUT", path, body, {})

    async def _do(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        answer = await self._ask(method, path, json=body, headers=headers)
        return answer.json() if answer.content else None

    async def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        act = current()
        headers = {**self._headers, "X-Request-ID": act.id, **how.pop("headers", {})}
        if act.traceparent:
            headers["traceparent"] = act.traceparent
        try:
            answer = await self._client.request(method, path, headers=headers, **how)
        except httpx.TransportError as error:
            log.warning("service_away", asked=self._service, reason=type(error).__name__)
            raise Away(self._service) from None
        if answer.status_code in {502, 503, 504}:
            log.warning("service_away", asked=self._service, reason=answer.status_code)
            raise Away(self._service)
        if not answer.is_success:
            try:
                body = answer.json()
            except ValueError:
                body = {}
            raise Refused(answer.status_code, body if isinstance(body, dict) else {})
        return answer


class Apis:
    """Connections to all services, shared by everybody's requests."""

    def __init__(self, clients: dict[str, httpx.AsyncClient]) -> None:
        self._clients = clients

    @classmethod
    @asynccontextmanager
    async def connected(cls, settings: PortalSettings) -> AsyncIterator[Self]:
        """Open for as long as the portal runs; a service is reached when it is first asked."""
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=30)
        clients = {
            service: httpx.AsyncClient(
                base_url=getattr(settings, f"{service}_url"),
                timeout=settings.api_timeout_seconds,
                limits=limits,
                trust_env=False,
            )
            for service in SERVICES
        }
        try:
            yield cls(clients)
        finally:
            for client in clients.values():
                await client.aclose()

    async def health(self, service: str) -> Health:
        """What a service says of itself; a failing one may say why, a silent one is away."""
        client = self._clients[service]
        try:
            said, measured = await asyncio.gather(
                client.get("/readyz", timeout=HEALTH_SECONDS), client.get("/metrics", timeout=HEALTH_SECONDS)
            )
            return Health(service, said.json(), measures_in(measured.text))
        except (httpx.HTTPError, ValueError):
            return Health(service)

    async def state(self, service: str) -> str:
        """Whether a service is ready, in its own word; a silent one is away."""
        try:
            said = (await self._clients[service].get("/readyz", timeout=HEALTH_SECONDS)).json()
            return str(said.get("state", "away"))
        except (httpx.HTTPError, ValueError):
            return "away"

    def ask(self, service: str, token: str | None) -> Api:
        """A service, asked with this token."""
        return Api(self._clients[service], service, token)


def _told(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value not in (None, "")}
