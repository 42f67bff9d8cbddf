"""The platform's first person, made at the command line."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from demo.authority import Authority
from deploy.local.places import PROJECT
from shared.contracts.registry import OrganisationCreated, UserCreated, UserLinkIssued
from tests.conftest import MakeDatabase
from tests.flows.registry.conftest import PUBLIC_URL, Registry, settings_for, started
from tests.flows.registry.people import last_secret, set_password, sign_in
from tests.servers import ServiceDatabase
from tests.tokens import bearer

OPERATOR = {"SP_OPERATOR_NAME": "Platformens Drift", "SP_OPERATOR_CVR": "12345674"}


@pytest.fixture
async def database(make_database: MakeDatabase) -> ServiceDatabase:
    return await make_database("registry")


@pytest.fixture
def environment(database: ServiceDatabase, signing_key_file: Path, authority: Authority) -> dict[str, str]:
    """What the process is started with; nothing else of this one's SP_ variables."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SP_")}
    return {
        **inherited,
        **OPERATOR,
        "SP_DATABASE_URL": database.url,
        "SP_BROKER_URL": "amqp://registry:unused@127.0.0.1:1/none",
        "SP_LISTEN_PORT": "1",
        "SP_PUBLIC_URL": PUBLIC_URL,
        "SP_JWKS_URL": "http://127.0.0.1:1/unused",
        "SP_SIGNING_KEY_FILE": str(signing_key_file),
        "SP_TRUST_DIRECTORY": str(authority.trust_directory),
    }


async def run(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.registry",
        *arguments,
        cwd=PROJECT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


CREATE = ("create-helpdesk", "--name", "Hanne Hansen", "--email", "hanne@drift.example")


async def test_a_helpdesk_person_is_made_once_and_linked_again(
    environment: dict[str, str], database: ServiceDatabase, signing_key_file: Path, authority: Authority
) -> None:
    first = await run(environment, *CREATE)
    again = await run(environment, *CREATE)

    assert (first[0], again[0]) == (0, 0), first[2] + again[2]
    async with started(settings_for(database, signing_key_file, authority.trust_directory)) as registry:
        secret = await last_secret(registry, "hanne@drift.example")
        await set_password(registry, "hanne@drift.example")
        told = (await sign_in(registry, "hanne@drift.example")).json()
        [created] = await registry.said(OrganisationCreated)
        links = await registry.said(UserLinkIssued)

        assert (created.organisation.name, created.organisation.kinds) == ("Platformens Drift", ("operator",))
        assert len(await registry.said(UserCreated)) == 1
        assert len(links) == 2
        assert told["roles"] == ["helpdesk"]
        for said in (*first[1:], *again[1:]):
            assert secret not in said
            assert "hanne@drift.example" not in said

        await see_that_it_is_the_helpdesk(registry, told["token"])


async def see_that_it_is_the_helpdesk(registry: Registry, token: str) -> None:
    new = {"name": "Fiktiv IT A/S", "cvr": "25052943", "kinds": ["supplier"]}
    created = await registry.client.post("/organisations", json=new, headers=bearer(token))
    operator = (await registry.client.get("/me", headers=bearer(token))).json()["organisation"]["id"]
    stays = await registry.client.patch(f"/organisations/{operator}", json={"active": False}, headers=bearer(token))

    assert created.status_code == 201
    assert (stays.status_code, stays.json()["code"]) == (409, "organisation.operator")


async def test_what_is_wrong_is_said_in_a_sentence(environment: dict[str, str]) -> None:
    no_keys = await run({**environment, "SP_SIGNING_KEY_FILE": "/nowhere.pem"}, *CREATE)
    no_address = await run(environment, "create-helpdesk", "--name", "H", "--email", "hanne")

    assert (no_keys[0], no_address[0]) == (1, 1)
    assert no_keys[2].startswith("SP_SIGNING_KEY_FILE: /nowhere.pem can't be read")
    assert no_address[2] == "--email: this is not a mail address.\n"
