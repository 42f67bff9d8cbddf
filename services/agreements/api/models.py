"""What this service answers: requests, agreements and trial connections as people and software see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.agreements.actions.request import Progress
from services.agreements.domain.agreement import State
from services.agreements.store.agreements import Entry
from shared.contracts.agreements import Agreement, By, Trial


class ServiceNamed(BaseModel):
    """A service with the name and version it had when asked for."""

    id: UUID
    name: str


class AgreementBrief(BaseModel):
    """One municipality's agreement within a request."""

    id: UUID
    municipality_id: UUID
    municipality_name: str
    state: State


class Counts(BaseModel):
    """How many of a request's agreements are in which state."""

    requested: int = 0
    approved: int = 0
    rejected: int = 0
    withdrawn: int = 0
    terminated: int = 0


class RequestSummary(BaseModel):
    """A supplier's request to one or many municipalities, and how far it has come."""

    id: UUID
    supplier_id: UUID
    supplier_name: str
    system_id: UUID
    system_name: str
    purpose: str
    expected_calls_per_quarter: int | None
    services: list[ServiceNamed]
    requested_at: AwareDatetime = Field(description="Platform time, UTC")
    counts: Counts

    @classmethod
    def of(cls, progress: Progress) -> Self:
        request = progress.request
        return cls(
            id=request.id,
            supplier_id=request.supplier_id,
            supplier_name=request.supplier_name,
            system_id=request.system_id,
            system_name=request.system_name,
            purpose=request.purpose,
            expected_calls_per_quarter=request.expected_calls_per_quarter,
            services=[ServiceNamed(id=service_id, name=name) for service_id, name in request.services],
            requested_at=request.requested_at,
            counts=Counts(**progress.counts),
            **cls._more(progress),
        )

    @classmethod
    def _more(cls, _: Progress) -> dict[str, list[AgreementBrief]]:
        return {}


class RequestAnswer(RequestSummary):
    """A request with each municipality's agreement, in the order in which they were named."""

    agreements: list[AgreementBrief]

    @classmethod
    def _more(cls, progress: Progress) -> dict[str, list[AgreementBrief]]:
        return {
            "agreements": [
                AgreementBrief(
                    id=one.id,
                    municipality_id=one.municipality_id,
                    municipality_name=one.municipality_name,
                    state=one.state,
                )
                for one in progress.agreements
            ]
        }


class SystemAgreed(BaseModel):
    """A supplier's system that there are agreements about, and how many, whatever their state."""

    supplier_id: UUID
    supplier_name: str
    system_id: UUID
    system_name: str
    agreements: int


class SystemsAgreed(BaseModel):
    """By the suppliers' and systems' names; the first thousand."""

    systems: list[SystemAgreed]


class Line(BaseModel):
    """One service of an agreement and the municipality's answer about it."""

    service_id: UUID
    service_name: str
    decision: Literal["pending", "approved", "rejected"]
    reason: str | None


class Span(BaseModel):
    """A span of time (UTC): from `starts` on, until before `ends`; null: it still runs."""

    starts: AwareDatetime
    ends: AwareDatetime | None


class AgreementAnswer(BaseModel):
    """An agreement as it stands; `valid` are the spans in which the approved services may be called."""

    id: UUID
    request_id: UUID
    supplier_id: UUID
    supplier_name: str
    municipality_id: UUID
    municipality_name: str
    system_id: UUID
    system_name: str
    purpose: str
    expected_calls_per_quarter: int | None
    services: list[Line]
    state: State
    requested_at: AwareDatetime = Field(description="Platform time, UTC")
    decided_at: AwareDatetime | None
    valid: list[Span]
    reason: str | None = Field(description="Why it was rejected or terminated")

    @classmethod
    def of(cls, agreement: Agreement, **more: object) -> Self:
        return cls.model_validate(
            {
                **agreement.model_dump(exclude={"sequence", "environment", "lines"}),
                "services": [line.model_dump() for line in agreement.lines],
                **more,
            }
        )


class TimelineEntry(BaseModel):
    """What happened when, by which side and person (the registry knows people's names)."""

    at: AwareDatetime
    what: Literal[
        "requested",
        "approved",
        "partly_approved",
        "rejected",
        "withdrawn",
        "terminated",
        "notice_resent",
        "opened",
        "closed",
    ]
    by: By
    person_id: UUID
    reason: str | None

    @classmethod
    def all(cls, entries: Sequence[Entry]) -> list[Self]:
        return [
            cls.model_validate(
                {
                    "at": entry.at,
                    "what": entry.what,
                    "by": entry.side,
                    "person_id": entry.person_id,
                    "reason": entry.reason,
                }
            )
            for entry in entries
        ]


class Technical(BaseModel):
    """The ids that a call names: agreement, system, municipality, and the services that may be called."""

    agreement_id: UUID
    system_id: UUID
    municipality_id: UUID
    service_ids: list[UUID]


class AgreementDetail(AgreementAnswer):
    """An agreement with its history and, once it was approved, the ids that calls under it name."""

    timeline: list[TimelineEntry]
    technical: Technical | None

    @classmethod
    def with_history(cls, agreement: Agreement, entries: Sequence[Entry]) -> Self:
        technical = None
        if agreement.valid:
            technical = Technical(
                agreement_id=agreement.id,
                system_id=agreement.system_id,
                municipality_id=agreement.municipality_id,
                service_ids=[line.service_id for line in agreement.lines if line.decision == "approved"],
            )
        return cls.of(agreement, timeline=TimelineEntry.all(entries), technical=technical)


class TrialAnswer(BaseModel):
    """A trial connection; its calls name the platform's own test municipality and are never billed."""

    id: UUID
    supplier_id: UUID
    supplier_name: str
    system_id: UUID
    system_name: str
    municipality_id: UUID
    municipality_name: str
    services: list[ServiceNamed]
    state: Literal["open", "closed"]
    valid: list[Span]

    @classmethod
    def of(cls, trial: Trial, **more: object) -> Self:
        return cls.model_validate(
            {
                **trial.model_dump(exclude={"sequence", "lines"}),
                "services": [{"id": line.service_id, "name": line.service_name} for line in trial.lines],
                **more,
            }
        )


class TrialDetail(TrialAnswer):
    """A trial connection with its history."""

    timeline: list[TimelineEntry]
