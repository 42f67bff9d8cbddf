"""What the overview makes of what it is told: when somebody is needed, and how far behind it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deploy.overview import __main__ as command
from deploy.overview import judge, show
from deploy.overview.ask import Broker, Copy, Queue, Seen
from shared.contracts import SERVICES

READY = {"version": "1.0", "state": "ready", "database": "ready", "broker": "reading"}
CALM: dict[str, dict[tuple[str, ...], float]] = {
    "metering": {
        ("sp_unacknowledged_oldest_seconds", "metering.calls"): 0.1,
        ("sp_counts_told_ago_seconds",): 0.2,
        ("sp_outbox_oldest_seconds",): 0.3,
    },
    "invoicing": {("sp_unacknowledged_oldest_seconds", "invoicing.events"): 0.4},
}


def calm() -> Seen:
    """A platform on which all is well."""
    copies = [Copy(service, f"http://{service}", READY, CALM.get(service, {})) for service in SERVICES]
    names = [f"{service}.{kind}" for service in SERVICES for kind in ("events", "dead")]
    return Seen(
        tuple(copies),
        Broker("4.1", tuple(Queue(name, 0, 0, 1) for name in (*names, "metering.calls", "platform.unheard"))),
    )


def measured(service: str, *name: str, value: float) -> Seen:
    """All is well but for one measure."""
    seen = calm()
    copies = [
        replace(copy, measures={**copy.measures, name: value}) if copy.service == service else copy
        for copy in seen.copies
    ]
    return replace(seen, copies=tuple(copies))


def with_queue(called: str, /, **changes: Any) -> Seen:
    seen = calm()
    queues = tuple(replace(queue, **changes) if queue.name == called else queue for queue in seen.broker.queues)
    return replace(seen, broker=replace(seen.broker, queues=queues))


def with_copy(service: str, **changes: Any) -> Seen:
    seen = calm()
    return replace(
        seen, copies=tuple(replace(one, **changes) if one.service == service else one for one in seen.copies)
    )


def test_all_is_well() -> None:
    assert judge.needs(calm()) == []
    assert judge.lag(calm()) == pytest.approx(1.0)
    assert show.as_table(calm()).endswith("All is well.")


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (measured("agreements", "sp_outbox_oldest_seconds", value=61), "agreements can't publish: 0 events wait"),
        (
            measured("notifier", "sp_unacknowledged_oldest_seconds", "notifier.events", value=90),
            "notifier has had a message in hand for 90 s",
        ),
        (measured("registry", "sp_parked_rows", "person", value=2), "registry has 2 parked messages that wait"),
        (measured("metering", "sp_counts_told_ago_seconds", value=99), "calls reach the overview only after 100 s"),
        (measured("metering", "sp_quarters_blocked", value=1), "metering: 1 quarters are due and can't be sealed"),
        (measured("metering", "sp_records_outside_partitions", value=1), "metering: calls lie outside the months"),
        (measured("invoicing", "sp_billing_oldest_seconds", value=90_000), "invoicing: an invoice has waited for"),
        (measured("notifier", "sp_notices_oldest_seconds", value=4000), "notifier: a notice has waited for 4000 s"),
        (measured("notifier", "sp_notices_failed_lately", value=3), "notifier: 3 notices failed for good"),
        (with_copy("registry", trouble="ConnectError"), "registry (http://registry) does not answer: ConnectError"),
        (
            with_copy("registry", said={**READY, "state": "degraded", "broker": "away"}),
            "registry (http://registry) is degraded (database ready, broker away)",
        ),
        (with_queue("registry.events", ready=10_001), "10001 messages wait in registry.events, more than 10000"),
        (with_queue("metering.calls", ready=100_001), "100001 messages wait in metering.calls, more than 100000"),
        (with_queue("registry.events", name="other"), "the broker lacks registry.events: load its definitions"),
        (
            replace(calm(), broker=replace(calm().broker, alarms=("a@b: memory is short",))),
            "the broker takes no messages: a@b: memory is short",
        ),
        (replace(calm(), broker=Broker(trouble="answers 401")), "management API does not answer: answers 401"),
    ],
)
def test_what_needs_a_person(seen: Seen, sentence: str) -> None:
    [told] = judge.needs(seen)
    assert sentence in told
    assert f"needs a person: {told}" in show.as_table(seen)
    assert not show.as_json(seen)["well"]


@pytest.mark.parametrize(
    "seen",
    [
        measured("agreements", "sp_outbox_oldest_seconds", value=59),
        measured("registry", "sp_parked_rows", "retry", value=5),
        measured("invoicing", "sp_billing_oldest_seconds", value=80_000),
        with_queue("registry.events", ready=10_000),
        with_queue("metering.calls", ready=100_000),
        # The broker's counts are seconds old; a service that reads says so itself.
        with_queue("registry.events", consumers=0),
        with_queue("platform.unheard", ready=9_999, consumers=0),
    ],
)
def test_what_needs_nobody(seen: Seen) -> None:
    assert judge.needs(seen) == []


def test_a_queue_nobody_reads() -> None:
    seen = with_queue("registry.events", consumers=0, ready=3)
    away = tuple(replace(one, trouble="x") if one.service == "registry" else one for one in seen.copies)

    assert "nobody reads registry.events (3 waiting)" in judge.needs(replace(seen, copies=away))


def test_of_several_copies_the_worst_counts_and_of_telling_the_latest() -> None:
    first = measured("metering", "sp_counts_told_ago_seconds", value=500)
    second = Copy("metering", "http://two", READY, {("sp_counts_told_ago_seconds",): 0.5})
    assert judge.lag(replace(first, copies=(*first.copies, second))) == pytest.approx(0.1 + 0.5 + 0.3 + 0.4)
    parked = Copy("registry", "http://two", READY, {("sp_parked_rows", "person"): 1})
    assert len(judge.needs(replace(calm(), copies=(*calm().copies, parked)))) == 1


def test_a_lag_that_cannot_be_seen_is_no_lag_of_nothing() -> None:
    seen = with_copy("metering", trouble="ConnectError", measures={})

    assert judge.lag(seen) is None
    assert show.as_json(seen)["overview_lag_seconds"] is None
    assert "overview  ? behind" in show.as_table(seen)


def test_notes_need_nobody() -> None:
    seen = with_copy("registry", said={**READY, "version": "1.1"})
    assert judge.notes(seen) == ["several releases run side by side: 1.0, 1.1"]
    assert "note: 7 events" in show.as_table(with_queue("platform.unheard", ready=7))


def test_for_programs_it_is_json() -> None:
    told = json.loads(json.dumps(show.as_json(measured("registry", "sp_parked_rows", "person", value=2))))

    [registry] = [one for one in told["services"] if one["service"] == "registry"]
    assert (registry["state"], registry["release"], registry["parked_for_a_person"]) == ("ready", "1.0", 2)
    assert told["broker"]["queues"]["metering.calls"] == {"ready": 0, "unacknowledged": 0, "consumers": 1}


def test_addresses_are_patterns() -> None:
    assert command.addresses("http://{service}:8000/, http://two/{service}")["registry"] == [
        "http://registry:8000",
        "http://two/registry",
    ]
    for wrong in ("", "http://registry"):
        with pytest.raises(command.NotTold, match="SP_OVERVIEW_SERVICES"):
            command.addresses(wrong)


def test_the_password_comes_from_the_variable_or_its_file(tmp_path: Any) -> None:
    (tmp_path / "secret").write_text("x\n")
    given: list[tuple[Mapping[str, str], str]] = [
        ({"SP_OVERVIEW_PASSWORD": "y"}, "y"),
        ({"SP_OVERVIEW_PASSWORD_FILE": str(tmp_path / "secret")}, "x"),
    ]
    for environment, found in given:
        assert command.password(environment) == found
    for missing in ({}, {"SP_OVERVIEW_PASSWORD_FILE": str(tmp_path / "none")}):
        with pytest.raises(command.NotTold, match="SP_OVERVIEW_PASSWORD"):
            command.password(missing)
