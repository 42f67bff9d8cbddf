"""The rules of an agreement, played at random: what may follow what, and what is always true."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.agreements.domain.agreement import (
    RESEND_EVERY,
    TRANSITIONS,
    Act,
    Approve,
    Command,
    Reject,
    ResendNotice,
    State,
    Terminate,
    Withdraw,
    decide,
    live_lines,
)
from shared.contracts.agreements import Agreement, AgreementLine, AgreementNoticeResent
from shared.contracts.event import covered
from shared.problem import Conflict, Invalid, TooMany

BEGAN = datetime(2027, 1, 4, 9, tzinfo=UTC)


def requested(services: int = 3) -> Agreement:
    return Agreement(
        id=uuid.UUID(int=1),
        sequence=1,
        request_id=uuid.UUID(int=2),
        environment="production",
        supplier_id=uuid.UUID(int=3),
        supplier_name="Nordlys IT",
        municipality_id=uuid.UUID(int=4),
        municipality_name="Aabenraa Kommune",
        system_id=uuid.UUID(int=5),
        system_name="Omsorg",
        purpose="Opslag ved sagsbehandling",
        lines=tuple(
            AgreementLine(service_id=uuid.UUID(int=100 + place), service_name=f"Opslag {place}", decision="pending")
            for place in range(services)
        ),
        state="requested",
        valid=(),
        requested_at=BEGAN,
    )


def approval(*chosen: uuid.UUID, system: str = "registered", not_open: frozenset[uuid.UUID] = frozenset()) -> Approve:
    return Approve(frozenset(chosen) if chosen else None, system, not_open)


COMMANDS: dict[Act, Command] = {
    "approve": approval(),
    "reject": Reject("Ikke nu"),
    "withdraw": Withdraw(),
    "terminate": Terminate("supplier", "Slut"),
    "resend_notice": ResendNotice(None),
}


def in_state(state: State) -> Agreement:
    ways: dict[State, list[Act]] = {
        "requested": [],
        "approved": ["approve"],
        "rejected": ["reject"],
        "withdrawn": ["withdraw"],
        "terminated": ["approve", "terminate"],
    }
    found = requested()
    for act in ways[state]:
        found = decide(found, COMMANDS[act], BEGAN).agreement
    assert found.state == state
    return found


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("act", get_args(Act))
def test_what_is_not_a_transition_is_a_conflict_that_names_the_state(state: State, act: Act) -> None:
    agreement = in_state(state)
    if (state, act) in TRANSITIONS:
        assert decide(agreement, COMMANDS[act], BEGAN).agreement.state == TRANSITIONS[state, act]
        return
    with pytest.raises(Conflict) as refusal:
        decide(agreement, COMMANDS[act], BEGAN)
    assert refusal.value.extra["state"] == state


def test_an_approval_names_at_least_one_service() -> None:
    with pytest.raises(Invalid) as refusal:
        decide(requested(), Approve(frozenset(), "registered", frozenset()), BEGAN)
    assert refusal.value.code == "agreement.nothing_approved"


def test_a_paused_system_may_be_approved_and_used_when_it_is_resumed() -> None:
    assert decide(requested(), approval(system="paused"), BEGAN).agreement.state == "approved"


def test_a_service_that_was_shut_does_not_stop_the_approval_of_others() -> None:
    agreement = requested()
    shut = agreement.lines[0].service_id

    outcome = decide(agreement, approval(agreement.lines[1].service_id, not_open=frozenset({shut})), BEGAN)

    assert outcome.what == "partly_approved"


def test_exactly_an_hour_later_the_notice_may_be_resent() -> None:
    last = BEGAN
    with pytest.raises(TooMany):
        decide(requested(), ResendNotice(last), last + RESEND_EVERY - timedelta(microseconds=1))
    assert decide(requested(), ResendNotice(last), last + RESEND_EVERY).what == "notice_resent"


def test_a_termination_by_a_clock_that_lags_closes_the_span_where_it_began() -> None:
    running = decide(requested(), approval(), BEGAN).agreement

    ended = decide(running, Terminate("operator", "Misbrug"), BEGAN - timedelta(seconds=1)).agreement

    assert ended.valid[0].ends == BEGAN
    assert not covered(ended.valid, BEGAN)


class AgreementLife(RuleBasedStateMachine):
    """Any commands in any order, with time going on."""

    @initialize(services=st.integers(1, 5))
    def begin(self, services: int) -> None:
        self.agreement = requested(services)
        self.now = BEGAN
        self.told = 1
        self.decisions = 0
        self.last_notice: datetime | None = None

    @rule(minutes=st.integers(0, 10_000))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(data=st.data())
    def approve(self, data: st.DataObject) -> None:
        ids = [line.service_id for line in self.agreement.lines]
        chosen = data.draw(st.one_of(st.none(), st.sets(st.sampled_from(ids), min_size=1)))
        shut = data.draw(st.sets(st.sampled_from(ids), max_size=1))
        self._do(Approve(None if chosen is None else frozenset(chosen), "registered", frozenset(shut)))

    @rule(reason=st.text(min_size=3, max_size=20))
    def reject(self, reason: str) -> None:
        self._do(Reject(reason))

    @rule()
    def withdraw(self) -> None:
        self._do(Withdraw())

    @precondition(lambda self: self.agreement.state == "approved")
    @rule(by=st.sampled_from(["supplier", "municipality", "operator"]))
    def terminate(self, by: str) -> None:
        self._do(Terminate(by, "Slut"))  # type: ignore[arg-type]

    @rule()
    def resend_notice(self) -> None:
        if self._do(ResendNotice(self.last_notice)):
            self.last_notice = self.now

    def _do(self, command: Command) -> bool:
        before = self.agreement
        try:
            outcome = decide(before, command, self.now)
        except (Conflict, TooMany):
            assert self.agreement == before
            return False
        assert TRANSITIONS[before.state, command.act] == outcome.agreement.state
        assert outcome.event.agreement == outcome.agreement
        assert outcome.agreement.sequence == before.sequence + 1
        if not isinstance(outcome.event, AgreementNoticeResent):
            self.decisions += 1
        self.agreement = outcome.agreement
        return True

    @invariant()
    def access_is_open_exactly_while_approved(self) -> None:
        assert covered(self.agreement.valid, self.now) == (self.agreement.state == "approved")

    @invariant()
    def what_was_decided_stays_decided(self) -> None:
        decided = {line.decision for line in self.agreement.lines}
        if self.agreement.state in {"requested", "withdrawn"}:
            assert decided == {"pending"}
            assert self.agreement.decided_at is None
        elif self.agreement.state == "rejected":
            assert decided == {"rejected"}
        else:
            assert "approved" in decided
            assert "pending" not in decided

    @invariant()
    def what_can_be_asked_for_again_is_what_does_not_run(self) -> None:
        live = live_lines(self.agreement)
        if self.agreement.state == "approved":
            assert live == {line.service_id for line in self.agreement.lines if line.decision == "approved"}
        else:
            assert bool(live) == (self.agreement.state == "requested")

    @invariant()
    def there_is_one_decision_and_one_end_at_the_most(self) -> None:
        assert self.decisions <= (2 if self.agreement.state == "terminated" else 1)


TestAgreementLife = AgreementLife.TestCase
TestAgreementLife.settings = settings(derandomize=True, max_examples=150, stateful_step_count=15, deadline=None)
