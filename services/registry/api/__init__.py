"""The registry's HTTP routes."""

from __future__ import annotations

from services.registry.api import jwks

ROUTERS = (jwks.router,)
