"""What the helpdesk finds people and certificates by, and creating organisations on trial; nobody else may."""

from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from demo.authority import Authority
from shared.contracts.registry import OrganisationCreated
from tests.flows.registry.conftest import Registry
from tests.flows.registry.people import MUNICIPALITY, SUPPLIER, create
from tests.flows.registry.systems import issue, supplier, x5t
from tests.flows.registry.test_people_rights import EVERYBODY, Place
from tests.flows.registry.test_people_rights import place as place
from tests.tokens import as_helpdesk

BO = {"name": "Bo Bak", "email": "bo@firma.example"}


async def test_a_person_is_found_by_mail_address_and_by_id_with_all_their_places(registry: Registry) -> None:
    first = await create(registry, **SUPPLIER, first_administrator=BO)
    second = await create(registry, **MUNICIPALITY, first_administrator=BO)

    found = await registry.client.post("/people/find", json={"email": "BO@firma.example"}, headers=as_helpdesk())
    shown = await registry.client.get(f"/people/{found.json()['id']}", headers=as_helpdesk())
    named = await registry.client.get(f"/people?id={found.json()['id']}&id={first['id']}", headers=as_helpdesk())
    unknown = await registry.client.post("/people/find", json={"email": "x@firma.example"}, headers=as_helpdesk())

    assert (found.json()["name"], found.json()["signed_up"]) == ("Bo Bak", False)
    assert {one["organisation_id"] for one in found.json()["places"]} == {first["id"], second["id"]}
    assert shown.json() == found.json()
    assert named.json() == [{"id": found.json()["id"], "name": "Bo Bak"}]
    assert (unknown.status_code, unknown.json()["code"]) == (404, "person.unknown")


@pytest.mark.parametrize("number", ["thumbprint", "sha1", "x5t", "serial", "decimal", "holder"])
async def test_a_certificate_is_found_by_each_of_its_numbers(
    registry: Registry, authority: Authority, number: str
) -> None:
    owner = await supplier(registry)
    issued, other = issue(authority), issue(authority)
    system = await owner.register(issued)
    await owner.register(other, name="Andet")
    bound = system["certificates"][0]
    certificate = x509.load_pem_x509_certificate(issued.certificate_pem)
    text = {
        "thumbprint": bound["thumbprint_sha256"].upper(),
        "sha1": f"Aftryk {certificate.fingerprint(hashes.SHA1()).hex()}",
        "x5t": x5t(issued),
        "serial": f"0x{certificate.serial_number:x}",
        "decimal": f"serienummer: {certificate.serial_number}",
        "holder": bound["subject_serial"],
    }[number]

    answer = await registry.client.get("/certificates", params={"text": text}, headers=as_helpdesk())

    assert [(one["system_id"], one["certificate"]["id"]) for one in answer.json()["items"]] == [
        (system["id"], bound["id"])
    ]


async def test_a_creation_on_trial_answers_as_the_real_one_and_keeps_nothing(registry: Registry) -> None:
    body = {**SUPPLIER, "first_administrator": BO}

    tried = await registry.client.post("/organisations?dry_run=true", json=body, headers=as_helpdesk())
    listed = await registry.client.get("/organisations", headers=as_helpdesk())
    assert (tried.status_code, listed.json()["items"]) == (201, [])
    assert await registry.said() == []

    await create(registry, **body)
    again = await registry.client.post("/organisations?dry_run=true", json=body, headers=as_helpdesk())
    assert (again.status_code, again.json()["code"]) == (409, "organisation.exists")
    assert len(await registry.said(OrganisationCreated)) == 1


async def test_organisations_without_an_administrator_or_a_mailbox_are_listed(registry: Registry) -> None:
    without = await create(registry, **SUPPLIER)
    cared_for = await create(
        registry, **MUNICIPALITY, mailbox="post@aeroe.example", first_administrator={**BO, "roles": ["administrator"]}
    )

    async def listed(query: str) -> list[str]:
        answer = await registry.client.get(f"/organisations?{query}", headers=as_helpdesk())
        return [one["id"] for one in answer.json()["items"]]

    assert await listed("lacking=administrator") == [without["id"]]
    assert await listed("lacking=mailbox") == [without["id"]]
    assert await listed("active=true&kind=municipality") == [cared_for["id"]]
    assert await listed("active=false") == []


@pytest.mark.parametrize("who", EVERYBODY)
async def test_only_the_helpdesk_finds_people_and_certificates(registry: Registry, place: Place, who: str) -> None:
    headers = place.headers(who)
    person = UUID(int=1)

    answers = [
        await registry.client.post("/people/find", json={"email": "bo@firma.example"}, headers=headers),
        await registry.client.get(f"/people/{person}", headers=headers),
        await registry.client.get(f"/people?id={person}", headers=headers),
        await registry.client.get("/certificates?text=0x4a5b6c7d", headers=headers),
        await registry.client.post("/organisations?dry_run=true", json=SUPPLIER, headers=headers),
    ]

    refused = {"nobody": 401}.get(who, 403)
    expected = [404, 404, 200, 200, 409] if who == "helpdesk" else [refused] * 5
    assert [answer.status_code for answer in answers] == expected
