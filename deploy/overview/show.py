"""The overview as a person reads it on a terminal, and as a program does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deploy.overview import judge
from deploy.overview.ask import Broker, Copy, Seen
from shared.topology import CALLS_QUEUE, UNHEARD

HEAD = ("service", "release", "state", "queue", "dead", "outbox", "oldest", "in hand", "parked", "waits for a person")


def as_table(seen: Seen) -> str:
    """Lines for a terminal: services, the broker, the way of a call, and what needs a person."""
    rows = [HEAD, *(_row(seen, copy) for copy in seen.copies)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    queues = {queue.name: queue for queue in seen.broker.queues}
    lines += [
        "",
        f"broker    {_broker(seen)}",
        f"calls     {_number(queues[CALLS_QUEUE].ready if CALLS_QUEUE in queues else None)} waiting in {CALLS_QUEUE}",
        f"overview  {_seconds(judge.lag(seen))} behind at most",
        "",
    ]
    lines += [f"note: {note}" for note in judge.notes(seen)]
    needs = judge.needs(seen)
    lines += [f"needs a person: {sentence}" for sentence in needs] or ["All is well."]
    return "\n".join(lines)


def as_json(seen: Seen) -> dict[str, Any]:
    """The same for programs; times in seconds, null where it could not be seen."""
    return {
        "well": not judge.needs(seen),
        "needs": judge.needs(seen),
        "notes": judge.notes(seen),
        "overview_lag_seconds": judge.lag(seen),
        "services": [_copy(copy) for copy in seen.copies],
        "broker": {
            "version": seen.broker.version,
            "trouble": seen.broker.trouble,
            "alarms": seen.broker.alarms,
            "queues": {
                queue.name: {
                    "ready": queue.ready,
                    "unacknowledged": queue.unacknowledged,
                    "consumers": queue.consumers,
                }
                for queue in seen.broker.queues
            },
        },
    }


def _copy(copy: Copy) -> dict[str, Any]:
    return {
        "service": copy.service,
        "url": copy.url,
        "state": copy.state,
        "release": copy.said.get("version"),
        "outbox_rows": copy.measure("sp_outbox_rows"),
        "outbox_oldest_seconds": copy.measure("sp_outbox_oldest_seconds"),
        "in_hand_oldest_seconds": judge.unacknowledged(Seen((copy,), Broker()), copy.service),
        "parked": copy.measure("sp_parked_rows", "retry"),
        "parked_for_a_person": copy.measure("sp_parked_rows", "person"),
    }


def _row(seen: Seen, copy: Copy) -> Sequence[str]:
    queues = {queue.name: queue.ready for queue in seen.broker.queues}
    told = _copy(copy)
    return (
        copy.service,
        told["release"] or "?",
        copy.state,
        _number(queues.get(f"{copy.service}.events")),
        _number(queues.get(f"{copy.service}.dead")),
        _number(told["outbox_rows"]),
        _seconds(told["outbox_oldest_seconds"]),
        _seconds(told["in_hand_oldest_seconds"] if copy.trouble is None else None),
        _number(told["parked"]),
        _number(told["parked_for_a_person"]),
    )


def _broker(seen: Seen) -> str:
    if seen.broker.trouble is not None:
        return f"its management API does not answer: {seen.broker.trouble}"
    unheard = sum(queue.ready for queue in seen.broker.queues if queue.name == UNHEARD)
    return f"RabbitMQ {seen.broker.version}, {len(seen.broker.queues)} queues, {unheard} events nobody listens to"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}"


def _seconds(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f} s"
