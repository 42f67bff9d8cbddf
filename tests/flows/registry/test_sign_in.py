"""Signing in, being refused, and acting for another organisation."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from demo.authority import Authority
from services.registry.passwords import Passwords
from shared.identity import Claims
from tests.conftest import MakeDatabase
from tests.flows.registry.conftest import Registry, settings_for, started
from tests.flows.registry.people import (
    MUNICIPALITY,
    PASSWORD,
    SUPPLIER,
    create,
    last_secret,
    person,
    set_password,
    sign_in,
)
from tests.tokens import KEYS, as_helpdesk, as_person, as_system, bearer, system_token_for

EMAIL = "bo@fiktiv.example"


@pytest.fixture
async def supplier(registry: Registry) -> dict[str, Any]:
    """A supplier with a person who has set a password."""
    created = await create(registry, **SUPPLIER, first_administrator={"name": "Bo Bentsen", "email": EMAIL})
    await set_password(registry, EMAIL)
    return created


async def move_clock(registry: Registry, ahead: timedelta) -> None:
    to = registry.running.clock.now() + ahead
    answer = await registry.client.post("/clock", json={"to": to.isoformat()}, headers=as_helpdesk())
    assert answer.status_code == 200, answer.text


async def test_the_token_says_who_and_for_whom(registry: Registry, supplier: dict[str, Any]) -> None:
    told = (await sign_in(registry, EMAIL)).json()
    keys = KeySet.import_key_set((await registry.client.get("/.well-known/jwks.json")).json())

    token = jwt.decode(told["token"], keys, algorithms=["ES256"])

    now = time.time()
    assert token.header["kid"] in {key.kid for key in keys.keys}
    assert token.claims["iss"] == "serviceplatform"
    assert token.claims["aud"] == ["platform"]
    assert token.claims["sub"] == told["person"]["id"]
    assert token.claims["kind"] == "person"
    assert token.claims["org"] == supplier["id"]
    assert token.claims["org_kinds"] == ["supplier"]
    assert token.claims["roles"] == ["administrator"]
    assert token.claims["test"] is False
    assert token.claims["exp"] - token.claims["iat"] == 900
    assert now - 60 < token.claims["iat"] <= now
    assert uuid.UUID(token.claims["jti"])
    assert "scope" not in token.claims


async def test_the_token_is_in_real_time_when_the_platform_is_ahead(
    registry: Registry, supplier: dict[str, Any]
) -> None:
    await move_clock(registry, timedelta(days=100))

    told = (await sign_in(registry, EMAIL)).json()

    assert (await registry.client.get("/me", headers=bearer(told["token"]))).status_code == 200


async def test_every_wrong_sign_in_gets_the_same_answer(registry: Registry, supplier: dict[str, Any]) -> None:
    await person(registry, supplier["id"], name="Ida", email="invited@fiktiv.example", roles=["user"])
    wrong = {
        "wrong password": (EMAIL, PASSWORD + "!"),
        "empty password": (EMAIL, ""),
        "unknown address": ("nobody@fiktiv.example", PASSWORD),
        "no password set yet": ("invited@fiktiv.example", PASSWORD),
    }

    for case, (email, password) in wrong.items():
        answer = await sign_in(registry, email, password)
        assert answer.status_code == 401, case
        assert answer.json()["code"] == "sign_in.refused"
        assert answer.json()["detail"] == "Mail address and password do not fit each other; check both."


async def test_an_unknown_address_costs_as_much_work_as_a_known_one(
    registry: Registry, supplier: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = registry.running.get(Passwords)
    hashed: list[str] = []
    verify = passwords._hasher.verify

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            hashed.append(kept.split("$")[3])
            return verify(kept, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    await sign_in(registry, EMAIL, "wrong")
    await sign_in(registry, "nobody@fiktiv.example", "wrong")

    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


async def test_too_many_failures_close_the_address_for_a_while(registry: Registry, supplier: dict[str, Any]) -> None:
    failed = [(await sign_in(registry, EMAIL.upper(), f"wrong {number}")).status_code for number in range(10)]
    now_right = await sign_in(registry, EMAIL)
    other = await sign_in(registry, "nobody@fiktiv.example", "wrong")
    await move_clock(registry, timedelta(minutes=16))
    later = await sign_in(registry, EMAIL)

    assert failed == [401] * 10
    assert (now_right.status_code, now_right.json()["code"]) == (429, "sign_in.too_many")
    assert other.status_code == 401
    assert later.status_code == 200


async def test_an_address_nobody_has_is_closed_just_the_same(registry: Registry) -> None:
    statuses = [(await sign_in(registry, "nobody@fiktiv.example", "wrong")).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]


async def test_many_tries_at_once_are_counted_one_by_one(registry: Registry, supplier: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(sign_in(registry, EMAIL, f"wrong {number}") for number in range(16)))

    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 6


async def test_success_forgives_earlier_failures(registry: Registry, supplier: dict[str, Any]) -> None:
    tries = (["wrong"] * 9 + [PASSWORD]) * 2
    statuses = [(await sign_in(registry, EMAIL, password)).status_code for password in tries]

    assert statuses == ([401] * 9 + [200]) * 2


async def test_a_new_password_forgives_too(registry: Registry, supplier: dict[str, Any]) -> None:
    for _ in range(10):
        await sign_in(registry, EMAIL, "wrong")
    await registry.client.post("/links", json={"email": EMAIL})
    await set_password(registry, EMAIL, "another long password")

    assert (await sign_in(registry, EMAIL, "another long password")).status_code == 200
    assert (await sign_in(registry, EMAIL, PASSWORD)).status_code == 401


async def test_failures_are_forgotten_when_they_no_longer_count(registry: Registry, supplier: dict[str, Any]) -> None:
    await sign_in(registry, "nobody@fiktiv.example", "wrong")
    await move_clock(registry, timedelta(minutes=16))
    await sign_in(registry, EMAIL)

    assert await registry.fetch("SELECT id FROM sign_in_failures") == []


async def test_the_same_letters_from_another_keyboard_are_the_same_password(
    registry: Registry, supplier: dict[str, Any]
) -> None:
    await registry.client.post("/links", json={"email": EMAIL})
    await set_password(registry, EMAIL, "rødgrød med fløde på A\u030arø")

    assert (await sign_in(registry, EMAIL, "rødgrød med fløde på Årø")).status_code == 200


class TestSeveralOrganisations:
    @pytest.fixture
    async def both(self, registry: Registry, supplier: dict[str, Any]) -> tuple[str, str]:
        """The person also has a place in a municipality, which comes after the supplier by name."""
        municipality = await create(registry, **MUNICIPALITY)
        await person(registry, municipality["id"], name="Bo B.", email=EMAIL.upper(), roles=["signatory"])
        await set_password(registry, EMAIL)
        return supplier["id"], municipality["id"]

    async def test_one_signs_in_for_the_first_by_name(self, registry: Registry, both: tuple[str, str]) -> None:
        told = (await sign_in(registry, EMAIL)).json()

        assert told["organisation"]["id"] == both[0]
        assert told["person"]["name"] == "Bo Bentsen"
        assert [(one["organisation_id"], one["roles"]) for one in told["memberships"]] == [
            (both[0], ["administrator"]),
            (both[1], ["signatory"]),
        ]

    async def test_one_signs_in_for_the_one_asked_for(self, registry: Registry, both: tuple[str, str]) -> None:
        told = (await sign_in(registry, EMAIL, organisation_id=both[1])).json()

        assert (told["organisation"]["id"], told["roles"]) == (both[1], ["signatory"])

    async def test_one_changes_over(self, registry: Registry, both: tuple[str, str]) -> None:
        token = (await sign_in(registry, EMAIL)).json()["token"]

        answer = await registry.client.post(
            "/sign-in/organisation", json={"organisation_id": both[1]}, headers=bearer(token)
        )

        assert answer.status_code == 200
        assert (answer.json()["organisation"]["id"], answer.json()["roles"]) == (both[1], ["signatory"])

    async def test_not_for_another_ones_organisation(self, registry: Registry, both: tuple[str, str]) -> None:
        foreign = await create(registry, name="Anden A/S", cvr="25052943", kinds=["supplier"])
        token = (await sign_in(registry, EMAIL)).json()["token"]

        at_once = await sign_in(registry, EMAIL, organisation_id=foreign["id"])
        later = await registry.client.post(
            "/sign-in/organisation", json={"organisation_id": foreign["id"]}, headers=bearer(token)
        )

        assert (at_once.status_code, at_once.json()["code"]) == (403, "sign_in.no_membership")
        assert (later.status_code, later.json()["code"]) == (403, "sign_in.no_membership")

    async def test_an_inactive_organisation_is_left_out(self, registry: Registry, both: tuple[str, str]) -> None:
        await registry.client.patch(f"/organisations/{both[0]}", json={"active": False}, headers=as_helpdesk())

        told = (await sign_in(registry, EMAIL)).json()

        assert told["organisation"]["id"] == both[1]
        assert len(told["memberships"]) == 1


async def test_without_any_organisation_left_one_is_refused_like_anyone(
    registry: Registry, supplier: dict[str, Any]
) -> None:
    token = (await sign_in(registry, EMAIL)).json()["token"]
    await registry.client.patch(f"/organisations/{supplier['id']}", json={"active": False}, headers=as_helpdesk())

    assert (await sign_in(registry, EMAIL)).json()["code"] == "sign_in.refused"
    assert (await registry.client.get("/me", headers=bearer(token))).status_code == 401


async def test_a_system_does_not_sign_in_as_a_person(registry: Registry, supplier: dict[str, Any]) -> None:
    headers = as_system(uuid.uuid4(), uuid.UUID(supplier["id"]))

    me = await registry.client.get("/me", headers=headers)
    change = await registry.client.post(
        "/sign-in/organisation", json={"organisation_id": supplier["id"]}, headers=headers
    )

    assert (me.status_code, change.status_code) == (403, 403)


async def test_a_token_for_nobody_the_registry_knows_is_refused(registry: Registry) -> None:
    assert (await registry.client.get("/me", headers=as_person(["supplier"], "user"))).status_code == 401
    assert (await registry.client.get("/me")).json()["code"] == "token.missing"


class TestRenewing:
    """A sign-in is renewed while it is in use, for a while after it ran out, and never for more than a day's work."""

    @pytest.fixture
    async def signed_in(self, registry: Registry, supplier: dict[str, Any]) -> dict[str, Any]:
        """Somebody with a password from before all that is told below."""
        await registry.fetch("UPDATE people SET password_set_at = password_set_at - interval '1 day'")
        told: dict[str, Any] = (await sign_in(registry, EMAIL)).json()
        return told

    def token(self, told: dict[str, Any], *, ago: float, since: float | None = None, seconds: int = 900) -> str:
        """The person's token as the registry made it `ago` seconds ago, signed in `since` seconds ago."""
        now = time.time()
        claims = Claims(
            sub=told["person"]["id"],
            kind="person",
            org=told["organisation"]["id"],
            org_kinds=("supplier",),
            roles=("administrator",),
            auth_time=None if since is None else int(now - since),
        )
        return KEYS.mint(claims, real_now=now - ago, seconds=seconds).token

    async def renew(self, registry: Registry, told: dict[str, Any], token: str) -> httpx.Response:
        return await registry.client.post(
            "/sign-in/organisation", json={"organisation_id": told["organisation"]["id"]}, headers=bearer(token)
        )

    def claims(self, token: str) -> dict[str, Any]:
        payload = token.split(".")[1]
        read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return read

    async def test_when_one_signed_in_stays_through_renewals(
        self, registry: Registry, signed_in: dict[str, Any]
    ) -> None:
        first = self.claims(signed_in["token"])
        # As if the person had signed in an hour ago.
        again = await self.renew(registry, signed_in, self.token(signed_in, ago=0, since=3600))
        hour_old = self.claims(again.json()["token"])
        later = self.claims((await self.renew(registry, signed_in, again.json()["token"])).json()["token"])

        assert first["auth_time"] == first["iat"]
        assert abs(hour_old["auth_time"] - (time.time() - 3600)) < 30
        assert later["auth_time"] == hour_old["auth_time"]
        assert later["exp"] - later["iat"] == 900

    async def test_a_token_that_ran_out_is_renewed_for_half_an_hour(
        self, registry: Registry, signed_in: dict[str, Any]
    ) -> None:
        just = self.token(signed_in, ago=900 + 29 * 60)
        too_late = self.token(signed_in, ago=900 + 32 * 60)

        assert (await registry.client.get("/me", headers=bearer(just))).json()["code"] == "token.not_valid"
        assert (await self.renew(registry, signed_in, just)).status_code == 200
        refused = await self.renew(registry, signed_in, too_late)
        assert (refused.status_code, refused.json()["code"]) == (401, "token.not_valid")

    async def test_ten_hours_after_signing_in_it_is_over(self, registry: Registry, signed_in: dict[str, Any]) -> None:
        nearly = await self.renew(registry, signed_in, self.token(signed_in, ago=0, since=10 * 3600 - 300))
        over = await self.renew(registry, signed_in, self.token(signed_in, ago=0, since=10 * 3600))

        assert nearly.status_code == 200
        left = self.claims(nearly.json()["token"])
        assert left["exp"] == left["auth_time"] + 10 * 3600
        assert (over.status_code, over.json()["code"]) == (401, "sign_in.over")

    async def test_a_token_of_an_older_release_counts_from_when_it_was_made(
        self, registry: Registry, signed_in: dict[str, Any]
    ) -> None:
        renewed = await self.renew(registry, signed_in, self.token(signed_in, ago=600, since=None))

        assert abs(self.claims(renewed.json()["token"])["auth_time"] - (time.time() - 600)) < 30

    async def test_a_new_password_ends_sign_ins_made_with_the_old_one(
        self, registry: Registry, signed_in: dict[str, Any]
    ) -> None:
        before = self.token(signed_in, ago=0, since=60)
        await registry.client.post("/links", json={"email": EMAIL})
        await set_password(registry, EMAIL, "another long password")
        after = (await sign_in(registry, EMAIL, "another long password")).json()["token"]

        refused = await self.renew(registry, signed_in, before)
        assert (refused.status_code, refused.json()["code"]) == (401, "sign_in.over")
        assert (await self.renew(registry, signed_in, after)).status_code == 200

    async def test_who_may_no_longer_act_there_is_not_renewed(
        self, registry: Registry, signed_in: dict[str, Any]
    ) -> None:
        token = self.token(signed_in, ago=1000, since=1000)
        organisation = signed_in["organisation"]["id"]
        await registry.client.patch(f"/organisations/{organisation}", json={"active": False}, headers=as_helpdesk())

        assert (await self.renew(registry, signed_in, token)).status_code == 401

    async def test_a_systems_token_is_never_renewed(self, registry: Registry, signed_in: dict[str, Any]) -> None:
        organisation = uuid.UUID(signed_in["organisation"]["id"])
        holds = system_token_for(uuid.uuid4(), organisation)
        ran_out = system_token_for(uuid.uuid4(), organisation, seconds=-60)

        answers = [await self.renew(registry, signed_in, token) for token in (holds, ran_out)]

        assert [(one.status_code, one.json()["code"]) for one in answers] == [
            (403, "rights.person_only"),
            (401, "token.not_valid"),
        ]

    async def test_how_long_is_a_setting(
        self, make_database: MakeDatabase, signing_key_file: Path, authority: Authority
    ) -> None:
        settings = settings_for(
            await make_database("registry"),
            signing_key_file,
            authority.trust_directory,
            sign_in_idle_minutes=0,
            sign_in_hours=1,
        )
        async with started(settings) as found:
            created = await create(found, **SUPPLIER, first_administrator={"name": "Bo", "email": EMAIL})
            await set_password(found, EMAIL)
            told = {**(await sign_in(found, EMAIL)).json(), "organisation": {"id": created["id"]}}

            assert (await self.renew(found, told, self.token(told, ago=1000))).json()["code"] == "token.not_valid"
            over = await self.renew(found, told, self.token(told, ago=0, since=3601))
            assert over.json()["code"] == "sign_in.over"


@pytest.fixture
async def strict(
    make_database: MakeDatabase, signing_key_file: Path, authority: Authority
) -> AsyncIterator[Registry]:
    """A registry that lets one sign-in fail."""
    database = await make_database("registry")
    settings = settings_for(
        database, signing_key_file, authority.trust_directory, sign_in_failures=1, person_token_seconds=60
    )
    async with started(settings) as found:
        yield found


async def test_how_many_may_fail_and_how_long_it_holds_are_settings(strict: Registry) -> None:
    await create(strict, **SUPPLIER, first_administrator={"name": "Bo", "email": EMAIL})
    secret = await last_secret(strict, EMAIL)
    await strict.client.post("/links/redeem", json={"secret": secret, "password": PASSWORD})
    token = (await sign_in(strict, EMAIL)).json()["token"]
    claims = jwt.decode(
        token, KeySet.import_key_set((await strict.client.get("/.well-known/jwks.json")).json()), algorithms=["ES256"]
    ).claims

    assert claims["exp"] - claims["iat"] == 60
    assert [(await sign_in(strict, EMAIL, "wrong")).status_code for _ in range(2)] == [401, 429]
