"""Systems and certificates as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel

from services.registry.domain.binding import Binding, expired
from services.registry.domain.system import State, System
from services.registry.store.system import HistoryLine
from shared.contracts.event import Environment, Interval

CertificateState = Literal["in_use", "expired", "ended"]


class CertificateShown(BaseModel):
    """A certificate of a system. Times in UTC; `valid_from` and `valid_to` (its last second) are its own.

    `subject_serial` is the holder's number, the same through renewals; `x509_serial` the certificate's own, in
    hexadecimal. `last_used_hour` is the hour of its latest counted call.
    """

    id: UUID
    state: CertificateState
    kind: Literal["FOCES", "VOCES"]
    common_name: str
    organisation_name: str | None
    cvr: str | None
    subject_serial: str
    x509_serial: str
    issuer: str
    x5t_s256: str
    thumbprint_sha256: str
    valid_from: datetime
    valid_to: datetime
    bound_from: datetime
    bound_to: datetime | None
    last_used_hour: datetime | None

    @classmethod
    def of(cls, binding: Binding, now: datetime) -> Self:
        state: CertificateState = "in_use"
        if binding.bound_to is not None:
            state = "ended"
        elif expired(binding.valid_to, now):
            state = "expired"
        return cls(
            id=binding.id,
            state=state,
            kind=binding.kind,
            common_name=binding.common_name,
            organisation_name=binding.organisation_name,
            cvr=binding.cvr,
            subject_serial=binding.subject_serial,
            x509_serial=binding.x509_serial,
            issuer=binding.issuer,
            x5t_s256=binding.x5t_s256,
            thumbprint_sha256=binding.thumbprint.hex(),
            valid_from=binding.valid_from,
            valid_to=binding.valid_to,
            bound_from=binding.bound_from,
            bound_to=binding.bound_to,
            last_used_hour=binding.last_used_hour,
        )


class SystemShown(BaseModel):
    """A supplier's system. `active`: the spans in which it may connect, UTC."""

    id: UUID
    name: str
    environment: Environment
    state: State
    supplier_id: UUID
    supplier_name: str
    registered_at: datetime
    active: list[Interval]
    certificates: list[CertificateShown]

    @classmethod
    def of(cls, system: System, bound: Sequence[Binding], now: datetime) -> Self:
        return cls.model_validate(_shown(system, bound, now))


class RegisteredSystem(SystemShown):
    """A newly registered system, and what to look at again: it was accepted all the same."""

    warnings: list[str]

    @classmethod
    def with_warnings(cls, system: System, bound: Sequence[Binding], warnings: Sequence[str], now: datetime) -> Self:
        return cls.model_validate({**_shown(system, bound, now), "warnings": list(warnings)})


class HistoryShown(BaseModel):
    """One thing that happened to a system. `actor_id` is a person's id; names stay with the organisation."""

    at: datetime
    what: str
    state: State
    certificate_id: UUID | None
    actor_kind: str
    actor_id: str

    @classmethod
    def of(cls, line: HistoryLine) -> Self:
        return cls(
            at=line.at,
            what=line.what,
            state=line.state,
            certificate_id=line.certificate_id,
            actor_kind=line.actor_kind,
            actor_id=line.actor_id,
        )


class SystemDetail(SystemShown):
    """A system and what happened to it, oldest first."""

    history: list[HistoryShown]

    @classmethod
    def with_history(
        cls, system: System, bound: Sequence[Binding], history: Sequence[HistoryShown], now: datetime
    ) -> Self:
        return cls.model_validate({**_shown(system, bound, now), "history": list(history)})


class Bound(BaseModel):
    """A newly bound certificate, and what to look at again: it was accepted all the same."""

    certificate: CertificateShown
    warnings: list[str]


def _shown(system: System, bound: Sequence[Binding], now: datetime) -> dict[str, object]:
    return {
        "id": system.id,
        "name": system.name,
        "environment": system.environment,
        "state": system.state,
        "supplier_id": system.supplier_id,
        "supplier_name": system.supplier_name,
        "registered_at": system.registered_at,
        "active": list(system.active),
        "certificates": [CertificateShown.of(binding, now) for binding in bound],
    }
