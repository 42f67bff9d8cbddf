"""The portal's timed work."""

from __future__ import annotations

from services.portal.actions import session
from services.portal.settings import PortalSettings
from shared.run import Job, Runtime


async def forget_sessions(running: Runtime[PortalSettings]) -> None:
    """Remove the sessions that are over."""
    await session.forget(running.database, running.settings)


JOBS = (Job("forget sessions", 300.0, forget_sessions),)
