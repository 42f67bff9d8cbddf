"""What a test makes for itself on the shared platform, through the services' APIs."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo.authority import Authority
from demo.chapters.people import _LINK, INVITATION
from demo.mails import Mails, text
from tests.browser.cast import Scene, numbers

PASSWORD = "en lang og hemmelig sætning"


@dataclass(frozen=True)
class Made:
    """An organisation of the test's own and its one person."""

    id: str
    name: str
    cvr: str
    mailbox: str
    email: str
    password: str = PASSWORD


class Desk:
    """The services' APIs, as whoever may."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.mails = Mails(scene.mails)
        self._http = httpx.AsyncClient(base_url=_edge(scene), timeout=30, verify=False)
        self._tokens: dict[str, str] = {}
        self._chance = random.Random()

    async def ask(self, email: str, password: str, method: str, path: str, body: Any = None) -> Any:
        """Ask as somebody. Fails when it is refused."""
        if email not in self._tokens:
            answer = await self._http.post("/registry/sign-in", json={"email": email, "password": password})
            self._tokens[email] = answer.raise_for_status().json()["token"]
        headers = {"Authorization": f"Bearer {self._tokens[email]}"}
        answer = await self._http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json() if answer.content else None

    async def helpdesk(self, method: str, path: str, body: Any = None) -> Any:
        somebody = self.scene.people["helpdesk"]
        return await self.ask(somebody.email, somebody.password, method, path, body)

    def cvr(self) -> str:
        """A CVR number nobody has."""
        return next(numbers(self._chance.randrange(20_000_000, 89_000_000)))

    async def organisation(self, name: str, *roles: str, municipality: bool = False) -> Made:
        """A new organisation; its first administrator is invited and has not come yet."""
        mark = uuid.uuid4().hex[:8]
        made = Made("", f"{name} {mark}", self.cvr(), f"post-{mark}@new.example", f"person-{mark}@new.example")
        answer = await self.helpdesk(
            "POST",
            "/registry/organisations",
            {
                "name": made.name,
                "cvr": made.cvr,
                "kinds": ["municipality" if municipality else "supplier"],
                "municipality_code": f"{self._chance.randrange(1000, 10_000)}" if municipality else None,
                "mailbox": made.mailbox,
                "first_administrator": {"name": "Ragna Nørredam", "email": made.email, "roles": list(roles)},
            },
        )
        return Made(answer["id"], made.name, made.cvr, made.mailbox, made.email)

    async def link(self, made: Made) -> str:
        """The path of the link in the person's latest invitation."""
        mail = (await self.mails.wait(INVITATION, made.email))[-1]
        found = _LINK.search(text(mail))
        assert found, text(mail)
        return f"/link/{found[1]}"

    async def come(self, made: Made) -> Made:
        """The person follows the invitation."""
        secret = (await self.link(made)).rpartition("/")[2]
        answer = await self._http.post("/registry/links/redeem", json={"secret": secret, "password": made.password})
        assert answer.is_success, answer.text
        return made

    def certificate(self, made: Made, name: str = "Prøvesystem") -> str:
        """A certificate for a system of the organisation."""
        authority = Authority.open(Path(self.scene.folder) / "authority")
        issued = authority.issue("VOCES", cvr=made.cvr, name=name, organisation=made.name)
        return issued.certificate_pem.decode()

    async def requested(
        self, supplier: Made, municipality: Made, *systems: str, purpose: str = "Sagsbehandleren slår borgeren op."
    ) -> list[str]:
        """The supplier's systems of these names each ask the municipality for a service; the agreements' ids."""
        found = []
        for name in systems:
            body = {"name": name, "environment": "production", "certificate": self.certificate(supplier)}
            system = await self.ask(supplier.email, supplier.password, "POST", "/registry/systems", body)
            body = {
                "system_id": system["id"],
                "service_ids": [self.scene.ids["service"]],
                "municipality_ids": [municipality.id],
                "purpose": purpose,
                "expected_calls_per_quarter": 1000,
            }
            asked = await self._as_soon_as_known(supplier, body)
            found.append(asked["agreements"][0]["id"])
        return found

    async def _as_soon_as_known(self, supplier: Made, body: dict[str, Any]) -> Any:
        """Ask; a system and organisations registered a moment ago may not be known everywhere yet."""
        headers = {"Authorization": f"Bearer {self._tokens[supplier.email]}"}
        for _ in range(200):
            answer = await self._http.post("/agreements/requests", json=body, headers=headers)
            if answer.is_success:
                return answer.json()
            assert answer.json()["code"].endswith("_unknown"), answer.text
            await asyncio.sleep(0.1)
        raise AssertionError(answer.text)

    async def mailed(self, kind: str, to: str, part: str) -> str:
        """The path that begins so in the latest mail of that kind to them."""
        mail = (await self.mails.wait(kind, to))[-1]
        told = text(mail)
        assert part in told, told
        return part + told.partition(part)[2].split()[0]

    async def close(self) -> None:
        await self._http.aclose()


def _edge(scene: Scene) -> str:
    """Where the services' APIs are: the edge's port stands in the instance's folder."""
    return f"http://127.0.0.1:{(Path(scene.folder) / 'port').read_text().strip()}"
