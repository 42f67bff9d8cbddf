"""Parked messages and the audit log over a service's API: for the helpdesk, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.agreements.__main__ import SERVICE
from services.agreements.settings import AgreementsSettings
from shared import http
from shared.audit import Actor
from shared.contracts.registry import OrganisationKind, Role
from shared.run import Runtime, runtime
from tests import tokens
from tests.conftest import MakeDatabase
from tests.flows.shared.test_parked import EVENT, LINK, Desk

ROLES: list[tuple[list[OrganisationKind], Role]] = [
    (["supplier"], "administrator"),
    (["supplier"], "user"),
    (["municipality"], "administrator"),
    (["municipality"], "signatory"),
    (["municipality"], "economy"),
    (["municipality"], "user"),
]


class Face:
    """A service's API over the database that `desk` parks in."""

    def __init__(self, running: Runtime[Any], client: httpx.AsyncClient, desk: Desk) -> None:
        self.running = running
        self.client = client
        self.desk = desk

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path, headers=tokens.as_helpdesk())
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(path, json=body, headers=tokens.as_helpdesk())


@pytest.fixture
async def face(make_database: MakeDatabase) -> AsyncIterator[Face]:
    database = await make_database("agreements")
    settings = AgreementsSettings.model_validate(
        {
            "database_url": SecretStr(database.url),
            "broker_url": SecretStr("amqp://agreements@127.0.0.1:1/"),
            "listen_port": 1,
            "public_url": "https://platform.example",
            "jwks_url": "http://127.0.0.1:1/unused",
        }
    )
    async with runtime(SERVICE, settings) as running:
        running.verifier = tokens.verifier(running.clock)
        app = http.create_app(SERVICE, version="1")
        app.state.runtime = running
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://agreements.example") as client:
            yield Face(running, client, Desk(database))


async def test_what_is_parked_is_listed_oldest_first_and_shown_as_the_command_shows_it(face: Face) -> None:
    first, second = await face.desk.park(EVENT, times=4), await face.desk.park(LINK, times=4)

    page = await face.get("/parked?limit=1")
    rest = await face.get(f"/parked?after={page['next']}")
    shown, secret = await face.get(f"/parked/{first}"), await face.get(f"/parked/{second}")

    assert [one["id"] for one in (*page["items"], *rest["items"])] == [first, second]
    assert (page["items"][0]["attempts"], page["items"][0]["due_at"], rest["next"]) == (4, None, None)
    assert "Aarhus Kommune" in shown["body"]
    assert (secret["body"], secret["redacted"]) == (None, True)
    assert await face.get("/parked?state=dropped") == {"items": [], "next": None}


async def test_replaying_and_dropping_are_done_once_and_audited(face: Face) -> None:
    again, secret = await face.desk.park(EVENT, times=4), await face.desk.park(LINK, times=4)

    replayed = await face.post(f"/parked/{again}/replay")
    refused = await face.post(f"/parked/{secret}/replay")
    dropped = await face.post(f"/parked/{secret}/drop", {"reason": " Linket er udløbet "})
    twice = await face.post(f"/parked/{secret}/drop", {"reason": "Igen"})
    unknown = await face.post(f"/parked/{uuid4()}/replay")

    assert replayed.json()["due_at"] is not None
    assert (refused.status_code, refused.json()["code"]) == (409, "parked.redacted")
    assert (dropped.json()["state"], dropped.json()["note"]) == ("dropped", "Linket er udløbet")
    assert (twice.status_code, twice.json()["code"]) == (409, "parked.not_waiting")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "parked.unknown")
    lines = (await face.get("/audit"))["items"]
    assert [(line["actor_kind"], line["action"], line["subject"]) for line in lines] == [
        ("person", "parked.drop", secret),
        ("person", "parked.replay", again),
    ]
    assert lines[0]["detail"] == {"reason": "Linket er udløbet"}


async def test_the_audit_log_is_narrowed_and_paged(face: Face) -> None:
    bo, eva, subject = str(uuid4()), str(uuid4()), str(uuid4())
    async with face.running.database.transaction() as tx:
        for number in range(3):
            await tx.record(Actor("person", bo), f"thing.do{number}", subject)
        await tx.record(Actor("person", eva), "thing.do0", "another")

    async def found(query: str) -> list[str]:
        return [line["action"] for line in (await face.get(f"/audit?{query}"))["items"]]

    assert await found(f"actor_id={bo}") == ["thing.do2", "thing.do1", "thing.do0"]
    assert await found(f"subject={subject}&action=thing.do1") == ["thing.do1"]
    assert await found(f"actor_id={eva}") == ["thing.do0"]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+", "%2B")
    assert await found(f"since={later}") == []
    assert len(await found(f"until={later}")) == 4
    page = await face.get("/audit?limit=3")
    assert [line["subject"] for line in (await face.get(f"/audit?after={page['next']}"))["items"]] == [subject]


@pytest.mark.parametrize(("kinds", "role"), ROLES)
async def test_no_other_role_sees_or_does_any_of_it(face: Face, kinds: list[OrganisationKind], role: Role) -> None:
    parked = await face.desk.park(EVENT)
    await _refused(face, parked, tokens.as_person(kinds, role), 403)


async def test_systems_and_strangers_see_and_do_nothing_of_it(face: Face) -> None:
    parked = await face.desk.park(EVENT)
    await _refused(face, parked, tokens.as_system(uuid4(), uuid4()), 403)
    await _refused(face, parked, {}, 401)


async def _refused(face: Face, parked: str, headers: dict[str, str], status: int) -> None:
    answers = [
        await face.client.get("/parked", headers=headers),
        await face.client.get(f"/parked/{parked}", headers=headers),
        await face.client.post(f"/parked/{parked}/replay", headers=headers),
        await face.client.post(f"/parked/{parked}/drop", json={"reason": "x"}, headers=headers),
        await face.client.get("/audit", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [status] * 5
    assert "Aarhus" not in "".join(answer.text for answer in answers)
