"""From the helpdesk's new organisation to its first administrator at work."""

from datetime import UTC, datetime, timedelta

from shared.contracts.registry import OrganisationCreated, UserCreated, UserLinkIssued
from tests.flows.registry.conftest import Registry
from tests.flows.registry.people import MUNICIPALITY, create, last_secret, set_password, sign_in
from tests.tokens import as_helpdesk, bearer

ANNA = {"name": "Anna Andersen", "email": "anna@aeroe.example", "roles": ["administrator", "signatory"]}


async def test_an_invited_administrator_sets_a_password_and_signs_in(registry: Registry) -> None:
    organisation = await create(registry, **MUNICIPALITY, first_administrator=ANNA)
    secret = await last_secret(registry, "anna@aeroe.example")

    looked = await registry.client.get(f"/links/{secret}")
    await set_password(registry, "anna@aeroe.example")
    answer = await sign_in(registry, "Anna@AEROE.example")

    assert looked.status_code == 200
    assert (looked.json()["purpose"], looked.json()["organisation_name"]) == ("invitation", "Ærø Kommune")
    assert answer.status_code == 200
    told = answer.json()
    assert told["person"]["name"] == "Anna Andersen"
    assert told["organisation"] == {
        "id": organisation["id"],
        "name": "Ærø Kommune",
        "kinds": ["municipality"],
        "test": False,
    }
    assert told["roles"] == ["administrator", "signatory"]
    assert [membership["organisation_id"] for membership in told["memberships"]] == [organisation["id"]]
    ends = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=880) < ends <= timedelta(seconds=900)

    me = await registry.client.get("/me", headers=bearer(told["token"]))
    assert me.status_code == 200
    assert me.json() == {key: value for key, value in told.items() if key not in {"token", "expires_at"}}


async def test_what_the_others_are_told_of_a_new_organisation(registry: Registry) -> None:
    organisation = await create(registry, **MUNICIPALITY, mailbox="post@aeroe.example", first_administrator=ANNA)

    created, user, link = await registry.said()

    assert isinstance(created, OrganisationCreated)
    assert created.organisation.model_dump(mode="json") == organisation
    assert isinstance(user, UserCreated)
    assert str(user.user.memberships[0].organisation_id) == organisation["id"]
    assert user.user.memberships[0].roles == ("administrator", "signatory")
    assert isinstance(link, UserLinkIssued)
    assert (link.link.user_id, link.link.sequence, link.link.purpose) == (user.user.id, 1, "invitation")


async def test_nothing_is_made_when_the_first_administrator_can_not_be(registry: Registry) -> None:
    wrong = {**ANNA, "roles": ["administrator", "helpdesk"]}
    answer = await registry.client.post(
        "/organisations", json={**MUNICIPALITY, "first_administrator": wrong}, headers=as_helpdesk()
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "person.roles")
    assert await registry.said() == []
    assert await registry.fetch("SELECT id FROM organisations") == []


async def test_neither_secret_nor_password_is_kept(registry: Registry) -> None:
    await create(registry, **MUNICIPALITY, first_administrator=ANNA)
    secret = await last_secret(registry, "anna@aeroe.example")
    await set_password(registry, "anna@aeroe.example")

    kept = await registry.fetch("SELECT l::text AS link, p::text AS person FROM links l, people p")
    audited = await registry.fetch("SELECT string_agg(a::text, ' ') AS all FROM audit a")

    assert "$argon2id$" in kept[0]["person"]
    for text in (kept[0]["link"], kept[0]["person"], audited[0]["all"]):
        assert secret not in text
        assert "battery" not in text
    assert "Anna" not in audited[0]["all"]
    assert "anna" not in audited[0]["all"]
