"""2. Suppliers register IT systems: what is refused and why, and what registration entitles to."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from clients.python import broker, token
from demo.api import Refused
from demo.authority import Issued
from demo.cast import services
from demo.world import Supplier, System, World, check


async def play(world: World) -> None:
    world.progress.chapter(2, "Suppliers register IT systems with their certificates")
    await _catalogue(world)
    first, second, _, municipality = world.suppliers
    foces = await register(world, first, "Omsorg", kind="FOCES")
    await register(world, first, "Borgerindgang", kind="VOCES")
    await register(world, municipality, "Byens Selvbetjening", kind="VOCES")
    await register(world, second, "Skoleliv Prøve", kind="VOCES", environment="test")
    await _refusals(world, first, foces)
    await _entitlements(world, foces)


async def _catalogue(world: World) -> None:
    world.services = services()
    year = (await world.now()).year
    for one in world.services:
        await world.desk.post(
            "/registry/services",
            {
                "id": one.id,
                "name": one.name,
                "version": one.version,
                "number": one.number,
                "entity_id": one.entity_id,
                "description": one.description,
                "data_categories": one.data_categories,
            },
        )
        await world.desk.put(
            f"/invoicing/prices/{one.id}", {"starts": f"{year}-01-01", "per_call": str(one.per_call)}
        )
        world.truth.prices[one.id] = one.per_call
    found = await world.api.ask("GET", "/registry/services", params={"limit": 100})
    check(len(found["items"]) == len(world.services), "the catalogue does not show every service")
    world.progress.say(f"helpdesk published {len(world.services)} services and their prices")


async def register(
    world: World, supplier: Supplier, name: str, *, kind: str, environment: str = "production"
) -> System:
    """Register a system with a new certificate of its own."""
    issued = world.authority.issue(
        kind,  # type: ignore[arg-type]
        cvr=supplier.facts.cvr,
        name=f"{name} ({kind})",
        organisation=supplier.facts.name,
        environment=environment,  # type: ignore[arg-type]
    )
    answer = await supplier.person.post("/registry/systems", _registration(name, environment, issued))
    system = System(answer["id"], name, supplier, environment, issued)
    world.systems[name] = system
    world.progress.say(f"{supplier.facts.name} registered {name} ({kind}, {environment})")
    return system


def _registration(name: str, environment: str, issued: Issued) -> dict[str, Any]:
    return {"name": name, "environment": environment, "certificate": issued.certificate_pem.decode()}


async def _refusals(world: World, supplier: Supplier, registered: System) -> None:
    now = await world.now()
    cvr, organisation = supplier.facts.cvr, supplier.facts.name
    moces = world.authority.issue("MOCES", cvr=cvr, name="Inger Lindholt", organisation=organisation)
    expired = world.authority.issue(
        "VOCES",
        cvr=cvr,
        name="Gammelt system",
        organisation=organisation,
        valid_from=now - timedelta(days=1200),
        valid_to=now - timedelta(days=105),
    )
    foreign = world.authority.issue(
        "VOCES", cvr=cvr, name="Falsk", organisation=organisation, environment="untrusted"
    )
    tries = (
        ("a MOCES", moces, "certificate.kind_not_accepted"),
        ("an expired one", expired, "certificate.expired"),
        ("one from an unknown authority", foreign, "certificate.untrusted_issuer"),
        ("one already used", registered.issued, "certificate.already_used"),
    )
    for what, issued, code in tries:
        try:
            await supplier.person.post("/registry/systems", _registration("Nyt system", "production", issued))
        except Refused as refused:
            check(refused.code == code, f"{what} was refused with {refused.code}, not {code}")
            world.progress.say(f"refused {what}: {refused.detail}")
        else:
            check(False, f"{what} was accepted")
    mine = await supplier.person.get("/registry/systems")
    check(len(mine["items"]) == 2, "a refused registration left something behind")


async def _entitlements(world: World, system: System) -> None:
    """A registered system signs in and connects at once, and may call nothing yet."""
    got = await token.fetch(
        f"{world.api.base_url}/registry/oauth/token",
        system_id=system.id,
        certificate_pem=system.issued.certificate_pem,
        private_key_pem=system.issued.private_key_pem,
    )
    async with broker.connect(world.broker_host, world.broker_port, got.access_token, tls=world.broker_tls):
        world.progress.say(f"{system.name} signed in and connected to the broker at once")
    some = world.municipalities[0]
    known = await decision(system, some.id, world.services[1].id)
    check(not known["allowed"] and known["reason"] == "agreement.none", f"before any agreement: {known['reason']}")
    stranger = world.authority.issue("VOCES", cvr=system.supplier.facts.cvr, name="Ukendt")
    unknown = await world.desk.get(
        "/registry/access",
        certificate=thumbprint(stranger),
        service=world.services[1].id,
        municipality=some.id,
    )
    check(unknown["reason"] == "certificate.unknown", f"an unknown certificate: {unknown['reason']}")
    world.progress.say("the access decision tells “known, but no agreement” from “unknown”")


async def decision(system: System, municipality_id: str, service_id: str) -> dict[str, Any]:
    """May this system call this service for this municipality now?"""
    answer: dict[str, Any] = await system.supplier.person.get(
        "/registry/access",
        certificate=thumbprint(system.issued),
        service=service_id,
        municipality=municipality_id,
    )
    return answer


def thumbprint(issued: Issued) -> str:
    """The certificate's SHA-256, base64url without padding (x5t#S256)."""
    der = x509.load_pem_x509_certificate(issued.certificate_pem).public_bytes(Encoding.DER)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
