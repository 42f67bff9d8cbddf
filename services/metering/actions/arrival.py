"""From what the broker handed over to a message with a sender."""

from __future__ import annotations

import hashlib
from uuid import UUID

from services.metering.actions.message import Message
from shared.contracts.calls import Arrival
from shared.contracts.event import Environment

_ENVIRONMENTS: dict[str, Environment] = {"production": "production", "test": "test"}


class NotAttributable(Exception):
    """Nobody vouches for who sent the message, so nobody can be told of it."""


def message_of(arrival: Arrival) -> Message:
    """The message with its sender. Raises NotAttributable.

    The routing key begins with the system's id: the broker lets a token publish under its own system only. A user
    id, where the publisher set one, was checked by the broker too, and says the same. A message without an id
    stands for its content: the same bytes are then the same message.
    """
    named, _, rest = arrival.routing_key.partition(".")
    try:
        sender = UUID(named)
    except ValueError:
        raise NotAttributable(
            f"the routing key {arrival.routing_key[:80]!r} does not begin with a system's id"
        ) from None
    if arrival.user is not None and arrival.user != str(sender):
        raise NotAttributable(f"published by {arrival.user!r} under the routing key of system {sender}")
    return Message(
        sender=sender,
        message_id=_stored(arrival.message_id) or f"sha256-{hashlib.sha256(arrival.body).hexdigest()}",
        body=arrival.body,
        signature=arrival.signature,
        environment=_ENVIRONMENTS.get(rest),
    )


def _stored(message_id: str | None) -> str | None:
    """A message id as PostgreSQL can keep it."""
    return message_id.replace("\x00", "\ufffd")[:255] if message_id else None
