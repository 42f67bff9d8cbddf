"""What a message of calls may hold, and how much is kept of what does not fit."""

from __future__ import annotations

import json
from typing import Any
from uuid import RFC_4122

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.python.call import Call, encode
from services.metering.actions.arrival import NotAttributable, message_of
from services.metering.actions.message import Message, prepare
from services.metering.actions.taking import time_ordered_id
from shared.contracts.calls import MAX_BODY, Arrival, CallEvent, Misfit, UnreadableCalls, read, signature_of
from tests.unit.metering.conftest import MUNICIPALITY, NOW, SERVICE, SYSTEM


def event(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "specversion": "1.0",
        "id": "one",
        "source": "urn:test",
        "type": "call.made.v1",
        "time": "2027-02-01T12:00:00Z",
        "data": {"service": str(SERVICE), "municipality": str(MUNICIPALITY)},
        **changes,
    }
    return {name: value for name, value in told.items() if value is not ...}


def data(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"service": str(SERVICE), "municipality": str(MUNICIPALITY), **changes}
    return {"data": {name: value for name, value in told.items() if value is not ...}}


def one(told: Any) -> CallEvent | Misfit:
    [found] = read(json.dumps([told]).encode())
    return found


def test_what_the_client_writes_is_read() -> None:
    call = Call(str(SERVICE), "29189803", NOW, "id æ", str(SYSTEM), "Hjemmepleje", "ref")
    [found] = read(encode([call], "urn:test"))

    assert isinstance(found, CallEvent)
    assert (found.id, found.time, found.data.service) == ("id æ", NOW, SERVICE)
    assert (found.data.municipality, found.data.agreement) == ("29189803", SYSTEM)
    assert (found.data.accounting_info, found.data.caller_reference) == ("Hjemmepleje", "ref")


@pytest.mark.parametrize(
    "told",
    [
        event(),
        event(time="2027-02-01T13:00:00+01:00"),
        event(time="2027-02-01T12:00:00.123456Z"),
        event(id="x" * 64),
        event(traceparent="an extension is left alone"),
        event(datacontenttype="application/json"),
        event(**data(municipality=str(MUNICIPALITY).upper())),
        event(**data(municipality="01234567")),
        event(**data(accounting_info="x" * 255, caller_reference="y" * 255, agreement=None)),
    ],
)
def test_what_fits_is_a_call(told: Any) -> None:
    assert isinstance(one(told), CallEvent)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (5, "event"),
        (None, "event"),
        (event(specversion="0.3"), "specversion"),
        (event(id=...), "id"),
        (event(id=""), "id"),
        (event(id="x" * 65), "id"),
        (event(id="a\nb"), "id"),
        (event(id="a\x00b"), "id"),
        (event(id=7), "id"),
        (event(source=""), "source"),
        (event(type="call.made.v2"), "type"),
        (event(time=...), "time"),
        (event(time="2027-02-01T12:00:00"), "time"),
        (event(time="2027-02-01"), "time"),
        (event(time=1_800_000_000), "time"),
        (event(time="1800000000"), "time"),
        (event(time="0001-01-01T00:00:00+14:00"), "time"),
        (event(datacontenttype="text/xml"), "datacontenttype"),
        (event(data=...), "data"),
        (event(**data(service="x")), "data.service"),
        (event(**data(municipality="1234567")), "data.municipality"),
        (event(**data(municipality="123456789")), "data.municipality"),
        (event(**data(municipality="１２３４５６７８")), "data.municipality"),
        (event(**data(agreement="x")), "data.agreement"),
        (event(**data(accounting_info="x" * 256)), "data.accounting_info"),
        (event(**data(caller_reference="a\x00")), "data.caller_reference"),
        (event(**data(name="Anders And")), "data"),
    ],
)
def test_what_does_not_fit_names_the_field(told: Any, field: str) -> None:
    found = one(told)

    assert isinstance(found, Misfit)
    assert found.field == field


def test_nothing_of_a_member_that_could_be_personal_is_kept() -> None:
    found = one(event(**data(Anders_And="0101010101")))

    assert isinstance(found, Misfit)
    assert "Anders" not in repr(found)
    assert "0101010101" not in repr(found)


def test_of_a_misfit_all_that_can_be_read_is_kept() -> None:
    found = one(event(type="wrong"))

    assert found == Misfit(0, "type", "Input should be 'call.made.v1'", "one", NOW, SERVICE, str(MUNICIPALITY))


