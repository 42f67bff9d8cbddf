"""Every rule about whether a call may be counted, at its borders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metering.domain.judgement import AGAIN, Accepted, Reason
from shared.contracts.event import Interval
from tests.unit.metering.conftest import (
    AGREEMENT,
    CVR,
    LONG_AGO,
    MUNICIPALITY,
    NOW,
    SYSTEM,
    TRIAL,
    call,
    certificate,
    grant,
    judged,
    system,
    verdict,
)

SECOND = timedelta(seconds=1)
ENDED = (Interval(starts=LONG_AGO, ends=NOW),)
STARTS_LATER = (Interval(starts=NOW + SECOND),)
TWICE = (Interval(starts=LONG_AGO, ends=NOW - SECOND), Interval(starts=NOW))


def test_a_call_that_all_allows_is_counted_under_its_grant() -> None:
    assert judged() == Accepted(grant())
    assert judged(call(municipality=CVR)) == Accepted(grant())


@pytest.mark.parametrize(
    ("made_at", "reason"),
    [
        (NOW + timedelta(minutes=5), "accepted"),
        (NOW + timedelta(minutes=5) + SECOND, "time.in_future"),
        (NOW - timedelta(days=184), "accepted"),
        (NOW - timedelta(days=184) - SECOND, "time.too_old"),
    ],
)
def test_a_call_is_told_neither_ahead_of_its_time_nor_too_late(made_at: datetime, reason: str) -> None:
    assert verdict(call(time=made_at)) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_to": NOW}, "accepted"),
        ({"valid_to": NOW - SECOND}, "certificate.expired"),
        ({"valid_from": NOW}, "accepted"),
        ({"valid_from": NOW + SECOND}, "certificate.expired"),
        ({"bound": ENDED}, "certificate.ended"),
        ({"bound": STARTS_LATER}, "certificate.unknown"),
        ({"bound": ()}, "certificate.unknown"),
        ({"bound": TWICE}, "accepted"),
        ({"system_id": UUID(int=99)}, "sender.differs"),
    ],
)
def test_the_certificate_must_have_been_the_systems_at_the_time(changes: dict[str, object], reason: str) -> None:
    assert verdict(of=certificate(**changes)) == reason


@pytest.mark.parametrize(
    ("active", "reason"),
    [
        (ENDED, "system.not_active"),
        (STARTS_LATER, "system.not_active"),
        ((), "system.not_active"),
        (TWICE, "accepted"),
    ],
)
def test_the_system_must_have_been_active_at_the_time(active: tuple[Interval, ...], reason: str) -> None:
    assert verdict(systems=(system(active=active),)) == reason
    assert verdict(systems=()) == "system.not_active"


@pytest.mark.parametrize(
    ("valid", "reason"),
    [(ENDED, "access.ended"), (STARTS_LATER, "access.none"), ((), "access.none"), (TWICE, "accepted")],
)
def test_the_grant_must_have_covered_the_call_at_the_time(valid: tuple[Interval, ...], reason: str) -> None:
    assert verdict(grants=(grant(valid=valid),)) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"service_id": UUID(int=99)},
        {"municipality_id": UUID(int=99), "municipality_cvr": "12345678"},
        {"system_id": UUID(int=99)},
    ],
)
def test_a_grant_for_something_else_does_not_help(changes: dict[str, object]) -> None:
    assert verdict(grants=(grant(**changes),)) == "access.none"


def test_the_environment_is_the_systems() -> None:
    tested = (system(environment="test"),)
    assert verdict(systems=tested) == "environment.wrong"
    assert verdict(systems=tested, grants=(grant(environment="test"),)) == "accepted"
    assert verdict(systems=tested, grants=(grant(environment="test"), grant(id=UUID(int=21)))) == "accepted"
    assert verdict(named_environment="production") == "accepted"
    assert verdict(named_environment="test") == "environment.wrong"


def test_a_named_agreement_must_be_one_that_covers_the_call() -> None:
    assert verdict(call(agreement_id=AGREEMENT)) == "accepted"
    assert verdict(call(agreement_id=TRIAL)) == "agreement.differs"
    both = (grant(), grant(id=UUID(int=21), source_id=TRIAL))
    found = judged(call(agreement_id=TRIAL), grants=both)
    assert isinstance(found, Accepted)
    assert found.grant.source_id == TRIAL
    assert verdict(call(agreement_id=AGREEMENT), grants=(grant(valid=ENDED), both[1])) == "agreement.differs"


def test_of_several_reasons_the_one_nearest_the_sender_is_told() -> None:
    wrong = {"of": certificate(bound=ENDED), "systems": (), "grants": ()}
    assert verdict(call(time=NOW + timedelta(hours=1)), **wrong) == "time.in_future"  # type: ignore[arg-type]
    assert verdict(**wrong) == "certificate.ended"  # type: ignore[arg-type]
    assert verdict(systems=(), grants=()) == "system.not_active"


def test_every_reason_that_news_can_lift_is_a_reason() -> None:
    assert set(get_args(Reason)) >= AGAIN


SPANS = st.lists(st.integers(0, 40), min_size=0, max_size=6, unique=True).map(
    lambda days: tuple(
        Interval(
            starts=LONG_AGO + timedelta(days=first),
            ends=None if last is None else LONG_AGO + timedelta(days=last),
        )
        for first, last in zip(sorted(days)[::2], [*sorted(days)[1::2], None], strict=False)
    )
)


@settings(derandomize=True, max_examples=300)
@given(active=SPANS, bound=SPANS, valid=SPANS, day=st.integers(0, 45))
def test_a_call_counts_exactly_when_all_three_held_at_its_time(
    active: tuple[Interval, ...], bound: tuple[Interval, ...], valid: tuple[Interval, ...], day: int
) -> None:
    at = LONG_AGO + timedelta(days=day)
    held = all(
        any(span.starts <= at and (span.ends is None or at < span.ends) for span in spans)
        for spans in (active, bound, valid)
    )
    found = verdict(
        call(time=at),
        of=certificate(bound=bound),
        systems=(system(active=active),),
        grants=(grant(valid=valid),),
        received_at=at,
    )

    assert (found == "accepted") == held


def test_the_content_of_a_call_is_all_it_says_but_its_time() -> None:
    said = call().content
    assert call(time=NOW + SECOND, id="two").content == said
    changed = [
        call(service_id=SYSTEM),
        call(municipality=CVR),
        call(agreement_id=AGREEMENT),
        call(accounting_info="x"),
        call(caller_reference=""),
        call(caller_reference="x"),
    ]
    contents = {said, *(other.content for other in changed)}
    assert len(contents) == len(changed) + 1
    assert MUNICIPALITY != SYSTEM
