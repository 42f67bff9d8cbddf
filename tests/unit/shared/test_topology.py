"""What the broker must hold follows from the contracts and from who listens, and from nothing else."""

import base64
import hashlib
import itertools
import json
import re
from typing import Any

import pytest

from shared import topology
from shared.contracts import EVENTS, SERVICES, said_by
from shared.contracts.agreements import AgreementApproved
from shared.contracts.event import Event
from shared.contracts.invoicing import InvoiceDispatched
from shared.contracts.registry import AccessGranted, OrganisationChanged, OrganisationCreated, UserLinkIssued

LISTENS: dict[str, list[type[Event]]] = {
    "registry": [AgreementApproved],
    "notifier": [AgreementApproved, OrganisationCreated, OrganisationChanged, UserLinkIssued],
    "metering": [AccessGranted],
}
USERS = {name: f"password of {name}" for name in (*SERVICES, "operator")}


def derived(listens: topology.Listens = LISTENS, vhost: str = "/") -> dict[str, Any]:
    return topology.definitions(listens, USERS, vhost=vhost)


def bindings(document: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["source"], one["destination"], one["routing_key"]) for one in document["bindings"]}


def test_the_same_listeners_give_the_same_document_but_for_the_passwords_salt() -> None:
    first, second = derived(), derived({name: LISTENS[name][::-1] for name in reversed(LISTENS)})

    assert [one.pop("password_hash") for one in first["users"]] != [
        one.pop("password_hash") for one in second["users"]
    ]
    assert json.dumps(first) == json.dumps(second)


def test_passwords_are_kept_as_salted_hashes() -> None:
    document = derived()

    assert "password of" not in json.dumps(document)
    for user in document["users"]:
        raw = base64.b64decode(user["password_hash"])
        assert hashlib.sha256(raw[:4] + USERS[user["name"]].encode()).digest() == raw[4:]
    assert {user["name"]: user["tags"] for user in document["users"]} == {
        **dict.fromkeys(SERVICES, ""),
        "operator": "monitoring",
    }


def test_each_event_reaches_those_who_listen_and_an_unheard_one_is_kept() -> None:
    found = bindings(derived())

    reached = {
        name: {queue for source, queue, key in found if source == "platform.events" and key == name}
        for name in EVENTS
    }
    assert reached["agreement.approved.v1"] == {"registry.events", "notifier.events"}
    assert reached["access.granted.v1"] == {"metering.events"}
    assert reached["invoice.issued.v1"] == {"platform.unheard"}
    assert all(reached.values()), "every event has a queue"
    assert {queues for queues in map(frozenset, reached.values()) if "platform.unheard" in queues} == {
        frozenset({"platform.unheard"})
    }
    assert ("platform.calls", "metering.calls", "#") in found
    assert {(f"{name}.dead", name) for name in SERVICES} == {
        (queue, key) for source, queue, key in found if source == "platform.dead"
    }


def test_what_is_for_one_listener_alone_is_bound_to_no_other() -> None:
    for event in (UserLinkIssued, InvoiceDispatched):
        assert event.only_for == "notifier"
        with pytest.raises(ValueError, match=f"{event.type} is for notifier alone; metering may not listen to it"):
            derived({"metering": [event]})


def policies_of(document: dict[str, Any], queue: str) -> list[dict[str, Any]]:
    return [one["definition"] for one in document["policies"] if re.search(one["pattern"], queue)]


def test_every_queue_is_a_quorum_queue_with_one_policy_at_the_most() -> None:
    document = derived()
    names = {queue["name"] for queue in document["queues"]}

    assert names == {
        *(f"{name}.{kind}" for name, kind in itertools.product(SERVICES, ("events", "dead"))),
        "metering.calls",
        "platform.unheard",
    }
    assert all(queue["durable"] and queue["arguments"] == {"x-queue-type": "quorum"} for queue in document["queues"])
    for service in SERVICES:
        [policy] = policies_of(document, f"{service}.events")
        assert policy["dead-letter-exchange"] == "platform.dead"
        assert policy["dead-letter-routing-key"] == service
        # At-least-once dead-lettering is only kept with publishers that are told to wait.
        assert (policy["dead-letter-strategy"], policy["overflow"]) == ("at-least-once", "reject-publish")
        assert policy["delivery-limit"] == topology.DELIVERY_LIMIT
        assert policies_of(document, f"{service}.dead") == [], "nothing takes dead messages away but their reader"
    assert policies_of(document, "metering.calls") == policies_of(document, "metering.events")
    [unheard] = policies_of(document, "platform.unheard")
    assert unheard["overflow"] == "drop-head"


def test_rights_are_those_a_service_needs_and_no_others() -> None:
    document = derived(vhost="/test")
    rights = {one["user"]: one for one in document["permissions"]}
    topics = {one["user"]: one for one in document["topic_permissions"]}

    assert {one["vhost"] for kind in ("permissions", "queues", "bindings", "policies") for one in document[kind]} == {
        "/test"
    }
    assert rights.keys() == USERS.keys()
    assert topics.keys() == set(SERVICES)
    queues = [queue["name"] for queue in document["queues"]]
    for service in SERVICES:
        right = rights[service]
        assert right["configure"] == "^$"
        assert [name for name in ("platform.events", "platform.calls", "platform.dead", *queues)
                if re.search(right["write"], name)] == ["platform.events"] * bool(said_by(service))  # fmt: skip
        own = {f"{service}.events", f"{service}.dead"} | ({"metering.calls"} if service == "metering" else set())
        assert {queue for queue in queues if re.search(right["read"], queue)} == own
        said = {event.type for event in said_by(service)}
        assert {name for name in EVENTS if re.search(topics[service]["write"], name)} == said
        assert not re.search(topics[service]["write"], next(iter(said), "noun.fact.v1") + ".more")
    assert {rights["operator"][kind] for kind in ("configure", "write", "read")} == {"^$"}
