"""Who is calling: tokens checked against keys that a real little HTTP server publishes."""

from __future__ import annotations

import asyncio
import base64
import hmac
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.clock import Clock
from shared.identity import REFETCH_SECONDS, RETRY_SECONDS, Caller, SignedIn, Verifier
from shared.problem import Forbidden, Unauthorised, Unavailable
from tests.flows.shared.conftest import make_app


class Publisher:
    """Publishes keys as the registry does, and counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: list[ECKey] = []
        self.answer: bytes | None = None
        self.status = 200
        self.asked = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked += 1
                body = (
                    owner.answer
                    or json.dumps(
                        {"keys": [key.as_dict(private=False, alg="ES256", use="sig") for key in owner.keys]}
                    ).encode()
                )
                self.send_response(owner.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Not in the tests' output."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/.well-known/jwks.json"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class SetClock(Clock):
    """Real time, to be moved on by a test."""

    def __init__(self) -> None:
        super().__init__("live")
        self.ahead = 0.0

    def real(self) -> float:
        return time.time() + self.ahead


KEY = ECKey.generate_key("P-256", auto_kid=True)
SUBJECT, ORGANISATION = uuid4(), uuid4()


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole: dict[str, Any] = {
        "iss": "serviceplatform",
        "aud": "platform",
        "iat": now,
        "exp": now + 900,
        "sub": str(SUBJECT),
        "kind": "person",
        "org": str(ORGANISATION),
        "org_kinds": ["supplier"],
        "roles": ["administrator"],
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def token(key: ECKey = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": key.kid, **(header or {})}, claims(**changes), key)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    made.keys = [KEY]
    yield made
    made.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def verifier(publisher: Publisher, clock: SetClock) -> Verifier:
    return Verifier(publisher.url, clock)


async def test_a_token_that_holds_says_who_calls(verifier: Verifier, publisher: Publisher) -> None:
    callers = [await verifier.caller(token()) for _ in range(5)]

    assert callers[0] == Caller(
        id=SUBJECT,
        kind="person",
        organisation_id=ORGANISATION,
        kinds=frozenset({"supplier"}),
        roles=frozenset({"administrator"}),
        test=False,
        environment=None,
    )
    assert publisher.asked == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 31},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": int(time.time()) + 3600},
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"sub": None},
        {"sub": "not-an-id"},
        {"kind": "robot"},
        {"org": None},
        {"org_kinds": ["emperor"]},
        {"roles": ["emperor"]},
        {"environment": "another"},
    ],
)
async def test_claims_that_do_not_hold(verifier: Verifier, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorised) as refused:
        await verifier.caller(token(**changes))

    assert refused.value.code == "token.not_valid"


async def test_a_token_expires_by_real_time(verifier: Verifier, clock: SetClock) -> None:
    told = token(exp=int(time.time()) + 100)
    await verifier.caller(told)
    clock.ahead = 120
    await verifier.caller(told)  # within the leeway for clocks that differ
    clock.ahead = 140

    with pytest.raises(Unauthorised):
        await verifier.caller(told)


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(algorithm: str) -> str:
    return f"{encoded({'alg': algorithm, 'kid': KEY.kid})}.{encoded(claims())}."


def with_public_key_as_secret() -> str:
    """Made by hand: the library itself refuses to."""
    signed = f"{encoded({'alg': 'HS256', 'kid': KEY.kid})}.{encoded(claims())}"
    return f"{signed}.{encoded(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}"


def with_changed_claim() -> str:
    header, _, signature = token().split(".")
    return f"{header}.{encoded(claims(roles=['helpdesk']))}.{signature}"


FORGED = {
    "no algorithm": unsigned("none"),
    "no algorithm, in capitals": unsigned("NONE"),
    "the public key as a secret": with_public_key_as_secret(),
    "another's key under ours": jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims(), ECKey.generate_key("P-256")),
    "another curve": jwt.encode(
        {"alg": "ES384", "kid": KEY.kid}, claims(), ECKey.generate_key("P-384"), algorithms=["ES384"]
    ),
    "its own key in the header": token(
        ECKey.generate_key("P-256", auto_kid=True), {"jwk": KEY.as_dict(private=False)}
    ),
    "a changed claim": with_changed_claim(),
    "signature cut off": token().rpartition(".")[0] + ".",
    "no kid": jwt.encode({"alg": "ES256"}, claims(), ECKey.generate_key("P-256")),
    "header is a list": f"{encoded(['ES256'])}.{encoded(claims())}.AAAA",
    "header is a number": f"{encoded(1)}.{encoded(claims())}.AAAA",
    "header is nested without end": f"{encoded(b'[' * 20_000)}.{encoded(claims())}.AAAA",
    "algorithm is a list": f"{encoded({'alg': ['ES256'], 'kid': KEY.kid})}.{encoded(claims())}.AAAA",
    "kid is an object": f"{encoded({'alg': 'ES256', 'kid': {}})}.{encoded(claims())}.AAAA",
    "claims are a list": jwt.encode({"alg": "ES256", "kid": KEY.kid}, {}, KEY).split(".")[0] + ".W10.AAAA",
    "not text": "\x00\udcff..",
    "not a token": "hunter2",
    "nothing": "..",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
async def test_forged_and_malformed_tokens_are_refused(verifier: Verifier, forged: str) -> None:
    with pytest.raises(Unauthorised):
        await verifier.caller(forged)


SMALL = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(header=SMALL | st.fixed_dictionaries({"alg": SMALL | st.just("ES256"), "kid": SMALL}), body=SMALL)
async def test_anything_else_is_refused_and_never_a_bug(
    verifier: Verifier, publisher: Publisher, header: Any, body: Any
) -> None:
    with pytest.raises(Unauthorised):
        await verifier.caller(f"{encoded(header)}.{encoded(body)}.{encoded(b'signature')}")

    assert publisher.asked <= 2


async def test_a_new_key_is_fetched_once_it_is_needed_and_not_for_every_bad_token(
    verifier: Verifier, publisher: Publisher, clock: SetClock
) -> None:
    await verifier.caller(token())
    new = ECKey.generate_key("P-256", auto_kid=True)
    publisher.keys = [KEY, new]
    for _ in range(20):
        with pytest.raises(Unauthorised):
            await verifier.caller(token(new))
    assert publisher.asked == 1

    clock.ahead = REFETCH_SECONDS + 1
    assert (await verifier.caller(token(new))).id == SUBJECT
    assert publisher.asked == 2
    unknown = ECKey.generate_key("P-256", auto_kid=True)
    await asyncio.gather(*(verifier.caller(token(unknown)) for _ in range(20)), return_exceptions=True)
    assert publisher.asked == 2

    publisher.keys = [new]
    clock.ahead = 2 * (REFETCH_SECONDS + 1)
    with pytest.raises(Unauthorised):
        await verifier.caller(token(unknown))
    with pytest.raises(Unauthorised):
        await verifier.caller(token(KEY))
    assert publisher.asked == 3


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, b""),
        (200, b"not json"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"keys": []}'),
        (200, b'{"keys": 5}'),
        (200, b'{"keys": [1]}'),
    ],
)
async def test_keys_that_can_not_be_had_are_not_the_callers_fault(
    verifier: Verifier, publisher: Publisher, clock: SetClock, status: int, answer: bytes
) -> None:
    publisher.status, publisher.answer = status, answer

    answers = await asyncio.gather(*(verifier.caller(token()) for _ in range(10)), return_exceptions=True)

    assert {type(told) for told in answers} == {Unavailable}
    assert publisher.asked == 1, "those who wait for a fetch that fails share its failure"
    publisher.status, publisher.answer = 200, None
    clock.ahead = RETRY_SECONDS + 0.1
    assert (await verifier.caller(token())).id == SUBJECT


async def test_keys_once_had_are_kept_while_the_registry_is_away(
    verifier: Verifier, publisher: Publisher, clock: SetClock
) -> None:
    await verifier.caller(token())
    publisher.status = 500
    clock.ahead = REFETCH_SECONDS + 1
    for _ in range(10):
        with pytest.raises(Unauthorised):
            await verifier.caller(token(ECKey.generate_key("P-256", auto_kid=True)))

    assert (await verifier.caller(token())).id == SUBJECT
    assert publisher.asked == 2


def app_with_sign_in(verifier: Verifier) -> FastAPI:
    app = make_app()
    app.state.runtime.verifier = verifier

    @app.get("/whoami")
    async def whoami(caller: SignedIn) -> UUID:
        return caller.id

    return app


async def test_over_http(verifier: Verifier) -> None:
    transport = httpx.ASGITransport(app=app_with_sign_in(verifier))
    async with httpx.AsyncClient(transport=transport, base_url="http://tiny.example") as client:
        signed_in = await client.get("/whoami", headers={"authorization": f"bearer  {token()} "})
        assert (signed_in.status_code, signed_in.json()) == (200, str(SUBJECT))
        for header in ({}, {"authorization": "Bearer"}, {"authorization": f"Basic {token()}"}):
            refused = await client.get("/whoami", headers=header)
            assert (refused.status_code, refused.json()["code"]) == (401, "token.missing")
            assert refused.headers["www-authenticate"] == "Bearer"
        bad = await client.get("/whoami", headers={"authorization": f"Bearer {token()}x"})
        assert (bad.status_code, bad.json()["code"]) == (401, "token.not_valid")


async def test_without_keys_over_http() -> None:
    verifier = Verifier("http://127.0.0.1:1/nothing-listens-here", Clock("live"))
    transport = httpx.ASGITransport(app=app_with_sign_in(verifier))
    async with httpx.AsyncClient(transport=transport, base_url="http://tiny.example") as client:
        answer = await client.get("/whoami", headers={"authorization": f"Bearer {token()}"})

    assert (answer.status_code, answer.json()["code"]) == (503, "identity.no_keys")
    assert answer.headers["retry-after"] == "2"


def caller(kind: str = "person", kinds: tuple[str, ...] = ("municipality",), roles: tuple[str, ...] = ()) -> Caller:
    whole: Any = {"kind": kind, "kinds": frozenset(kinds), "roles": frozenset(roles)}
    return Caller(id=SUBJECT, organisation_id=ORGANISATION, test=False, environment=None, **whole)


def test_rights_take_the_kind_of_organisation_and_one_of_the_roles() -> None:
    caller(roles=("signatory",)).require("municipality", "signatory", "administrator")
    caller().require("municipality")
    for refused in (
        caller(roles=("user",)),
        caller(kinds=("supplier",), roles=("signatory",)),
        caller(kind="system", roles=("signatory",)),
    ):
        with pytest.raises(Forbidden, match="signatory or administrator"):
            refused.require("municipality", "signatory", "administrator")


def test_helpdesk_is_a_person_of_the_operator() -> None:
    caller(kinds=("operator",), roles=("helpdesk",)).require_helpdesk()
    for refused in (
        caller(kinds=("supplier",), roles=("helpdesk",)),
        caller(kinds=("operator",), roles=("administrator",)),
        caller(kind="system", kinds=("operator",), roles=("helpdesk",)),
    ):
        with pytest.raises(Forbidden):
            refused.require_helpdesk()


def test_the_audit_log_names_the_caller() -> None:
    actor = caller(kind="system").actor

    assert (actor.kind, actor.id, actor.organisation_id) == ("system", str(SUBJECT), ORGANISATION)
