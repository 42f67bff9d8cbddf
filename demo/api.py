"""The platform's HTTP APIs as the story's people use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx


class Refused(Exception):
    """The platform said no: `status`, the stable `code`, and the sentence."""

    def __init__(self, request: str, answer: httpx.Response) -> None:
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        self.status = answer.status_code
        self.code = str(problem.get("code") or problem.get("error") or "")
        self.detail = str(problem.get("detail") or problem.get("error_description") or answer.text[:300])
        super().__init__(f"{request}: {self.status} {self.code}: {self.detail}")


class Api:
    """The edge; every service is below `/<service>/`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http = httpx.AsyncClient(base_url=base_url, timeout=30, limits=httpx.Limits(max_connections=40))

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """The answer's JSON (bytes where it is a document, None where it is empty). Raises Refused."""
        answer = await self._http.request(method, path, **options)
        if answer.is_error:
            raise Refused(f"{method} {path}", answer)
        if not answer.content:
            return None
        kind = answer.headers.get("content-type", "")
        return answer.json() if "json" in kind else answer.content

    async def close(self) -> None:
        await self._http.aclose()


@dataclass
class Person:
    """Somebody with an address and a password; signs in when needed, again when the token ran out."""

    api: Api
    name: str
    email: str
    password: str
    organisation_id: str
    _token: str | None = field(default=None, repr=False)

    async def sign_in(self) -> None:
        answer = await self.api.ask(
            "POST",
            "/registry/sign-in",
            json={"email": self.email, "password": self.password, "organisation_id": self.organisation_id},
        )
        self._token = answer["token"]

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """As `Api.ask`, signed in."""
        if self._token is None:
            await self.sign_in()
        try:
            return await self._as_me(method, path, options)
        except Refused as refused:
            if refused.status != 401:
                raise
        await self.sign_in()
        return await self._as_me(method, path, options)

    async def _as_me(self, method: str, path: str, options: dict[str, Any]) -> Any:
        headers = {**options.get("headers", {}), "Authorization": f"Bearer {self._token}"}
        return await self.api.ask(method, path, **{**options, "headers": headers})

    async def get(self, path: str, **query: Any) -> Any:
        return await self.ask("GET", path, params={key: value for key, value in query.items() if value is not None})

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.ask("POST", path, json={} if body is None else body)

    async def put(self, path: str, body: Any) -> Any:
        return await self.ask("PUT", path, json=body)
