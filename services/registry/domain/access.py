"""May this certificate call this service for this municipality now? And which grants an agreement makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.registry.domain.binding import expired
from services.registry.domain.system import State
from shared.contracts.agreements import Agreement, Trial
from shared.contracts.event import Environment, Interval, covered

SourceKind = Literal["agreement", "trial"]

Reason = Literal[
    "allowed",
    "certificate.unknown",
    "certificate.ended",
    "certificate.expired",
    "certificate.not_yet_valid",
    "system.paused",
    "system.deactivated",
    "environment.wrong",
    "service.unknown",
    "service.closed",
    "municipality.unknown",
    "agreement.none",
    "agreement.ended",
]
"""Why it is so; `agreement.none` is the answer to a system that is known and may call nothing here yet."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A system may call a service for a municipality in these spans; it comes from an agreement or trial."""

    id: UUID
    source: SourceKind
    source_id: UUID
    valid: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The certificate that was asked about, and the system it is bound to."""

    system_id: UUID
    system_name: str
    supplier_id: UUID
    state: State
    environment: Environment
    valid_from: datetime
    valid_to: datetime
    ended: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the registry knows that bears on one question. `known` None: no such certificate."""

    known: Known | None
    service_state: Literal["open", "locked", "closed"] | None
    municipality_known: bool
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose systems may be told of: all (both None), a supplier's, or one system alone."""

    supplier_id: UUID | None = None
    system_id: UUID | None = None

    def may_know(self, known: Known) -> bool:
        return self.supplier_id in {None, known.supplier_id} and self.system_id in {None, known.system_id}


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with a sentence that says what it rests on and what to do."""

    reason: Reason
    detail: str
    system_id: UUID | None = None
    grant: Grant | None = None

    @property
    def allowed(self) -> bool:
        return self.reason == "allowed"


def decide(facts: Facts, *, asker: Asker, environment: Environment | None, at: datetime) -> Decision:
    """The access decision at `at` (UTC). `environment` None: whichever the system is registered for.

    The first thing that stands in the way is the reason, from the certificate over the system to the agreement.
    A certificate the asker may not know of is unknown.
    """
    known = facts.known
    if known is None or not asker.may_know(known):
        return Decision(
            "certificate.unknown",
            "No system is registered with this certificate. Register it, or check that the right one is used.",
        )
    reason, detail = _certificate(known, at) or _system(known, environment) or _called(facts) or (None, "")
    if reason is not None:
        return Decision(reason, detail, known.system_id)
    return _granted(facts, known, at)


def _certificate(known: Known, at: datetime) -> tuple[Reason, str] | None:
    if known.ended:
        return "certificate.ended", "This certificate was ended by its supplier. Use the system's present one."
    if at < known.valid_from:
        return "certificate.not_yet_valid", f"The certificate is valid from {known.valid_from:%Y-%m-%d %H:%M} UTC."
    if expired(known.valid_to, at):
        return (
            "certificate.expired",
            f"The certificate expired on {known.valid_to:%Y-%m-%d %H:%M} UTC. Bind its renewal to the system.",
        )
    return None


def _system(known: Known, environment: Environment | None) -> tuple[Reason, str] | None:
    if known.state == "paused":
        return "system.paused", f"The system {known.system_name} is paused by its supplier. Resume it to call again."
    if known.state == "deactivated":
        return "system.deactivated", f"The system {known.system_name} is deactivated, which is final."
    if environment is not None and environment != known.environment:
        return (
            "environment.wrong",
            (
                f"The system {known.system_name} is registered for {_SAID[known.environment]}, not for"
                f" {_SAID[environment]}."
            ),
        )
    return None


def _called(facts: Facts) -> tuple[Reason, str] | None:
    if facts.service_state is None:
        return "service.unknown", "No service in the catalogue has this id. Look it up in the catalogue."
    if facts.service_state == "closed":
        return "service.closed", "This service is closed. The catalogue shows its newer version, if there is one."
    if not facts.municipality_known:
        return (
            "municipality.unknown",
            "No municipality here has this id or CVR number; in production, test municipalities are unknown.",
        )
    return None


def _granted(facts: Facts, known: Known, at: datetime) -> Decision:
    for grant in facts.grants:
        if covered(grant.valid, at):
            return Decision(
                "allowed",
                f"The system {known.system_name} may call this service for the municipality.",
                known.system_id,
                grant,
            )
    if not facts.grants:
        return Decision(
            "agreement.none",
            f"The system {known.system_name} is known, but no agreement lets it call this service for the"
            " municipality. Request one.",
            known.system_id,
        )
    if any(span.starts > at for grant in facts.grants for span in grant.valid):
        return Decision(
            "agreement.none",
            f"The system {known.system_name} is known, but its agreement does not hold yet.",
            known.system_id,
        )
    return Decision(
        "agreement.ended",
        f"The agreement that let the system {known.system_name} call this service has ended. Request a new one.",
        known.system_id,
        max(facts.grants, key=_ended_at),
    )


def _ended_at(grant: Grant) -> tuple[float, str]:
    ends = [span.ends.timestamp() for span in grant.valid if span.ends is not None]
    return (max(ends, default=0.0), str(grant.id))


_SAID: dict[Environment, str] = {"production": "production", "test": "external test"}


@dataclass(frozen=True, slots=True)
class Source:
    """An agreement or trial connection as far as access goes, at one version of it (`sequence`)."""

    kind: SourceKind
    id: UUID
    sequence: int
    environment: Environment
    supplier_id: UUID
    system_id: UUID
    municipality_id: UUID
    service_ids: frozenset[UUID]
    valid: tuple[Interval, ...]


def of_agreement(agreement: Agreement) -> Source:
    """What an agreement opens: its approved services, in its spans of validity."""
    return Source(
        kind="agreement",
        id=agreement.id,
        sequence=agreement.sequence,
        environment=agreement.environment,
        supplier_id=agreement.supplier_id,
        system_id=agreement.system_id,
        municipality_id=agreement.municipality_id,
        service_ids=frozenset(line.service_id for line in agreement.lines if line.decision == "approved"),
        valid=agreement.valid,
    )


def of_trial(trial: Trial) -> Source:
    """What a trial connection opens, in the external test environment only."""
    return Source(
        kind="trial",
        id=trial.id,
        sequence=trial.sequence,
        environment="test",
        supplier_id=trial.supplier_id,
        system_id=trial.system_id,
        municipality_id=trial.municipality_id,
        service_ids=frozenset(line.service_id for line in trial.lines),
        valid=trial.valid,
    )


@dataclass(frozen=True, slots=True)
class Present:
    """A grant already kept for a source: which service, and in which spans."""

    service_id: UUID
    valid: tuple[Interval, ...]


def changes(source: Source, present: Sequence[Present]) -> dict[UUID, tuple[Interval, ...]]:
    """The grants to write, by service, so that they follow the source; those that fit already are left out.

    A service the source no longer opens keeps its grant, without any span of validity.
    """
    kept = {grant.service_id: grant.valid for grant in present}
    # A source that never held makes no grants: there is nothing to be asked about the past.
    opened = source.service_ids if source.valid else frozenset()
    wanted: dict[UUID, tuple[Interval, ...]] = dict.fromkeys(kept, ())
    wanted |= dict.fromkeys(opened, source.valid)
    return {
        service_id: valid
        for service_id, valid in sorted(wanted.items(), key=lambda item: str(item[0]))
        if kept.get(service_id) != valid
    }


def open_at(valid: tuple[Interval, ...], instant: datetime) -> bool:
    """Whether any span is still running at the instant, or begins later."""
    return any(span.ends is None or span.ends > instant for span in valid)
