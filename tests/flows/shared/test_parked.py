"""What an operator does with parked messages, at the command line."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.agreements.__main__ import SERVICE
from shared import commands, parking
from shared.contracts.envelope import Envelope, encode
from shared.contracts.registry import Link, Organisation, OrganisationCreated, UserLinkIssued
from shared.database import prepare_connection
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

EVENT = OrganisationCreated(
    organisation=Organisation(id=uuid4(), sequence=1, name="Aarhus Kommune", cvr="55133018", kinds=("municipality",))
)
LINK = UserLinkIssued(
    link=Link.model_validate(
        {
            "id": uuid4(),
            "sequence": 1,
            "user_id": uuid4(),
            "email": "bo@firma.example",
            "name": "Bo",
            "organisation_name": "Firma",
            "purpose": "reset",
            "url": "https://platform.example/links/hemmelig",
            "expires_at": "2027-01-02T00:00:00Z",
        }
    )
)


class Desk:
    """The commands of one service on one database."""

    def __init__(self, database: ServiceDatabase) -> None:
        self.database = database

    async def parked(self, *words: str) -> Result:
        return await self.run("parked", *words)

    async def run(self, *words: str) -> Result:
        environment = {
            "SP_DATABASE_URL": self.database.url,
            "SP_BROKER_URL": "amqp://agreements@127.0.0.1:1/",
            "SP_LISTEN_PORT": "1",
            "SP_PUBLIC_URL": "https://platform.example",
            "SP_JWKS_URL": "http://127.0.0.1:1/unused",
        }
        # The command runs a loop of its own, so it takes a thread of its own.
        return await asyncio.to_thread(CliRunner().invoke, commands.build(SERVICE), list(words), env=environment)

    async def ask(self, question: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database.url)
        await prepare_connection(connection)
        try:
            return await connection.fetch(question)
        finally:
            await connection.close()

    async def park(self, event: OrganisationCreated | UserLinkIssued, *, times: int = 1) -> str:
        """The event, parked after that many failures."""
        envelope = Envelope(uuid4(), "registry", datetime.now(UTC), "c", None, None, event)
        connection = await asyncpg.connect(self.database.url)
        try:
            for _ in range(times):
                parked = await parking.park(
                    connection,
                    event_id=envelope.id,
                    event_type=event.type,
                    body=encode(envelope),
                    reason="KeyError: 'x'",
                    retry=True,
                    now=datetime.now(UTC),
                )
        finally:
            await connection.close()
        return str(parked)


@pytest.fixture
async def desk(make_database: MakeDatabase) -> Desk:
    return Desk(await make_database("agreements"))


async def test_list_and_show(desk: Desk) -> None:
    assert (await desk.parked("list")).output == "0 parked\n"
    again, person = await desk.park(EVENT), await desk.park(EVENT, times=4)

    lines = (await desk.parked("list")).output.splitlines()
    shown = json.loads((await desk.parked("show", person)).output)

    assert lines[0].startswith(f"{again}  organisation.created.v1  1 tries  waits again at 20")
    assert lines[1] == f"{person}  organisation.created.v1  4 tries  waits for a person  KeyError: 'x'"
    assert lines[2] == "2 parked"
    assert (shown["state"], shown["attempts"], shown["due_at"]) == ("waiting", 4, None)
    assert json.loads(shown["body"])["data"]["organisation"]["name"] == "Aarhus Kommune"


async def test_what_lets_its_reader_in_is_neither_shown_nor_replayed_once_it_is_redacted(desk: Desk) -> None:
    for times in (1, 4):
        parked = await desk.park(LINK, times=times)
        assert "hemmelig" not in (await desk.parked("show", parked)).output
    replayed = await desk.parked("replay", parked)

    assert replayed.exit_code == 1
    assert "its content was redacted" in replayed.output


async def test_replay_makes_it_due_at_once_and_is_in_the_audit_log(desk: Desk) -> None:
    parked = await desk.park(EVENT, times=4)

    assert (await desk.parked("replay", parked)).exit_code == 0

    [row] = await desk.ask("SELECT due_at <= now() AS due, state FROM parked")
    assert (row["due"], row["state"]) == (True, "waiting")
    [told] = await desk.ask("SELECT actor_kind, action, subject FROM audit")
    assert tuple(told) == ("operator", "parked.replay", parked)


async def test_drop_wants_a_reason_and_keeps_it(desk: Desk) -> None:
    parked = await desk.park(EVENT)

    assert (await desk.parked("drop", parked)).exit_code == 2
    blank = await desk.parked("drop", parked, "--reason", "  ")
    assert (blank.exit_code, "say why" in blank.output) == (1, True)
    assert [row["state"] for row in await desk.ask("SELECT state FROM parked")] == ["waiting"]
    assert (await desk.parked("drop", parked, "--reason", " Testdata. ")).output == "Dropped.\n"

    [row] = await desk.ask("SELECT state, note, due_at, ended_at IS NOT NULL AS ended FROM parked")
    assert tuple(row) == ("dropped", "Testdata.", None, True)
    [told] = await desk.ask("SELECT action, subject, detail FROM audit")
    assert tuple(told) == ("parked.drop", parked, {"reason": "Testdata."})
    assert (await desk.parked("list")).output == "0 parked\n"
    again = await desk.parked("drop", parked, "--reason", "Igen.")
    assert (again.exit_code, f"Nothing waits by the id {parked}" in again.output) == (1, True)
    assert (await desk.parked("replay", parked)).exit_code == 1


async def test_what_is_not_parked(desk: Desk) -> None:
    unknown = str(UUID(int=1))
    shown = await desk.parked("show", unknown)

    assert (shown.exit_code, shown.output) == (1, f"No message with the id {unknown} is parked here.\n")
    assert (await desk.parked("replay", unknown)).exit_code == 1
    assert (await desk.parked("show", "no-uuid")).exit_code == 2


async def test_restate_says_everything_and_is_in_the_audit_log(desk: Desk) -> None:
    told = await desk.run("restate", "agreement")
    unknown = await desk.run("restate", "weather")

    assert told.output == ("agreements: 0 events about agreement written; the running service publishes them.\n")
    [row] = await desk.ask("SELECT action, subject, detail FROM audit")
    assert tuple(row) == ("restate", "agreement", {"events": 0})
    assert (unknown.exit_code, unknown.output) == (1, "agreements restates agreement, trial, not 'weather'.\n")
