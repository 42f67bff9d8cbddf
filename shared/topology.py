"""What the broker must hold, derived from the contracts and from who listens to what.

One RabbitMQ definitions file that every deployment loads: exchanges, a quorum queue a listening service, a
user a service who may write only what it says and read only what is its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from shared.bus import CALLS, EVENTS
from shared.contracts import EVENTS as ALL_EVENTS
from shared.contracts import SERVICES, said_by
from shared.contracts.event import Event

DEAD = "platform.dead"
CALLS_QUEUE = "metering.calls"
UNHEARD = "platform.unheard"
"""Keeps the last of what nobody listens to, so that every event has a queue and a lost binding shows."""

DELIVERY_LIMIT = 50
"""How often the broker may deliver a message before it is dead: the net under a crash loop, not a retry."""

OPERATOR = "operator"
"""The broker's user for operators: sees and measures, publishes nothing."""

Listens = Mapping[str, Iterable[type[Event]]]


def definitions(listens: Listens, users: Mapping[str, str], *, vhost: str = "/") -> dict[str, Any]:
    """The whole definitions document.

    `listens`: for each service the events it has handlers for. `users`: a password for every service and for
    `operator`. Raises ValueError where a service listens to what is for another alone.
    """
    heard = _heard(listens)
    queues = [queue for service in SERVICES for queue in (f"{service}.events", f"{service}.dead")]
    return {
        "vhosts": [{"name": vhost}],
        "users": [_user(name, password) for name, password in sorted(users.items())],
        "permissions": [_permission(name, vhost) for name in sorted(users)],
        "topic_permissions": [_topic_permission(name, vhost) for name in SERVICES if name in users],
        "exchanges": [
            _exchange(EVENTS, "topic", vhost),
            _exchange(CALLS, "topic", vhost),
            _exchange(DEAD, "direct", vhost),
        ],
        "queues": [_queue(name, vhost) for name in (*queues, CALLS_QUEUE, UNHEARD)],
        "bindings": [
            *(
                _binding(EVENTS, f"{service}.events", event.type, vhost)
                for service in SERVICES
                for event in sorted(heard.get(service, ()), key=lambda event: event.type)
            ),
            *(
                _binding(EVENTS, UNHEARD, name, vhost)
                for name, event in sorted(ALL_EVENTS.items())
                if not any(event in events for events in heard.values())
            ),
            *(_binding(DEAD, f"{service}.dead", service, vhost) for service in SERVICES),
            _binding(CALLS, CALLS_QUEUE, "#", vhost),
        ],
        "policies": [
            *(
                _policy(
                    f"{service}.work",
                    f"^{service}\\.(events|calls)$",
                    {
                        "delivery-limit": DELIVERY_LIMIT,
                        "dead-letter-exchange": DEAD,
                        "dead-letter-routing-key": service,
                        "dead-letter-strategy": "at-least-once",
                        "overflow": "reject-publish",
                        "max-length": 1_000_000,
                    },
                    vhost,
                )
                for service in SERVICES
            ),
            _policy("unheard", f"^{re.escape(UNHEARD)}$", {"max-length": 10_000, "overflow": "drop-head"}, vhost),
        ],
    }


def _heard(listens: Listens) -> dict[str, set[type[Event]]]:
    heard = {service: set(events) for service, events in listens.items()}
    for service, events in heard.items():
        for event in events:
            if event.only_for not in (None, service):
                raise ValueError(f"{event.type} is for {event.only_for} alone; {service} may not listen to it")
    return heard


def _user(name: str, password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(4)
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {
        "name": name,
        "password_hash": hashed,
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "monitoring" if name == OPERATOR else "",
    }


def _permission(name: str, vhost: str) -> dict[str, Any]:
    if name == OPERATOR:
        return {"user": name, "vhost": vhost, "configure": "^$", "write": "^$", "read": "^$"}
    own = "events|dead|calls" if name == "metering" else "events|dead"
    return {
        "user": name,
        "vhost": vhost,
        "configure": "^$",
        "write": f"^{re.escape(EVENTS)}$" if said_by(name) else "^$",
        "read": f"^{name}\\.({own})$",
    }


def _topic_permission(name: str, vhost: str) -> dict[str, Any]:
    said = "|".join(re.escape(event.type) for event in said_by(name))
    return {"user": name, "vhost": vhost, "exchange": EVENTS, "write": f"^({said})$", "read": "^$"}


def _exchange(name: str, kind: str, vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "type": kind,
        "durable": True,
        "auto_delete": False,
        "arguments": {},
    }


def _queue(name: str, vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "durable": True,
        "auto_delete": False,
        "arguments": {"x-queue-type": "quorum"},
    }


def _binding(exchange: str, queue: str, key: str, vhost: str) -> dict[str, Any]:
    return {
        "source": exchange,
        "vhost": vhost,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }


def _policy(name: str, pattern: str, definition: dict[str, Any], vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "pattern": pattern,
        "apply-to": "queues",
        "priority": 1,
        "definition": definition,
    }
