"""The running registry, as routes get it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from services.registry.settings import RegistrySettings
from shared.run import Runtime

RegistryRuntime = Runtime[RegistrySettings]


def _running(request: Request) -> Any:
    return request.app.state.runtime


Running = Annotated[RegistryRuntime, Depends(_running)]
"""A route's parameter of this type is the running registry: `async with running.database.transaction() as tx`."""
