"""What a service counts about itself, for Prometheus at /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("sp_http_requests_total", "HTTP requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("sp_http_request_seconds", "Time to answer an HTTP request", ["method", "route"])
HANDLED = Counter("sp_events_handled_total", "Events handled, by outcome", ["type", "outcome"])
HANDLE_SECONDS = Histogram("sp_event_handle_seconds", "Time to handle an event", ["type"])
PUBLISHED = Counter("sp_events_published_total", "Events the broker confirmed", ["type"])
OUTBOX_ROWS = Gauge("sp_outbox_rows", "Events written and not yet confirmed by the broker")
OUTBOX_OLDEST = Gauge("sp_outbox_oldest_seconds", "Age of the oldest event not yet confirmed, in seconds")
UNACKED_OLDEST = Gauge(
    "sp_unacknowledged_oldest_seconds",
    "Age of the oldest message taken and not yet acknowledged, in seconds",
    ["queue"],
)
PARKED_ROWS = Gauge("sp_parked_rows", "Parked messages, by whom they wait for", ["waiting_for"])
JOB_RUNS = Counter("sp_job_runs_total", "Runs of timed work, by outcome", ["task", "outcome"])
