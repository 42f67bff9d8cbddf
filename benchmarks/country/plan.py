"""What a full country consists of: worked out as plain values, the same for the same beginning."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from benchmarks.country.invented import (
    PURPOSES,
    REASONS,
    cvr_numbers,
    people,
    supplier_names,
    system_name,
)
from demo.cast import slug
from shared.quarters import Quarter

SUPPLIERS, SYSTEMS, AGREEMENTS = 300, 2_000, 20_000
QUARTERS = 4
HOURS_A_QUARTER = 7
"""In so many hours of a quarter each agreement's service is called."""
SEED = 727

State = Literal["requested", "approved", "rejected", "withdrawn", "terminated"]
_STATES: tuple[tuple[State, float], ...] = (
    ("approved", 0.76),
    ("terminated", 0.08),
    ("rejected", 0.08),
    ("withdrawn", 0.04),
    ("requested", 0.04),
)


@dataclass(frozen=True)
class Organisation:
    """A municipality or supplier. `code`: a municipality's."""

    id: UUID
    name: str
    cvr: str
    code: str | None = None
    mailbox: str | None = None
    ean: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("municipality",) if self.code else ("supplier",)


@dataclass(frozen=True)
class Person:
    """Somebody with a place in one organisation."""

    id: UUID
    name: str
    email: str
    organisation_id: UUID
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """When a certificate was bound to its system; made into a real one when it is written."""

    id: UUID
    bound_from: datetime
    bound_to: datetime | None


@dataclass(frozen=True)
class System:
    """A supplier's system with its certificates, oldest first."""

    id: UUID
    supplier: Organisation
    name: str
    task: str
    environment: str
    registered_at: datetime
    certificates: tuple[Certificate, ...]

    def certificate_at(self, at: datetime) -> Certificate:
        """The newest one bound then."""
        return next((one for one in reversed(self.certificates) if one.bound_from <= at), self.certificates[0])


@dataclass(frozen=True)
class Service:
    """A service of the catalogue."""

    id: UUID
    name: str
    version: str

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Line:
    """A service of an agreement: the answer, and the grant it gave."""

    service: Service
    decision: Literal["pending", "approved", "rejected"]
    grant_id: UUID


@dataclass(frozen=True)
class Request:
    """One request to one or many municipalities."""

    id: UUID
    system: System
    services: tuple[Service, ...]
    purpose: str
    expected: int | None
    requested_at: datetime
    person_id: UUID


@dataclass(frozen=True)
class Agreement:
    """One municipality's agreement."""

    id: UUID
    request: Request
    municipality: Organisation
    state: State
    lines: tuple[Line, ...]
    decided_at: datetime | None
    ends: datetime | None
    reason: str | None
    signatory_id: UUID

    @property
    def begun(self) -> bool:
        return self.state in {"approved", "terminated"}

    @property
    def sequence(self) -> int:
        return {"requested": 1, "terminated": 3}.get(self.state, 2)


@dataclass(frozen=True)
class Trial:
    """A test system's trial connection."""

    id: UUID
    system: System
    services: tuple[Service, ...]
    starts: datetime
    person_id: UUID


@dataclass(frozen=True)
class Count:
    """Calls under one grant, with one certificate, in one hour."""

    agreement: Agreement
    line: Line
    certificate_id: UUID
    hour: datetime
    quarter: str
    accounting_info: str
    calls: int


