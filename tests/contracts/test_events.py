"""The rules every declared event keeps, and that what older speakers sent can still be read."""

from __future__ import annotations

import json
import re

import pytest

from deploy.rabbitmq.definitions import definitions, listens
from shared.contracts import EVENTS, SERVICES
from shared.contracts.envelope import UnreadableEvent, decode, encode
from shared.contracts.event import Aggregate
from shared.contracts.registry import OrganisationCreated, UserLinkIssued
from shared.topology import definitions as derive
from tests.contracts.examples import SAMPLES, sample

PASSWORDS = {name: f"secret of {name}" for name in (*SERVICES, "operator")}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_keeps_the_rules_of_its_kind(name: str) -> None:
    event = EVENTS[name]

    assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v[1-9]", name)
    assert event.speaker in SERVICES
    assert event.__doc__
    assert event.__doc__ != type(event).__doc__
    assert issubclass(event.model_fields[event.about].annotation or type, Aggregate)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_once_sent_can_still_be_read(path: object) -> None:
    body = path.read_bytes().strip()  # type: ignore[attr-defined]
    envelope = decode(body)

    again = decode(encode(envelope))
    assert again == envelope


def test_every_event_has_a_sample() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} >= set(EVENTS)


def test_only_user_events_have_peoples_names_and_addresses() -> None:
    for name, event in EVENTS.items():
        if not name.startswith("user."):
            assert "email" not in json.dumps(event.model_json_schema()), name


def test_readers_ignore_what_they_do_not_know() -> None:
    wire = json.loads(sample(OrganisationCreated))
    wire["data"]["organisation"]["colour"] = "blue"
    wire["brandnew"] = "attribute"

    assert decode(json.dumps(wire).encode()).event.subject == wire["subject"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"type": "organisation.exploded.v1"}, "no event of type"),
        ({"source": "urn:serviceplatform:metering"}, "is said by registry"),
        ({"subject": "someone else"}, "subject and sequence differ"),
        ({"sequence": 0}, "sequence"),
        ({"time": "2027-01-15T09:30:00"}, "time"),
        ({"data": {}}, "the data do not fit"),
    ],
)
def test_what_is_not_an_event_is_refused_with_the_reason(change: dict[str, object], said: str) -> None:
    wire = json.loads(sample(OrganisationCreated)) | change

    with pytest.raises(UnreadableEvent, match=said):
        decode(json.dumps(wire).encode())


def test_a_refusal_never_repeats_the_content() -> None:
    wire = json.loads(sample(UserLinkIssued))
    wire["data"]["link"]["url"] = ["https://secret.example/links/abc"]

    with pytest.raises(UnreadableEvent) as refused:
        decode(json.dumps(wire).encode())

    assert "abc" not in str(refused.value)


def test_the_topology_binds_each_event_to_who_handles_it_and_to_nobody_else() -> None:
    document = definitions(PASSWORDS)
    bound = {(one["destination"], one["routing_key"]) for one in document["bindings"]}

    for service, events in listens().items():
        wanted = {(f"{service}.events", event.type) for event in events}
        assert {pair for pair in bound if pair[0] == f"{service}.events"} == wanted


def test_every_event_has_a_queue() -> None:
    bound = {one["routing_key"] for one in definitions(PASSWORDS)["bindings"] if one["source"] == "platform.events"}

    assert bound == set(EVENTS)


def test_what_is_for_one_listener_may_not_be_heard_by_another() -> None:
    with pytest.raises(ValueError, match=r"user\.link_issued\.v1 is for notifier alone"):
        derive({"metering": [UserLinkIssued]}, PASSWORDS)


def test_a_service_may_write_only_what_it_says() -> None:
    rights = {one["user"]: re.compile(one["write"]) for one in definitions(PASSWORDS)["topic_permissions"]}

    for name, event in EVENTS.items():
        assert {service for service, pattern in rights.items() if pattern.search(name)} == {event.speaker}


def test_no_service_may_change_the_topology() -> None:
    assert {one["configure"] for one in definitions(PASSWORDS)["permissions"]} == {"^$"}
