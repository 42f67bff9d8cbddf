"""What this service does about the events it hears."""

from __future__ import annotations

from shared.consumer import Handlers

HANDLERS: Handlers = {}
