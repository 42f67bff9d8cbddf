"""What an operator can do at the command line."""

from __future__ import annotations

import asyncio
import os
import sys

from tests.conftest import MakeDatabase
from tests.flows.metering.conftest import START, Keys, SetClock, World, started
from tests.servers import ServiceDatabase


async def run(database: ServiceDatabase, *arguments: str) -> tuple[int, str, str]:
    """`python -m services.metering …` on this database: exit code, what it printed, what it complained of."""
    environment = {
        **os.environ,
        "SP_DATABASE_URL": database.url,
        "SP_BROKER_URL": "amqp://metering:unused@127.0.0.1:1/none",
        "SP_LISTEN_PORT": "1",
        "SP_PUBLIC_URL": "https://platform.example",
        "SP_JWKS_URL": "http://127.0.0.1:1/unused",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.metering",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_judging_again_lifts_what_can_be_lifted(make_database: MakeDatabase, some_keys: list[Keys]) -> None:
    database = await make_database("metering")
    world = World(some_keys[0])
    async with started(database, SetClock(START)) as metering:
        await metering.take(world.arrival(world.calls(3)))
        await metering.know(world)
        # As if the wish had been lost.
        await metering.fetch("DELETE FROM rejudging")

        assert await run(database, "judge") == (0, "3 refused calls of 1 systems are no longer refused.\n", "")
        assert await metering.fates() == {"counted": 3}
        acts = await metering.fetch("SELECT action, actor_kind FROM audit")
        assert [tuple(row) for row in acts] == [("refusals.judge", "operator")]


async def test_sealing_says_why_it_can_not(make_database: MakeDatabase) -> None:
    database = await make_database("metering")
    for quarter, told in (("2027", "is not a quarter"), ("2099Q1", "can be sealed from"), ("2020Q1", "not the next")):
        code, out, err = await run(database, "seal", quarter)
        assert (code, out) == (1, "")
        assert told in err


async def test_a_quarter_long_past_is_sealed_by_command(make_database: MakeDatabase, some_keys: list[Keys]) -> None:
    database = await make_database("metering")
    world = World(some_keys[0])
    clock = SetClock(START.replace(year=2026, month=5))
    async with started(database, clock) as metering:
        await metering.know(world)
        await metering.take(world.arrival(world.calls(2, at=clock.at)))

        code, out, _ = await run(database, "seal", "2026Q2")
        assert (code, out) == (0, "2026Q2 is sealed; the running service says so to the others.\n")
        [row] = await metering.fetch("SELECT quarter, calls FROM sealed_quarters")
        assert tuple(row) == ("2026Q2", 2)
