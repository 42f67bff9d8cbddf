"""What the figures mean: which of them need a person, and how far behind the overview is.

The limits are those of deploy/prometheus/alerts.yaml; docs/operations.md says what to do about each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from deploy.overview.ask import Copy, Seen
from shared.contracts import SERVICES
from shared.topology import CALLS_QUEUE, UNHEARD

WAIT_SECONDS = 60.0
"""Longer than this nothing waits in an outbox, in a service's hand or on the way to the overview when all is well."""
EVENTS_WAITING = 10_000
CALLS_WAITING = 100_000
NOTICE_SECONDS = 3600.0
BILLING_SECONDS = 86_400.0

Measure = Callable[[Iterable[float]], float]


def worst(seen: Seen, service: str, *name: str, of: Measure = max) -> float | None:
    """A measure over all copies of a service; None when none of them has it."""
    found = [copy.measure(*name) for copy in seen.copies if copy.service == service]
    known = [value for value in found if value is not None]
    return of(known) if known else None


def lag(seen: Seen) -> float | None:
    """For how many seconds, at most, the oldest call not yet in the overview has been on its way.

    The sum of what waits longest at each step: the message in metering's hand, the count that was not told, the
    event in metering's outbox, the event in invoicing's hand. None when a step can't be seen.
    """
    steps = (
        worst(seen, "metering", "sp_unacknowledged_oldest_seconds", CALLS_QUEUE),
        # Each copy knows when it last told everything; the latest of them counts.
        worst(seen, "metering", "sp_counts_told_ago_seconds", of=min),
        worst(seen, "metering", "sp_outbox_oldest_seconds"),
        worst(seen, "invoicing", "sp_unacknowledged_oldest_seconds", "invoicing.events"),
    )
    known = [step for step in steps if step is not None]
    return sum(known) if len(known) == len(steps) else None


def needs(seen: Seen) -> list[str]:
    """What needs a person, one sentence each; empty when all is well."""
    return [
        *_services(seen),
        *_broker(seen),
        *(sentence for service in SERVICES for sentence in _waiting(seen, service)),
        *_business(seen),
    ]


def notes(seen: Seen) -> list[str]:
    """What is worth knowing and needs nobody."""
    versions = sorted({copy.said["version"] for copy in seen.copies if "version" in copy.said})
    found = [f"several releases run side by side: {', '.join(versions)}"] if len(versions) > 1 else []
    unheard = [queue for queue in seen.broker.queues if queue.name == UNHEARD and queue.ready]
    return found + [f"{queue.ready} events that nobody listens to are kept in {queue.name}" for queue in unheard]


def _services(seen: Seen) -> list[str]:
    return [f"{copy.service} ({copy.url}) {_how(copy)}" for copy in seen.copies if copy.state != "ready"]


def _how(copy: Copy) -> str:
    if copy.trouble is not None:
        return f"does not answer: {copy.trouble}"
    parts = ", ".join(f"{name} {copy.said[name]}" for name in ("database", "broker") if name in copy.said)
    return f"is {copy.state} ({parts})"


def _broker(seen: Seen) -> list[str]:
    broker = seen.broker
    if broker.trouble is not None:
        return [f"the broker's management API does not answer: {broker.trouble}"]
    found = [f"the broker takes no messages: {alarm}" for alarm in broker.alarms]
    for queue in broker.queues:
        if queue.name == UNHEARD:
            continue
        limit = CALLS_WAITING if queue.name == CALLS_QUEUE else EVENTS_WAITING
        # A service that was just started knows more of itself than the broker's count, which is seconds old.
        reads = any(copy.state == "ready" for copy in seen.copies if queue.name.startswith(f"{copy.service}."))
        if not queue.consumers and not reads:
            found.append(f"nobody reads {queue.name} ({queue.ready} waiting)")
        elif queue.ready > limit:
            found.append(f"{queue.ready} messages wait in {queue.name}, more than {limit}")
    known = {queue.name for queue in broker.queues}
    wanted = [f"{service}.{kind}" for service in SERVICES for kind in ("events", "dead")]
    missing = [name for name in (*wanted, CALLS_QUEUE) if name not in known]
    return found + ([f"the broker lacks {', '.join(missing)}: load its definitions"] if missing else [])


def _waiting(seen: Seen, service: str) -> list[str]:
    found = []
    oldest = worst(seen, service, "sp_outbox_oldest_seconds") or 0.0
    if oldest > WAIT_SECONDS:
        rows = worst(seen, service, "sp_outbox_rows") or 0.0
        found.append(f"{service} can't publish: {rows:.0f} events wait, the oldest for {oldest:.0f} s")
    held = unacknowledged(seen, service)
    if held > WAIT_SECONDS:
        found.append(f"{service} has had a message in hand for {held:.0f} s")
    parked = worst(seen, service, "sp_parked_rows", "person") or 0.0
    if parked:
        found.append(f"{service} has {parked:.0f} parked messages that wait for a person")
    return found


def unacknowledged(seen: Seen, service: str) -> float:
    """For how many seconds a service has had its oldest message in hand, over all it reads."""
    queues = (f"{service}.events", f"{service}.dead", *([CALLS_QUEUE] if service == "metering" else []))
    return max(worst(seen, service, "sp_unacknowledged_oldest_seconds", queue) or 0.0 for queue in queues)


def _business(seen: Seen) -> list[str]:
    found = []
    behind = lag(seen)
    if behind is not None and behind > WAIT_SECONDS:
        found.append(f"calls reach the overview only after {behind:.0f} s")
    for service, name, limit, sentence in (
        ("metering", "sp_quarters_blocked", 0.0, "{:.0f} quarters are due and can't be sealed"),
        ("metering", "sp_records_outside_partitions", 0.0, "calls lie outside the months made ahead"),
        ("invoicing", "sp_billing_oldest_seconds", BILLING_SECONDS, "an invoice has waited for {:.0f} s"),
        ("notifier", "sp_notices_oldest_seconds", NOTICE_SECONDS, "a notice has waited for {:.0f} s"),
        ("notifier", "sp_notices_failed_lately", 0.0, "{:.0f} notices failed for good within a day"),
    ):
        value = worst(seen, service, name) or 0.0
        if value > limit:
            found.append(f"{service}: {sentence.format(value)}")
    return found
