"""What may be asked for: the rules a supplier's request must meet, each with a code of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.agreements import Agreement, AgreementLine
from shared.contracts.event import Environment
from shared.problem import Conflict, Invalid, Problem

MAX_NAME = 255


@dataclass(frozen=True)
class Organisation:
    """An organisation as a request sees it."""

    id: UUID
    name: str
    kinds: frozenset[str]
    test: bool
    active: bool


@dataclass(frozen=True)
class System:
    """A supplier's system as a request sees it; `supplier_active` False: the supplier may ask for nothing."""

    id: UUID
    supplier_id: UUID
    supplier_name: str
    supplier_active: bool
    name: str
    environment: Environment
    state: str


@dataclass(frozen=True)
class Service:
    """A service as a request sees it."""

    id: UUID
    name: str
    version: str
    state: str

    @property
    def full_name(self) -> str:
        """Name and version, as an agreement calls it; a name is kept to what an event carries."""
        return f"{self.name[: MAX_NAME - len(self.version) - 1]} {self.version}"


@dataclass(frozen=True)
class Order:
    """What a supplier asks for: these services for this system, of each of these municipalities."""

    system_id: UUID
    service_ids: tuple[UUID, ...]
    municipality_ids: tuple[UUID, ...]
    purpose: str
    expected_calls_per_quarter: int | None


@dataclass(frozen=True)
class Taken:
    """A service that is asked for or runs already, for the same system and municipality."""

    agreement_id: UUID
    municipality_id: UUID
    municipality_name: str
    service_id: UUID
    service_name: str
    state: str


@dataclass(frozen=True)
class Request:
    """A request as it was made."""

    id: UUID
    supplier_id: UUID
    supplier_name: str
    system_id: UUID
    system_name: str
    purpose: str
    expected_calls_per_quarter: int | None
    services: tuple[tuple[UUID, str], ...]
    requested_at: datetime


def check_system(
    system: System | None, system_id: UUID, supplier_id: UUID, *, wanted: Environment, nouns: str
) -> System:
    """The system, if it is the supplier's own, registered and in the wanted environment.

    `nouns` begins the codes: `request` or `trial`. A system of another supplier is as unknown as one that is not.
    """
    if system is None or system.supplier_id != supplier_id:
        raise Invalid(
            f"{nouns}.system_unknown",
            f"You have no system with the id {system_id}. One that was registered a moment ago may need a second.",
        )
    if not system.supplier_active:
        raise Invalid(
            f"{nouns}.supplier_not_active", f"{system.supplier_name} is closed on the platform; ask helpdesk."
        )
    if system.state != "registered":
        cure = "resume it first" if system.state == "paused" else "register a new system"
        raise Invalid(f"{nouns}.system_{system.state}", f"The system {system.name!r} is {system.state}; {cure}.")
    if system.environment != wanted:
        code, cure = (
            ("system_in_test", "it needs no agreement: open a trial connection for it instead")
            if system.environment == "test"
            else ("system_in_production", "ask municipalities for agreements instead, or register a system in test")
        )
        raise Invalid(
            f"{nouns}.{code}", f"The system {system.name!r} is registered in {_environment(system)}; {cure}."
        )
    return system


def check_services(wanted: Sequence[UUID], known: Mapping[UUID, Service], *, nouns: str) -> list[Service]:
    """The services in the order wanted, if all are known and open to new agreements."""
    missing = [one for one in wanted if one not in known]
    if missing:
        raise _naming(f"{nouns}.service_unknown", "The catalogue has no service", "service_ids", missing)
    found = [known[one] for one in wanted]
    if shut := [service for service in found if service.state != "open"]:
        told = ", ".join(f"{service.full_name} ({service.state})" for service in shut)
        raise Invalid(
            f"{nouns}.service_not_open",
            f"These take no new agreements: {told}; leave them out.",
            service_ids=[str(service.id) for service in shut],
        )
    return found


def check_municipalities(wanted: Sequence[UUID], known: Mapping[UUID, Organisation]) -> list[Organisation]:
    """The municipalities in the order wanted, if all are known, active and not for test."""
    missing = [one for one in wanted if one not in known or "municipality" not in known[one].kinds]
    if missing:
        raise _naming(
            "request.municipality_unknown", "The platform knows no municipality", "municipality_ids", missing
        )
    found = [known[one] for one in wanted]
    if test := [one.id for one in found if one.test]:
        raise _naming(
            "request.municipality_test",
            "A test municipality takes no agreements, use a trial connection:",
            "municipality_ids",
            test,
        )
    if closed := [one.id for one in found if not one.active]:
        raise _naming(
            "request.municipality_not_active", "Closed on the platform, leave out:", "municipality_ids", closed
        )
    return found


def check_not_taken(taken: Sequence[Taken]) -> None:
    """Refuse what is open or running already, naming it."""
    if not taken:
        return
    told = "; ".join(f"{one.municipality_name}: {one.service_name} ({one.state})" for one in taken[:5])
    more = f"; and {len(taken) - 5} more" if len(taken) > 5 else ""  # noqa: PLR2004 - as many as a sentence bears
    raise Conflict(
        "agreement.exists",
        f"Asked for or running already for this system: {told}{more}. Leave these out.",
        existing=[
            {
                "agreement_id": str(one.agreement_id),
                "municipality_id": str(one.municipality_id),
                "service_id": str(one.service_id),
                "state": one.state,
            }
            for one in taken
        ],
    )


def agreements_of(
    request: Request, municipalities: Iterable[Organisation], new_id: Mapping[UUID, UUID]
) -> list[Agreement]:
    """One undecided agreement for each municipality; `new_id` gives each municipality's agreement its id."""
    lines = tuple(
        AgreementLine(service_id=service_id, service_name=name, decision="pending")
        for service_id, name in request.services
    )
    return [
        Agreement(
            id=new_id[municipality.id],
            sequence=1,
            request_id=request.id,
            environment="production",
            supplier_id=request.supplier_id,
            supplier_name=request.supplier_name,
            municipality_id=municipality.id,
            municipality_name=municipality.name,
            system_id=request.system_id,
            system_name=request.system_name,
            purpose=request.purpose,
            expected_calls_per_quarter=request.expected_calls_per_quarter,
            lines=lines,
            state="requested",
            valid=(),
            requested_at=request.requested_at,
        )
        for municipality in municipalities
    ]


def _environment(system: System) -> str:
    return "the external test environment" if system.environment == "test" else "production"


def _naming(code: str, sentence: str, field: str, ids: Iterable[UUID]) -> Problem:
    named = [str(one) for one in ids]
    return Invalid(code, f"{sentence} {', '.join(named[:5])}{' …' if len(named) > 5 else ''}.", **{field: named})  # noqa: PLR2004
