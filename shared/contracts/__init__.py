"""Every event that crosses a service border, one module per speaker."""

from __future__ import annotations

from shared.contracts import agreements, invoicing, metering, notifier, registry
from shared.contracts.event import Event

SERVICES = ("registry", "agreements", "notifier", "metering", "invoicing", "portal")
"""The services, in the order they are started."""

EVENTS: dict[str, type[Event]] = {
    event.type: event for module in (registry, agreements, notifier, metering, invoicing) for event in module.EVENTS
}
"""Every event by its type."""


def said_by(service: str) -> tuple[type[Event], ...]:
    """The events this service alone may publish."""
    return tuple(event for event in EVENTS.values() if event.speaker == service)
