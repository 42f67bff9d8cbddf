"""The alert rules ask for measures that exist, at the overview's limits, and each is explained to operators."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.local.places import PROJECT
from deploy.overview import judge
from shared.contracts import SERVICES

RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((PROJECT / "deploy/prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
ASKED = yaml.safe_load((PROJECT / "deploy/prometheus/prometheus.yaml").read_text())
JOBS = {job["job_name"] for job in ASKED["scrape_configs"]}
BROKERS = {
    "rabbitmq_detailed_queue_consumers",
    "rabbitmq_detailed_queue_messages_ready",
    "rabbitmq_alarms_memory_used_watermark",
    "rabbitmq_alarms_free_disk_space_watermark",
}
"""What RabbitMQ's own Prometheus plugin calls its measures."""


def measures() -> set[str]:
    """Every measure of every service, as Prometheus sees it."""
    importlib.import_module("shared.metrics")
    for service in SERVICES:
        importlib.import_module(f"services.{service}.__main__")
    known = {f"{family.name}{'_total' if family.type == 'counter' else ''}" for family in REGISTRY.collect()}
    return known | BROKERS | {"up"}


@pytest.mark.parametrize("name", RULES)
def test_it_asks_for_what_there_is(name: str) -> None:
    rule = RULES[name]
    asked = set(re.findall(r"\b(?:sp|rabbitmq)_[a-z_]+", re.sub(r'"[^"]*"', "", rule["expr"])))

    assert asked - measures() == set()
    assert asked or "up{" in rule["expr"]
    for jobs in re.findall(r'\bjob=~?"([^"]*)"', rule["expr"]):
        assert set(jobs.split("|")) <= JOBS
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]


def test_no_measure_has_a_label_that_prometheus_gives_itself() -> None:
    measures()
    labels = {label for collector in REGISTRY._collector_to_names for label in getattr(collector, "_labelnames", ())}

    assert "task" in labels
    assert labels & {"job", "instance"} == set()


def test_operators_are_told_of_each_and_of_no_other() -> None:
    told = (PROJECT / "docs/operations.md").read_text()

    assert re.findall(r"^\| `([A-Z]\w+)` \|", told, re.MULTILINE) == list(RULES)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("OutboxStuck", judge.WAIT_SECONDS),
        ("MessageInHand", judge.WAIT_SECONDS),
        ("OverviewBehind", judge.WAIT_SECONDS),
        ("InvoiceWaits", judge.BILLING_SECONDS),
        ("NoticesWaiting", judge.NOTICE_SECONDS),
    ],
)
def test_the_limits_are_the_overviews(name: str, limit: float) -> None:
    assert float(RULES[name]["expr"].rpartition(">")[2]) == limit


def test_so_are_those_of_the_queues() -> None:
    limits = [int(found) for found in re.findall(r"> (\d+)", RULES["QueueLong"]["expr"])]
    assert limits == [judge.EVENTS_WAITING, judge.CALLS_WAITING]
