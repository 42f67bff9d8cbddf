"""The registry's HTTP routes."""

from __future__ import annotations

from services.registry.api import clock, jwks, link, organisation, person, sign_in

ROUTERS = (jwks.router, sign_in.router, link.router, organisation.router, person.router, clock.router)
