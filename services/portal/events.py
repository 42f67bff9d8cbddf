"""The portal listens to the clock alone: everything else it shows it asks for when it is asked."""

from __future__ import annotations

from shared.clock import follow_clock
from shared.consumer import Handlers
from shared.contracts.registry import ClockMoved

HANDLERS: Handlers = {ClockMoved: follow_clock}
