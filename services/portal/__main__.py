"""What the portal is made of: `python -m services.portal …`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.portal.apis import Apis
from services.portal.events import HANDLERS
from services.portal.jobs import JOBS
from services.portal.pages import ROUTERS
from services.portal.pages.problem import as_page
from services.portal.pages.static import Files
from services.portal.settings import PortalSettings
from shared.commands import build
from shared.run import Runtime, Service


@asynccontextmanager
async def prepare(running: Runtime[PortalSettings]) -> AsyncIterator[None]:
    """Hold what the pages need beside the database: connections to the services, and the files pages load."""
    running.keep(Files.read())
    async with Apis.connected(running.settings) as apis:
        running.keep(apis)
        yield


SERVICE = Service(
    name="portal",
    about="The self-service in a browser: browser sessions, and pages over the other services' APIs.",
    settings=PortalSettings,
    migrations=Path(__file__).parent / "migrations",
    handlers=HANDLERS,
    routers=ROUTERS,
    prepare=prepare,
    jobs=JOBS,
    show=as_page,
)

app = build(SERVICE)

if __name__ == "__main__":
    app()
