"""What the services and the broker say of themselves, over HTTP; no database is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared.topology import OPERATOR

SECONDS = 5.0


@dataclass(frozen=True)
class Copy:
    """One process of a service. `said` is its /readyz; `measures` its /metrics, as (name, label values) → value.

    `trouble` says why there is neither.
    """

    service: str
    url: str
    said: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    trouble: str | None = None

    @property
    def state(self) -> str:
        return self.said.get("state", "unknown") if self.trouble is None else "does not answer"

    def measure(self, *name: str) -> float | None:
        """A measure by its name and label values; None where this copy does not have it."""
        return self.measures.get(name)


@dataclass(frozen=True)
class Queue:
    """A queue as the broker counts it (every five seconds)."""

    name: str
    ready: int
    unacknowledged: int
    consumers: int


@dataclass(frozen=True)
class Broker:
    """`alarms`: what has made it stop taking messages."""

    version: str = "unknown"
    queues: tuple[Queue, ...] = ()
    alarms: tuple[str, ...] = ()
    trouble: str | None = None


@dataclass(frozen=True)
class Seen:
    """Everything that was found, to be judged and shown."""

    copies: tuple[Copy, ...]
    broker: Broker


async def look(services: Mapping[str, Sequence[str]], broker_url: str, password: str, *, vhost: str = "/") -> Seen:
    """Ask every copy (base URLs by service) and the broker's management API, all at once. Raises nothing."""
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        copies = [_copy(client, service, url) for service, urls in services.items() for url in urls]
        asking = asyncio.create_task(_broker(client, broker_url, password, vhost))
        found = await asyncio.gather(*copies)
        return Seen(tuple(found), await asking)


async def _copy(client: httpx.AsyncClient, service: str, url: str) -> Copy:
    try:
        said = (await client.get(f"{url}/readyz")).json()
        measured = (await client.get(f"{url}/metrics")).raise_for_status().text
        measures = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(measured)
            for sample in family.samples
        }
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Copy(service, url, trouble=_told(error))
    return Copy(service, url, said, measures)


async def _broker(client: httpx.AsyncClient, url: str, password: str, vhost: str) -> Broker:
    async def ask(path: str) -> Any:
        return (await client.get(f"{url}/api/{path}", auth=(OPERATOR, password))).raise_for_status().json()

    try:
        overview, nodes, queues = await asyncio.gather(
            ask("overview"), ask("nodes"), ask(f"queues/{quote(vhost, safe='')}")
        )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Broker(trouble=_told(error))
    alarms = [
        f"{node['name']}: {word}"
        for node in nodes
        for key, word in (("mem_alarm", "memory is short"), ("disk_free_alarm", "the disk is nearly full"))
        if node.get(key)
    ]
    alarms += [f"{node['name']} is down" for node in nodes if not node.get("running", True)]
    found = sorted((_queue(queue) for queue in queues), key=lambda queue: queue.name)
    return Broker(overview.get("rabbitmq_version", "unknown"), tuple(found), tuple(alarms))


def _queue(told: Mapping[str, Any]) -> Queue:
    return Queue(
        told["name"],
        told.get("messages_ready", 0),
        told.get("messages_unacknowledged", 0),
        told.get("consumers", 0),
    )


def _told(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"answers {error.response.status_code}"
    return type(error).__name__
