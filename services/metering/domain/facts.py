"""What metering knows of systems, certificates and grants, each with all its spans of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import Environment, Interval, covered


@dataclass(frozen=True)
class System:
    """A supplier's system and the spans in which it was active."""

    id: UUID
    supplier_id: UUID
    environment: Environment
    active: tuple[Interval, ...]


@dataclass(frozen=True)
class Certificate:
    """A certificate, its own validity, and the spans in which the platform took it for its system's."""

    id: UUID
    sequence: int
    system_id: UUID
    thumbprint: str
    public_key_pem: str = field(repr=False)
    valid_from: datetime
    valid_to: datetime
    bound: tuple[Interval, ...]


@dataclass(frozen=True)
class Grant:
    """That a system may call a service for a municipality, in which spans, and by which agreement or trial."""

    id: UUID
    source: Literal["agreement", "trial"]
    source_id: UUID
    environment: Environment
    system_id: UUID
    municipality_id: UUID
    municipality_cvr: str
    service_id: UUID
    valid: tuple[Interval, ...]

    def covers(self, instant: datetime) -> bool:
        return covered(self.valid, instant)


class Facts:
    """What is known about the systems of a batch, looked up by what a call names."""

    def __init__(
        self, systems: Iterable[System], certificates: Iterable[Certificate], grants: Iterable[Grant]
    ) -> None:
        self._systems = {system.id: system for system in systems}
        self._certificates = {certificate.thumbprint: certificate for certificate in certificates}
        self._grants: dict[tuple[UUID, UUID, str], list[Grant]] = {}
        for grant in sorted(grants, key=lambda grant: grant.id):
            for named in (str(grant.municipality_id), grant.municipality_cvr):
                self._grants.setdefault((grant.system_id, grant.service_id, named), []).append(grant)

    def system(self, system_id: UUID) -> System | None:
        return self._systems.get(system_id)

    def certificate(self, thumbprint: str) -> Certificate | None:
        return self._certificates.get(thumbprint)

    def grants(self, system_id: UUID, service_id: UUID, municipality: str) -> list[Grant]:
        """All grants ever for this, by id; the municipality as a call names it (UUID or CVR number)."""
        return self._grants.get((system_id, service_id, municipality), [])
