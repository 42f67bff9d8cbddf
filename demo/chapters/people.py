"""1. Helpdesk creates the municipalities and suppliers; whoever acts in the story sets a password and signs in."""

from __future__ import annotations

import asyncio
import re
import secrets

from demo.api import Person
from demo.cast import (
    ALSO_SUPPLIER,
    SUPPLIERS,
    TEST_MUNICIPALITY,
    MunicipalityFacts,
    SupplierFacts,
    municipalities,
    person_name,
)
from demo.mails import text
from demo.world import Municipality, Supplier, World, check

INVITATION = "user.link_issued.v1"
_LINK = re.compile(r"/link/([A-Za-z0-9_-]{20,})")
AT_ONCE = 8


async def play(world: World) -> None:
    world.progress.chapter(1, "Helpdesk creates 98 municipalities, three suppliers, and one that is both")
    await _helpdesk(world)
    facts = municipalities()
    gate = asyncio.Semaphore(AT_ONCE)

    async def create(one: MunicipalityFacts) -> Municipality:
        async with gate:
            return await _create_municipality(world, one)

    world.municipalities = list(await asyncio.gather(*(create(one) for one in facts)))
    test = await world.desk.post(
        "/registry/organisations",
        {"name": TEST_MUNICIPALITY, "cvr": "11111118", "kinds": ["municipality"], "test": True},
    )
    world.test_municipality_id = test["id"]
    for one in SUPPLIERS:
        world.suppliers.append(await _create_supplier(world, one))
    invited = len(world.municipalities) + len(world.suppliers)
    mails = await world.mails.wait(INVITATION, least=invited + 1)
    check(len(mails) == invited + 1, f"{invited + 1} invitations were to be sent, {len(mails)} were")
    world.progress.say(f"{len(world.municipalities)} municipalities and {len(world.suppliers)} suppliers created")
    world.progress.say(f"{len(mails)} first administrators invited by e-mail")
    both = next(one for one in world.municipalities if one.facts.code == ALSO_SUPPLIER)
    both_person = await person_at(world, both)
    both_supplier = SupplierFacts(both.name, both.facts.cvr)
    world.suppliers.append(Supplier(both_supplier, both.id, both_person))
    world.progress.say(f"{both.name} is a supplier too: {both_person.name} may act for it in both roles")


async def person_at(world: World, municipality: Municipality) -> Person:
    """The municipality's first administrator and signatory, signed in; invited long ago, accepts now."""
    if municipality.signatory is None:
        municipality.signatory = await accept(
            world, municipality.administrator_name, municipality.administrator_email, municipality.id
        )
    return municipality.signatory


async def accept(world: World, name: str, email: str, organisation_id: str) -> Person:
    """Follow the link in the invitation, set a password, sign in."""
    mail = (await world.mails.wait(INVITATION, email))[-1]
    found = _LINK.search(text(mail))
    check(found, f"the invitation to {email} has no link")
    assert found is not None
    password = secrets.token_urlsafe(12)
    await world.api.ask("POST", "/registry/links/redeem", json={"secret": found[1], "password": password})
    person = Person(world.api, name, email, password, organisation_id)
    await person.sign_in()
    return person


async def _helpdesk(world: World) -> None:
    name, email = person_name(world.chance), "helpdesk@serviceplatform.example"
    await world.operator("registry", ["create-helpdesk", "--name", name, "--email", email])
    mail = (await world.mails.wait(INVITATION, email))[-1]
    found = _LINK.search(text(mail))
    check(found, "helpdesk's invitation has no link")
    assert found is not None
    password = secrets.token_urlsafe(12)
    await world.api.ask("POST", "/registry/links/redeem", json={"secret": found[1], "password": password})
    answer = await world.api.ask("POST", "/registry/sign-in", json={"email": email, "password": password})
    world.helpdesk = Person(world.api, name, email, password, answer["organisation"]["id"])
    world.sign_ins.append(("helpdesk", email, password))


async def _create_municipality(world: World, one: MunicipalityFacts) -> Municipality:
    name = person_name(world.chance)
    email = f"administrator@{one.domain}"
    kinds = ["municipality", "supplier"] if one.code == ALSO_SUPPLIER else ["municipality"]
    answer = await world.desk.post(
        "/registry/organisations",
        {
            "name": one.name,
            "cvr": one.cvr,
            "kinds": kinds,
            "municipality_code": one.code,
            "mailbox": one.mailbox,
            "ean": None if one.code.endswith("0") else one.ean,
            "first_administrator": {"name": name, "email": email, "roles": ["administrator", "signatory"]},
        },
    )
    return Municipality(one, answer["id"], email, name)


async def _create_supplier(world: World, one: SupplierFacts) -> Supplier:
    name = person_name(world.chance)
    email = f"{name.split()[0].lower()}@{one.domain}"
    answer = await world.desk.post(
        "/registry/organisations",
        {
            "name": one.name,
            "cvr": one.cvr,
            "kinds": ["supplier"],
            "mailbox": one.mailbox,
            "first_administrator": {"name": name, "email": email, "roles": ["administrator"]},
        },
    )
    person = await accept(world, name, email, answer["id"])
    world.sign_ins.append((f"supplier {one.name}", email, person.password))
    return Supplier(one, answer["id"], person)
