"""The access decision over given facts, and the grants that agreements make."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.domain.access import (
    Asker,
    Decision,
    Facts,
    Grant,
    Known,
    Present,
    Reason,
    Source,
    changes,
    decide,
    of_agreement,
    open_at,
)
from shared.contracts.agreements import Agreement, AgreementLine
from shared.contracts.event import Interval, covered

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
SYSTEM, SUPPLIER = uuid4(), uuid4()


def span(begins: int, ends: int | None) -> Interval:
    """Days from now."""
    return Interval(starts=NOW + begins * DAY, ends=None if ends is None else NOW + ends * DAY)


def grant(*spans: Interval, number: int = 1) -> Grant:
    return Grant(UUID(int=number), "agreement", UUID(int=100 + number), spans)


KNOWN = Known(
    system_id=SYSTEM,
    system_name="Omsorg",
    supplier_id=SUPPLIER,
    state="registered",
    environment="production",
    valid_from=NOW - DAY,
    valid_to=NOW + DAY,
    ended=False,
)
GOOD: dict[str, Any] = {
    "ended": False,
    "valid_from": NOW - DAY,
    "valid_to": NOW + DAY,
    "state": "registered",
    "environment": "production",
    "service_state": "open",
    "municipality_known": True,
    "grants": (grant(span(-1, None)),),
}


def ask(asker: Asker = Asker(), environment: Any = None, **changed: Any) -> Decision:  # noqa: B008 - frozen
    told = {**GOOD, **changed}
    known = Known(
        system_id=SYSTEM,
        system_name="Omsorg",
        supplier_id=SUPPLIER,
        **{name: told[name] for name in ("ended", "valid_from", "valid_to", "state", "environment")},
    )
    facts = Facts(known, told["service_state"], told["municipality_known"], told["grants"])
    return decide(facts, asker=asker, environment=environment, at=NOW)


OBSTACLES: list[tuple[Reason, dict[str, Any]]] = [
    ("certificate.unknown", {"asker": Asker(supplier_id=uuid4())}),
    ("certificate.ended", {"ended": True}),
    ("certificate.not_yet_valid", {"valid_from": NOW + SECOND}),
    ("certificate.expired", {"valid_to": NOW - DAY}),
    ("system.paused", {"state": "paused"}),
    ("system.deactivated", {"state": "deactivated"}),
    ("environment.wrong", {"environment": "test"}),
    ("service.unknown", {"service_state": None}),
    ("service.closed", {"service_state": "closed"}),
    ("municipality.unknown", {"municipality_known": False}),
    ("agreement.none", {"grants": ()}),
    ("agreement.ended", {"grants": (grant(span(-2, -1)),)}),
]
"""In the order in which they are told; each on its own turns yes into no."""


def test_every_reason_there_is_is_tested() -> None:
    assert {reason for reason, _ in OBSTACLES} | {"allowed"} == set(get_args(Reason))


def test_nothing_in_the_way_is_yes() -> None:
    decision = ask()
    assert (decision.allowed, decision.reason, decision.system_id) == (True, "allowed", SYSTEM)
    assert decision.grant is GOOD["grants"][0]


@pytest.mark.parametrize(("reason", "obstacle"), OBSTACLES, ids=[reason for reason, _ in OBSTACLES])
def test_each_obstacle_has_its_own_reason(reason: Reason, obstacle: dict[str, Any]) -> None:
    decision = ask(**obstacle)
    assert (decision.allowed, decision.reason) == (False, reason)
    assert decision.detail.endswith(".")
    assert decision.system_id == (None if reason == "certificate.unknown" else SYSTEM)


@pytest.mark.parametrize("first", range(len(OBSTACLES)))
@pytest.mark.parametrize("second", range(len(OBSTACLES)))
def test_of_two_obstacles_the_one_nearer_the_certificate_is_told(first: int, second: int) -> None:
    # Two that set the same fact can't both be true.
    (reason, one), (other_reason, other) = OBSTACLES[first], OBSTACLES[second]
    if set(one) & set(other):
        return
    assert ask(**one, **other).reason == (reason if first < second else other_reason)


def test_an_unknown_certificate_is_unknown_whatever_else() -> None:
    facts = Facts(None, None, municipality_known=False, grants=())
    assert decide(facts, asker=Asker(), environment=None, at=NOW).reason == "certificate.unknown"


@pytest.mark.parametrize("state", ["open", "locked"])
def test_a_locked_service_is_still_called(state: str) -> None:
    assert ask(service_state=state).allowed


@pytest.mark.parametrize(
    ("asker", "known"),
    [
        (Asker(), True),
        (Asker(supplier_id=SUPPLIER), True),
        (Asker(system_id=SYSTEM), True),
        (Asker(supplier_id=SUPPLIER, system_id=SYSTEM), True),
        (Asker(supplier_id=uuid4()), False),
        (Asker(system_id=uuid4()), False),
        (Asker(supplier_id=SUPPLIER, system_id=uuid4()), False),
        (Asker(supplier_id=uuid4(), system_id=SYSTEM), False),
    ],
)
def test_a_foreign_certificate_is_unknown(asker: Asker, known: bool) -> None:
    assert (ask(asker).reason == "allowed") is known


def test_validity_counts_its_first_instant_and_its_whole_last_second() -> None:
    assert ask(valid_from=NOW).allowed
    assert ask(valid_to=NOW).allowed
    assert ask(valid_to=NOW - timedelta(microseconds=999_999)).allowed
    assert ask(valid_to=NOW - SECOND).reason == "certificate.expired"


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        ([span(0, None)], "allowed"),
        ([span(0, 1)], "allowed"),
        ([span(-1, 0)], "agreement.ended"),
        ([span(-3, -2), span(-1, None)], "allowed"),
        ([span(-3, -2), span(-1, 0)], "agreement.ended"),
        ([span(1, None)], "agreement.none"),
        ([], "agreement.ended"),
    ],
    ids=str,
)
def test_a_grant_holds_from_its_beginning_up_to_its_end(spans: list[Interval], reason: Reason) -> None:
    assert ask(grants=(grant(*spans),)).reason == reason


def test_the_grant_that_holds_is_the_one_named_among_ended_ones() -> None:
    old, holds = grant(span(-9, -8), number=1), grant(span(-1, None), number=2)
    assert ask(grants=(old, holds)).grant == ask(grants=(holds, old)).grant == holds


def test_of_ended_grants_the_one_that_held_last_is_named() -> None:
    old, late = grant(span(-9, -8), number=1), grant(span(-7, -6), number=2)
    assert ask(grants=(old, late)).grant == ask(grants=(late, old)).grant == late


spans = st.lists(
    st.tuples(st.integers(-5, 5), st.integers(1, 4), st.booleans()).map(
        lambda told: span(told[0], None if told[2] else told[0] + told[1])
    ),
    max_size=3,
).map(tuple)


@settings(derandomize=True, max_examples=300)
@given(st.lists(spans, max_size=3))
def test_yes_exactly_when_some_grant_covers_the_instant(several: list[tuple[Interval, ...]]) -> None:
    grants = tuple(grant(*each, number=number) for number, each in enumerate(several))
    decision = ask(grants=grants)
    assert decision.allowed == any(covered(one.valid, NOW) for one in grants)
    assert (decision.reason == "agreement.none") == (
        not decision.allowed and (not grants or any(s.starts > NOW for one in grants for s in one.valid))
    )


SERVICES = [UUID(int=number) for number in range(1, 5)]
VALID = (span(-1, None),)


def source(service_ids: set[UUID], valid: tuple[Interval, ...] = VALID) -> Source:
    return Source("agreement", uuid4(), 1, "production", SUPPLIER, SYSTEM, uuid4(), frozenset(service_ids), valid)


def test_new_grants_are_written_and_those_that_fit_are_left() -> None:
    present = [Present(SERVICES[0], VALID), Present(SERVICES[1], (span(-2, None),))]

    assert changes(source(set(SERVICES[:3])), present) == {SERVICES[1]: VALID, SERVICES[2]: VALID}


def test_a_service_that_is_no_longer_opened_loses_its_spans() -> None:
    assert changes(source(set()), [Present(SERVICES[0], VALID), Present(SERVICES[1], ())]) == {SERVICES[0]: ()}


def test_what_never_held_makes_no_grants() -> None:
    assert changes(source(set(SERVICES), ()), []) == {}


@settings(derandomize=True, max_examples=300)
@given(
    st.sets(st.sampled_from(SERVICES)),
    spans,
    st.dictionaries(st.sampled_from(SERVICES), spans),
)
def test_after_its_changes_the_grants_are_as_the_source_says(
    opened: set[UUID], valid: tuple[Interval, ...], before: dict[UUID, tuple[Interval, ...]]
) -> None:
    said = source(opened, valid)
    wanted = changes(said, [Present(service_id, kept) for service_id, kept in before.items()])
    after = before | wanted
    assert {service_id for service_id, spans in after.items() if spans} == (opened if valid else set())
    assert all(after[service_id] == valid for service_id in opened if valid)
    assert changes(said, [Present(service_id, kept) for service_id, kept in after.items()]) == {}


def test_an_agreement_opens_its_approved_services() -> None:
    agreement = Agreement(
        id=uuid4(),
        sequence=5,
        request_id=uuid4(),
        environment="production",
        supplier_id=SUPPLIER,
        supplier_name="",
        municipality_id=uuid4(),
        municipality_name="",
        system_id=SYSTEM,
        system_name="",
        purpose="",
        lines=tuple(
            AgreementLine(service_id=service_id, service_name="", decision=decision)
            for service_id, decision in zip(SERVICES, ("approved", "rejected", "pending"), strict=False)
        ),
        state="approved",
        valid=VALID,
        requested_at=NOW,
    )
    found = of_agreement(agreement)
    assert (found.service_ids, found.valid, found.sequence) == ({SERVICES[0]}, VALID, 5)


def test_open_is_what_still_runs_or_begins_later() -> None:
    assert open_at((span(-1, None),), NOW)
    assert open_at((span(-1, 1),), NOW)
    assert open_at((span(1, 2),), NOW)
    assert not open_at((span(-2, 0),), NOW)
    assert not open_at((), NOW)