def test_one_misfit_spoils_no_other() -> None:
    found = read(json.dumps([event(), event(id=""), event()]).encode())

    assert [type(item) for item in found] == [CallEvent, Misfit, CallEvent]
    assert isinstance(found[1], Misfit)
    assert found[1].position == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"nonsense",
        b"[",
        b"5",
        b'"text"',
        b"[]",
        b"\xff\xfe",
        b'[{"a": NaN}]',
        b'["\\ud800"]',
        b"[" * 100_000,
        json.dumps([event()] * 501).encode(),
        b" " * MAX_BODY + b"{}",
    ],
)
def test_what_is_no_message_of_calls_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableCalls):
        read(body)


def test_a_single_event_need_not_be_in_an_array() -> None:
    assert [type(item) for item in read(b" " + json.dumps(event()).encode())] == [CallEvent]
    assert [type(item) for item in read(json.dumps(event(id="")).encode())] == [Misfit]
    assert [type(item) for item in read(b"{}")] == [Misfit]
    assert len(read(json.dumps([event()] * 500).encode())) == 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(derandomize=True, max_examples=300)
@given(
    changes=st.dictionaries(st.sampled_from(["id", "time", "type", "data", "specversion", "source"]), JSON),
    inner=st.dictionaries(st.sampled_from(["service", "municipality", "agreement", "accounting_info", "x"]), JSON),
    raw=st.binary(max_size=60),
)
def test_whatever_comes_is_a_call_a_misfit_or_unreadable(
    changes: dict[str, Any], inner: dict[str, Any], raw: bytes
) -> None:
    for body in (raw, json.dumps([{**event(**data(**inner)), **changes}]).encode()):
        message = Message(SYSTEM, "m", body, "a..b", None)
        prepared = prepare(message)
        assert len(prepared.calls) >= 1
        assert (prepared.unreadable is None) == (
            not (isinstance(prepared.calls[0], Misfit) and prepared.calls[0].field == "body")
        )


def arrival(**changes: Any) -> Arrival:
    told: dict[str, Any] = {
        "routing_key": f"{SYSTEM}.production",
        "user": str(SYSTEM),
        "message_id": "m",
        "signature": "s",
        "body": b"\x00\xff",
    }
    return Arrival(**{**told, **changes})


def test_who_sent_a_message_is_what_the_broker_vouches_for() -> None:
    assert message_of(arrival()) == Message(SYSTEM, "m", b"\x00\xff", "s", "production")
    assert message_of(arrival(user=None)).sender == SYSTEM
    assert message_of(arrival(routing_key=f"{SYSTEM}.calls")).environment is None
    assert message_of(arrival(message_id=None)).message_id.startswith("sha256-")
    assert message_of(arrival(message_id="a\x00b")).message_id == "a\ufffdb"
    for wrong in (arrival(routing_key="x"), arrival(routing_key=""), arrival(user="somebody")):
        with pytest.raises(NotAttributable):
            message_of(wrong)


def test_a_parked_message_is_whole() -> None:
    parked = arrival()
    assert Arrival.unpack(parked.pack()) == parked
    assert parked.identity == arrival().identity
    others = [arrival(body=b""), arrival(signature=None), arrival(message_id="n"), arrival(user=None)]
    assert len({other.identity for other in others} | {parked.identity}) == 5


@pytest.mark.parametrize(
    ("headers", "found"),
    [({}, None), ({"signature": "s"}, "s"), ({"signature": b"s"}, "s"), ({"signature": 7}, None)],
)
def test_the_signature_is_found_among_the_headers(headers: dict[str, Any], found: str | None) -> None:
    assert signature_of(headers) == found


def test_ids_sort_by_their_time_and_their_place_in_a_batch() -> None:
    ids = [
        time_ordered_id(NOW.replace(microsecond=1000 * step), place)
        for step in range(20)
        for place in (0, 1, 63, 64, 65, 4095, 4096, 5000, (1 << 18) - 1)
    ]

    assert ids == sorted(ids)
    assert {(made.version, made.variant) for made in ids} == {(7, RFC_4122)}
    assert len({time_ordered_id(NOW, 1) for _ in range(50)}) == 50


def test_the_same_bytes_signed_anew_are_another_message() -> None:
    keys = [prepare(Message(SYSTEM, "m", b"[]", signature, None)).key for signature in ("a", "b", None, "a")]

    assert keys[0] == keys[3]
    assert len(set(keys)) == 3
