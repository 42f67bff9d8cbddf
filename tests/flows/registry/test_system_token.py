"""Suppliers' systems sign in with their certificates."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from demo.authority import Authority, Issued
from services.registry.jobs import forget_assertions
from services.registry.signing import SigningKeys
from shared.contracts.registry import SystemRegistered
from tests.conftest import MakeDatabase
from tests.flows.registry.conftest import Registry, settings_for, started
from tests.flows.registry.systems import AUDIENCE, Supplier, ask_token, assertion, issue, supplier, x5t
from tests.tokens import as_helpdesk, bearer


@pytest.fixture
async def ours(registry: Registry) -> Supplier:
    return await supplier(registry)


@pytest.fixture
def issued(authority: Authority) -> Issued:
    return issue(authority)


@pytest.fixture
async def system_id(ours: Supplier, issued: Issued) -> str:
    found: str = (await ours.register(issued))["id"]
    return found


@pytest.mark.parametrize(("kind", "algorithm"), [("FOCES", "RS256"), ("VOCES", "PS256")])
async def test_a_system_signs_in_at_once_after_registration(
    registry: Registry, authority: Authority, ours: Supplier, kind: str, algorithm: str
) -> None:
    issued = issue(authority, kind)
    system = await ours.register(issued)

    answer = await ask_token(registry, assertion(system["id"], issued, algorithm=algorithm))

    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    scope = f"platform.write:%2F/platform.calls/{system['id']}.*"
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 3600, scope)
    published = (await registry.client.get("/.well-known/jwks.json")).json()
    claims = jwt.decode(given["access_token"], KeySet.import_key_set(published), algorithms=["ES256"]).claims
    assert {
        name: claims[name] for name in ("iss", "aud", "sub", "kind", "org", "org_kinds", "test", "environment")
    } == {
        "iss": "serviceplatform",
        "aud": ["platform"],
        "sub": system["id"],
        "kind": "system",
        "org": str(ours.id),
        "org_kinds": ["supplier"],
        "test": False,
        "environment": "production",
    }
    assert claims["scope"] == scope
    assert claims["exp"] - claims["iat"] == 3600
    caller = await registry.running.verifier.caller(given["access_token"])
    assert (caller.kind, caller.id, caller.environment) == ("system", UUID(system["id"]), "production")
    (audited,) = await registry.fetch("SELECT actor_kind, actor_id FROM audit WHERE action = 'system.sign_in'")
    assert tuple(audited) == ("system", system["id"])


async def test_a_system_with_an_elliptic_curve_key_signs_in(
    registry: Registry, authority: Authority, ours: Supplier
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = issue(authority, key=key)
    system = await ours.register(issued)
    signing_key = ECKey.import_key(issued.private_key_pem)

    mixed_up = await ask_token(registry, assertion(system["id"], issued, algorithm="ES256", key=ECKey.generate_key()))
    wrong_kind = await ask_token(
        registry, assertion(system["id"], issued, algorithm="RS256", key=RSAKey.generate_key(2048))
    )
    answer = await ask_token(registry, assertion(system["id"], issued, algorithm="ES256", key=signing_key))

    assert [mixed_up.json()["code"], wrong_kind.json()["code"]] == ["assertion.signature"] * 2
    assert answer.status_code == 200, answer.text


async def test_the_certificate_itself_may_stand_in_the_header(
    registry: Registry, issued: Issued, system_id: str
) -> None:
    base64_der = "".join(issued.certificate_pem.decode().splitlines()[1:-1])

    answer = await ask_token(registry, assertion(system_id, issued, header={"x5c": [base64_der], "typ": "JWT"}))
    crit = await ask_token(registry, assertion(system_id, issued, header={"crit": ["x5c"], "x5c": [base64_der]}))

    assert answer.status_code == 200, answer.text
    assert crit.json()["code"] == "assertion.not_valid"


async def test_an_assertion_is_good_for_one_token(registry: Registry, issued: Issued, system_id: str) -> None:
    signed = assertion(system_id, issued)

    answers = await asyncio.gather(*(ask_token(registry, signed) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 401} == {"assertion.replayed"}
    same_id = assertion(system_id, issued, jti="one", exp=int(time.time()) + 60)
    assert (await ask_token(registry, same_id)).status_code == 200
    other_text = assertion(system_id, issued, jti="one", exp=int(time.time()) + 90)
    assert (await ask_token(registry, other_text)).json()["code"] == "assertion.replayed"


async def test_a_refused_assertion_does_not_use_up_its_id(registry: Registry, issued: Issued, system_id: str) -> None:
    stranger = RSAKey.import_key(rsa.generate_private_key(65537, 2048))
    forged = assertion(system_id, issued, jti="mine", key=stranger)

    assert (await ask_token(registry, forged)).json()["code"] == "assertion.signature"
    assert (await ask_token(registry, assertion(system_id, issued, jti="mine"))).status_code == 200


async def test_an_assertion_that_says_something_else_is_refused(
    registry: Registry, issued: Issued, system_id: str
) -> None:
    now = int(time.time())
    cases: list[tuple[dict[str, Any], str]] = [
        ({"aud": "https://elsewhere.example/oauth/token"}, "assertion.audience"),
        ({"aud": None}, "assertion.audience"),
        ({"aud": []}, "assertion.audience"),
        ({"iss": str(uuid4())}, "assertion.issuer"),
        ({"sub": None}, "assertion.issuer"),
        ({"iss": "x", "sub": "x"}, "assertion.issuer"),
        ({"iss": 7, "sub": 7}, "assertion.issuer"),
        ({"exp": None}, "assertion.no_expiry"),
        ({"exp": 1}, "assertion.expired"),
        ({"exp": now + 86_400}, "assertion.too_long"),
        ({"exp": "tomorrow"}, "assertion.not_valid"),
        ({"exp": True}, "assertion.not_valid"),
        ({"nbf": now + 7200}, "assertion.not_yet"),
        ({"iat": now + 7200}, "assertion.not_yet"),
        ({"jti": None}, "assertion.no_id"),
        ({"jti": ""}, "assertion.no_id"),
        ({"jti": "x" * 256}, "assertion.no_id"),
        ({"jti": "a\x00b"}, "assertion.no_id"),
        ({"jti": 7}, "assertion.no_id"),
        ({"header": {"x5t#S256": None}}, "assertion.no_certificate"),
        ({"header": {"x5t#S256": "abc"}}, "assertion.no_certificate"),
        ({"header": {"x5t#S256": "A" * 43}}, "certificate.unknown"),
        ({"iss": str(UUID(int=1)), "sub": str(UUID(int=1))}, "certificate.unknown"),
        ({"algorithm": "PS512"}, "assertion.algorithm"),
    ]
    for changes, code in cases:
        answer = await ask_token(registry, assertion(system_id, issued, **changes))

        told = (answer.status_code, answer.json()["error"], answer.json()["code"])
        assert told == (401, "invalid_client", code), changes
        assert set(answer.json()) == {"error", "error_description", "code", "correlation_id"}


async def test_the_audience_may_be_one_of_several(registry: Registry, issued: Issued, system_id: str) -> None:
    assert (await ask_token(registry, assertion(system_id, issued, aud=["other", AUDIENCE]))).status_code == 200


async def test_nobody_signs_in_without_the_certificates_key(
    registry: Registry, issued: Issued, system_id: str, authority: Authority
) -> None:
    signed = assertion(system_id, issued)
    header, claims, signature = signed.split(".")
    public = RSAKey.import_key(issued.private_key_pem).as_pem(private=False)
    symmetric = jwt.encode(
        {"alg": "HS256", "x5t#S256": x5t(issued)},
        {"iss": system_id, "sub": system_id},
        OctKey.import_key(public.hex()),
    )
    unsigned = "eyJhbGciOiJub25lIn0." + claims + "."
    other_claims = assertion(system_id, issued, jti="other").split(".")[1]
    tries = {
        symmetric: "assertion.algorithm",
        unsigned: "assertion.algorithm",
        f"{header}.{other_claims}.{signature}": "assertion.signature",
        f"{header}.{claims}.": "assertion.signature",
        f"{header}.{claims}.{'A' * len(signature)}": "assertion.signature",
        f"{header}.{claims}": "assertion.not_valid",
        f"{header}.{claims}.{signature}.x": "assertion.not_valid",
        "nonsense": "assertion.not_valid",
        "e30.e30.": "assertion.algorithm",
        "W10.W10.": "assertion.not_valid",
        f"{'W1tb' * 1000}.e30.": "assertion.not_valid",
        "\ud7ff.æ.ø": "assertion.not_valid",
    }
    for text, code in tries.items():
        answer = await ask_token(registry, text)
        assert (answer.status_code, answer.json()["code"]) == (401, code), text
    swapped = assertion(system_id, issued, key=RSAKey.import_key(issue(authority).private_key_pem))
    assert (await ask_token(registry, swapped)).json()["code"] == "assertion.signature"
    assert (await ask_token(registry, signed)).status_code == 200


async def test_a_certificate_signs_in_its_own_system_only(
    registry: Registry, authority: Authority, ours: Supplier, issued: Issued, system_id: str
) -> None:
    other = await ours.register(issue(authority), name="Andet")

    answer = await ask_token(registry, assertion(other["id"], issued))

    assert answer.json()["code"] == "certificate.unknown"


async def test_a_form_that_does_not_fit_is_refused_in_the_words_of_the_standard(
    registry: Registry, issued: Issued, system_id: str
) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"grant_type": None}, "invalid_request", "grant_type.missing"),
        ({"grant_type": "password"}, "unsupported_grant_type", "grant_type.not_supported"),
        ({"client_assertion_type": None}, "invalid_request", "assertion.type"),
        ({"client_assertion_type": "saml"}, "invalid_request", "assertion.type"),
        ({"client_assertion": None}, "invalid_request", "assertion.missing"),
        ({"client_assertion": "x" * 8193}, "invalid_request", "assertion.too_large"),
        ({"client_assertion": "x" * 16385}, "invalid_request", "request.too_large"),
        ({"scope": "platform.read:*/*"}, "invalid_scope", "scope.not_granted"),
    ]
    for changes, error, code in cases:
        answer = await ask_token(registry, assertion(system_id, issued), **changes)

        assert (answer.status_code, answer.json()["error"], answer.json()["code"]) == (400, error, code), changes


async def test_what_is_no_form_is_refused(registry: Registry, issued: Issued, system_id: str) -> None:
    as_json = await registry.client.post("/oauth/token", json={"grant_type": "client_credentials"})
    twice = await registry.client.post(
        "/oauth/token",
        content="grant_type=client_credentials&grant_type=client_credentials",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    bytes_ = await registry.client.post(
        "/oauth/token",
        content=b"grant_type=%ff%fe",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )
    other_client = await ask_token(registry, assertion(system_id, issued), client_id=str(uuid4()))
    own_client = await ask_token(registry, assertion(system_id, issued), client_id=system_id)

    assert (as_json.status_code, as_json.json()["code"]) == (400, "request.not_a_form")
    assert (twice.status_code, twice.json()["code"]) == (400, "request.not_valid")
    assert (bytes_.status_code, bytes_.json()["code"]) == (400, "request.not_valid")
    assert (other_client.status_code, other_client.json()["code"]) == (401, "assertion.issuer")
    assert own_client.status_code == 200


async def test_a_system_that_may_not_connect_gets_no_token(
    registry: Registry, authority: Authority, ours: Supplier, issued: Issued, system_id: str
) -> None:
    async def sign_in(by: Issued = issued) -> str:
        answer = await ask_token(registry, assertion(system_id, by))
        return str(answer.json().get("code", "token"))

    path = f"/systems/{system_id}"
    await ours.post(f"{path}/pause")
    assert await sign_in() == "system.paused"
    await ours.post(f"{path}/resume")
    assert await sign_in() == "token"
    renewed = issue(authority, subject_serial=issued.subject_serial)
    await ours.post(f"{path}/certificates", {"certificate": renewed.certificate_pem.decode()})
    assert await sign_in(renewed) == "token"
    first = (await ours.get(path)).json()["certificates"][0]["id"]
    await ours.post(f"{path}/certificates/{first}/end")
    assert await sign_in() == "certificate.ended"
    closed = await registry.client.patch(f"/organisations/{ours.id}", json={"active": False}, headers=as_helpdesk())
    assert closed.status_code == 200, closed.text
    assert await sign_in(renewed) == "organisation.inactive"
    await registry.client.patch(f"/organisations/{ours.id}", json={"active": True}, headers=as_helpdesk())
    await ours.post(f"{path}/deactivate")
    assert await sign_in(renewed) == "system.deactivated"


async def test_an_expired_certificate_gets_no_token_though_its_assertion_is_in_real_time(
    registry: Registry, issued: Issued, system_id: str
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=300)
    for to, outcome in ((ahead, "token"), (ahead + timedelta(days=3 * 365), "certificate.expired")):
        await registry.client.post("/clock", json={"to": to.isoformat()}, headers=as_helpdesk())
        async with registry.running.database.pool.acquire() as connection:
            await registry.running.clock.refresh(connection)
        answer = await ask_token(registry, assertion(system_id, issued))
        assert answer.json().get("code", "token") == outcome


async def test_a_system_asks_about_its_own_access_with_its_token(
    registry: Registry, issued: Issued, system_id: str
) -> None:
    token = (await ask_token(registry, assertion(system_id, issued))).json()["access_token"]
    params = {"certificate": x5t(issued), "service": str(uuid4()), "municipality": str(uuid4())}

    answer = await registry.client.get("/access", params=params, headers=bearer(token))

    assert (answer.status_code, answer.json()["reason"]) == (200, "service.unknown")
    for path in ("/systems", f"/systems/{system_id}", "/me"):
        assert (await registry.client.get(path, headers=bearer(token))).status_code in {403, 404}


async def test_used_assertions_are_forgotten_once_they_have_expired(
    registry: Registry, issued: Issued, system_id: str
) -> None:
    signed = assertion(system_id, issued)
    assert (await ask_token(registry, signed)).status_code == 200
    await forget_assertions(registry.running)
    assert (await ask_token(registry, signed)).json()["code"] == "assertion.replayed"
    owner = registry.running.database
    async with owner.transaction() as tx:
        await tx.connection.execute("UPDATE used_assertions SET expires_at = expires_at - interval '10 minutes'")

    await forget_assertions(registry.running)

    assert await registry.fetch("SELECT * FROM used_assertions") == []


async def test_the_scope_is_a_setting(
    make_database: MakeDatabase, signing_key_file: Path, authority: Authority
) -> None:
    settings = settings_for(
        await make_database("registry"),
        signing_key_file,
        authority.trust_directory,
        system_scope="platform.write:other/platform.calls/{system_id}.*",
        system_token_seconds=120,
    )
    async with started(settings) as registry:
        issued = issue(authority)
        system = await (await supplier(registry)).register(issued)
        given = (await ask_token(registry, assertion(system["id"], issued))).json()

    assert given["scope"] == f"platform.write:other/platform.calls/{system['id']}.*"
    assert given["expires_in"] == 120


async def test_registering_is_all_it_takes(registry: Registry, authority: Authority, ours: Supplier) -> None:
    issued = issue(authority, environment="test")
    system = await ours.register(issued, environment="test")
    token = (await ask_token(registry, assertion(system["id"], issued))).json()["access_token"]

    key = SigningKeys.published(registry.running.get(SigningKeys))
    claims = jwt.decode(token, KeySet.import_key_set(key), algorithms=["ES256"]).claims
    assert claims["environment"] == "test"
    assert len(await registry.said(SystemRegistered)) == 1
