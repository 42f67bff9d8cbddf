"""A supplier's IT system: its states, what may be done in each, and what it takes to be registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import Environment, Interval
from shared.contracts.registry import OrganisationKind
from shared.problem import Conflict, Invalid

State = Literal["registered", "paused", "deactivated"]
Act = Literal["rename", "pause", "resume", "deactivate", "bind certificate", "end certificate"]

TRANSITIONS: Mapping[Act, Mapping[State, State]] = {
    "rename": {"registered": "registered", "paused": "paused"},
    "bind certificate": {"registered": "registered", "paused": "paused"},
    "end certificate": {"registered": "registered", "paused": "paused"},
    "pause": {"registered": "paused"},
    "resume": {"paused": "registered"},
    "deactivate": {"registered": "deactivated", "paused": "deactivated"},
}
"""For each act the states it may be done in, and the state it leads to. Deactivated is the end."""


@dataclass(frozen=True, slots=True)
class System:
    """A registered system. `active` are the spans in which it may connect, UTC; none is open unless registered."""

    id: UUID
    sequence: int
    supplier_id: UUID
    supplier_name: str
    name: str
    environment: Environment
    state: State
    active: tuple[Interval, ...]
    registered_at: datetime


def allowed_from(act: Act) -> list[str]:
    """The states an act may be done in, for the guard of its UPDATE."""
    return list(TRANSITIONS[act])


def after(state: State, act: Act) -> State:
    """The state that an act leads to. Raises Conflict where the system's state does not let it be done."""
    found = TRANSITIONS[act].get(state)
    if found is not None:
        return found
    if state == "deactivated":
        raise Conflict(
            "system.deactivated",
            "This system is deactivated, which is final. Register a new system with another certificate.",
        )
    raise Conflict(
        "system.wrong_state",
        f"This system is {state}; to {act} is possible only when {' or '.join(TRANSITIONS[act])}.",
    )


def require_environment(environment: Environment, *, test_organisation: bool) -> None:
    """Raise Invalid where a test organisation wants anything but the external test environment."""
    if test_organisation and environment != "test":
        raise Invalid(
            "system.test_organisation",
            "This is a test organisation: it lives in the external test environment only. Register with"
            " environment `test`.",
        )


@dataclass(frozen=True, slots=True)
class Supplier:
    """What matters of an organisation when it registers systems or they sign in."""

    id: UUID
    name: str
    cvr: str
    kinds: tuple[OrganisationKind, ...]
    test: bool
    active: bool
