"""Trial connections: the external test environment at once, without any municipality's approval."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.agreements.domain.request import Organisation, Service, System
from shared.contracts.agreements import Trial, TrialLine
from shared.contracts.event import Interval
from shared.problem import Conflict


def open_trial(
    trial_id: UUID, system: System, services: Sequence[Service], municipality: Organisation | None, now: datetime
) -> Trial:
    """An open trial connection for the platform's own test municipality; Conflict where there is none."""
    if municipality is None:
        raise Conflict(
            "trial.no_test_municipality",
            "The platform has no test municipality that trial calls could name; ask helpdesk to create it.",
        )
    return Trial(
        id=trial_id,
        sequence=1,
        supplier_id=system.supplier_id,
        supplier_name=system.supplier_name,
        system_id=system.id,
        system_name=system.name,
        municipality_id=municipality.id,
        municipality_name=municipality.name,
        lines=tuple(TrialLine(service_id=one.id, service_name=one.full_name) for one in services),
        state="open",
        valid=(Interval(starts=now),),
    )


def check_not_open(open_already: Sequence[tuple[UUID, UUID, str]]) -> None:
    """Refuse services (trial id, service id, name) that are open for the system already."""
    if open_already:
        raise Conflict(
            "trial.exists",
            f"Open already for this system: {', '.join(name for _, _, name in open_already)}. Leave these out.",
            existing=[{"trial_id": str(trial), "service_id": str(service)} for trial, service, _ in open_already],
        )


def close_trial(trial: Trial, now: datetime) -> Trial:
    """The trial connection, closed; Conflict when it was closed before."""
    if trial.state != "open":
        raise Conflict("trial.already_closed", "The trial connection was closed before.", state=trial.state)
    running = trial.valid[-1]
    ended = running.model_copy(update={"ends": max(now, running.starts)})
    return trial.model_copy(
        update={"state": "closed", "sequence": trial.sequence + 1, "valid": (*trial.valid[:-1], ended)}
    )
