"""The registry's HTTP routes."""

from __future__ import annotations

from services.registry.api import (
    access,
    catalogue,
    clock,
    finding,
    jwks,
    link,
    organisation,
    person,
    sign_in,
    system,
    system_token,
)

ROUTERS = (
    jwks.router,
    sign_in.router,
    system_token.router,
    link.router,
    organisation.router,
    person.router,
    finding.router,
    catalogue.router,
    system.router,
    access.router,
    clock.router,
)
