"""The portal listens to nothing: all it shows it asks for when it is asked."""

from __future__ import annotations

from shared.consumer import Handlers

HANDLERS: Handlers = {}
