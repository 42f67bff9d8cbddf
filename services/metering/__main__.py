"""What metering is made of: python -m services.metering serve | migrate | seal | judge | restate | parked"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.metering import commands, intake, jobs
from services.metering.actions import usage
from services.metering.actions.door import Door
from services.metering.api import ROUTERS
from services.metering.checks import CHECKS
from services.metering.events import HANDLERS
from services.metering.settings import MeteringSettings
from shared.commands import build
from shared.run import Runtime, Service


@asynccontextmanager
async def prepare(running: Runtime[MeteringSettings]) -> AsyncIterator[None]:
    """Before anything is counted: the months' partitions, and the door that calls come in by."""
    await jobs.prepare_partitions(running.database, running.settings.late)
    running.keep(Door(running.database, running.settings.late))
    yield


SERVICE = Service(
    name="metering",
    about="Suppliers' signed calls: judged by what held when they were made, counted, sealed by quarter.",
    settings=MeteringSettings,
    migrations=Path(__file__).parent / "migrations",
    append_only=frozenset({"records", "refusals_history", "sealed_quarters", "sealed_municipalities"}),
    checks=CHECKS,
    handlers=HANDLERS,
    routers=ROUTERS,
    jobs=jobs.JOBS,
    tasks=(intake.run,),
    prepare=prepare,
    restate={"usage": usage.restate},
    large_paths=frozenset({"/calls"}),
)

app = build(SERVICE)
commands.add_to(app, SERVICE)

if __name__ == "__main__":
    app()
