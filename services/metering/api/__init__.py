"""Metering's HTTP routes."""

from services.metering.api import calls, quarters, refused, usage

ROUTERS = (calls.router, usage.router, refused.router, quarters.router)
