"""Metering's SQL by name; nothing else in the service knows a table. No function here commits."""

from __future__ import annotations

from services.metering.store import calls, copies, counts, maintenance, overview, quarters, refusals

__all__ = ["calls", "copies", "counts", "maintenance", "overview", "quarters", "refusals"]