@dataclass
class Country:
    """All of it. `closed`: the quarters that are sealed and billed; `present`: the one still counted."""

    now: datetime
    closed: tuple[Quarter, ...]
    present: Quarter
    municipalities: list[Organisation]
    services: list[Service]
    suppliers: list[Organisation] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    systems: list[System] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    test_municipality: Organisation | None = None

    def counts(self, quarter: Quarter) -> Iterator[Count]:
        """What was counted in a quarter. In the present one little, because every call has its own record."""
        rng = random.Random(f"{SEED} {quarter}")
        present = quarter == self.present
        label = str(quarter)
        last = min(quarter.ends, self.now - timedelta(hours=2))
        for agreement in self.agreements:
            if not agreement.begun or agreement.decided_at is None:
                continue
            begins = max(quarter.starts, agreement.decided_at + timedelta(hours=1))
            ends = min(last, agreement.ends or last)
            hours = int((ends - begins).total_seconds() // 3600) - 1
            if hours < 1:
                continue
            first = begins.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            scale = rng.lognormvariate(4.5, 1.2)
            for line in agreement.lines:
                if line.decision != "approved":
                    continue
                info = f"Konto {1000 + rng.randrange(40) * 10}" if rng.random() < 0.2 else ""
                wanted = min(hours, 2 if present else HOURS_A_QUARTER)
                for hour in sorted(rng.sample(range(hours), wanted)):
                    at = first + timedelta(hours=hour)
                    calls = rng.randint(1, 3) if present else max(1, int(scale * rng.uniform(0.3, 3)))
                    certificate = agreement.request.system.certificate_at(at)
                    yield Count(agreement, line, certificate.id, at, label, info, calls)


def plan(
    *,
    now: datetime,
    closed: Sequence[Quarter],
    municipalities: Sequence[Organisation],
    test_municipality: Organisation | None,
    services: Sequence[Service],
    taken_cvrs: set[str],
) -> Country:
    """A country around these municipalities and services, seen at `now`."""
    rng = random.Random(SEED)
    country = Country(
        now, tuple(closed), Quarter.of(now), list(municipalities), list(services), test_municipality=test_municipality
    )
    _organisations(country, rng, taken_cvrs)
    _systems(country, rng)
    _agreements(country, rng)
    _trials(country, rng)
    return country


def first_supplier_id() -> UUID:
    """By this it is known that a country has been written."""
    return _uuid(random.Random(SEED))


def _uuid(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def _organisations(country: Country, rng: random.Random, taken_cvrs: set[str]) -> None:
    first = _uuid(rng)
    names, numbers = supplier_names(rng, SUPPLIERS), cvr_numbers(taken_cvrs, SUPPLIERS)
    for place, (name, cvr) in enumerate(zip(names, numbers, strict=True)):
        domain = f"{slug(name)}.example"
        # A few suppliers have no shared mailbox.
        mailbox = None if place % 25 == 24 else f"drift@{domain}"
        country.suppliers.append(Organisation(_uuid(rng) if place else first, name, cvr, mailbox=mailbox))
    taken: set[str] = set()
    for one in country.suppliers:
        for place, (name, email) in enumerate(people(rng, rng.randint(2, 5), f"{slug(one.name)}.example", taken)):
            roles = ("administrator", "user") if place == 0 else ("user",)
            country.people.append(Person(_uuid(rng), name, email, one.id, roles))
    for one in country.municipalities:
        held = (("administrator",), ("signatory",), ("economy",), ("user",), ("user",))
        for roles, (name, email) in zip(held, people(rng, 5, f"{slug(one.name)}.example", taken), strict=True):
            country.people.append(Person(_uuid(rng), name, email, one.id, roles))


def _systems(country: Country, rng: random.Random) -> None:
    for place in range(SYSTEMS):
        # Some suppliers have many systems, most have few.
        supplier = country.suppliers[int(SUPPLIERS * rng.random() ** 1.7)]
        name, task = system_name(rng)
        registered = country.now - timedelta(days=rng.randint(820, 1000), seconds=rng.randrange(86_400))
        certificates = [Certificate(_uuid(rng), registered, None)]
        if rng.random() < 0.3:
            renewed = registered + timedelta(days=rng.randint(200, 600))
            certificates = [
                Certificate(certificates[0].id, registered, renewed + timedelta(days=14)),
                Certificate(_uuid(rng), renewed, None),
            ]
        environment = "test" if place % 7 == 6 else "production"
        country.systems.append(System(_uuid(rng), supplier, name, task, environment, registered, tuple(certificates)))
    country.systems.sort(key=lambda one: one.registered_at)


def _agreements(country: Country, rng: random.Random) -> None:
    of_supplier = {person.organisation_id: person.id for person in reversed(country.people)}
    signatories = {one.organisation_id: one.id for one in country.people if "signatory" in one.roles}
    systems = [one for one in country.systems if one.environment == "production"]
    states, weights = zip(*_STATES, strict=True)
    taken: set[tuple[UUID, UUID]] = set()
    drafts: list[tuple[Request, list[Organisation]]] = []
    total = 0
    while total < AGREEMENTS:
        system = rng.choice(systems)
        most = rng.choices((1, 3, 12, 40, 98), (30, 30, 25, 10, 5))[0]
        asked = rng.sample(country.municipalities, min(most, len(country.municipalities), AGREEMENTS - total))
        asked = [one for one in asked if (system.id, one.id) not in taken]
        if not asked:
            continue
        taken.update((system.id, one.id) for one in asked)
        services = tuple(rng.sample(country.services, min(rng.choice((1, 1, 2, 3)), len(country.services))))
        purpose = rng.choice(PURPOSES).format(task=system.task)
        requested = country.now - timedelta(days=rng.randint(2, 800), seconds=rng.randrange(86_400))
        expected = rng.choice((None, 500, 2_000, 10_000, 50_000))
        person = of_supplier[system.supplier.id]
        drafts.append((Request(_uuid(rng), system, services, purpose, expected, requested, person), asked))
        total += len(asked)
    drafts.sort(key=lambda one: one[0].requested_at)
    for request, asked in drafts:
        country.requests.append(request)
        for municipality in asked:
            state = rng.choices(states, weights)[0]
            if state == "requested" and request.requested_at < country.now - timedelta(days=60):
                state = "approved"
            country.agreements.append(
                _agreement(country, rng, request, municipality, state, signatories[municipality.id])
            )


def _agreement(  # noqa: PLR0917
    country: Country, rng: random.Random, request: Request, municipality: Organisation, state: State, signatory: UUID
) -> Agreement:
    decided = ends = None
    if state != "requested":
        room = (country.now - timedelta(hours=6) - request.requested_at).total_seconds()
        decided = request.requested_at + timedelta(seconds=min(rng.uniform(600, 15 * 86_400), room))
    if state == "terminated" and decided is not None:
        ends = decided + (country.now - timedelta(hours=1) - decided) * rng.uniform(0.1, 0.95)
    begun = state in {"approved", "terminated"}
    some = begun and len(request.services) > 1 and rng.random() < 0.1
    lines = tuple(
        Line(
            service,
            "pending"
            if state in {"requested", "withdrawn"}
            else "approved"
            if begun and not (some and place)
            else "rejected",
            _uuid(rng),
        )
        for place, service in enumerate(request.services)
    )
    reason = rng.choice(REASONS) if state in {"rejected", "terminated"} else None
    return Agreement(_uuid(rng), request, municipality, state, lines, decided, ends, reason, signatory)


def _trials(country: Country, rng: random.Random) -> None:
    of_supplier = {person.organisation_id: person.id for person in reversed(country.people)}
    if country.test_municipality is None:
        return
    for system in country.systems:
        if system.environment == "test" and rng.random() < 0.8:
            services = tuple(rng.sample(country.services, min(2, len(country.services))))
            starts = system.registered_at + timedelta(days=rng.randint(1, 60))
            country.trials.append(Trial(_uuid(rng), system, services, starts, of_supplier[system.supplier.id]))
