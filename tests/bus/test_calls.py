"""Suppliers' calls over the real broker: the client sends them, metering takes each once, whatever breaks between."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

import aio_pika
import pytest
import uvicorn
from fastapi import FastAPI, Form
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey

from clients.python import CallSender, NotSent, TokenRefused
from clients.python import broker as link
from clients.python.http import CallsRefused, HttpCallSender
from clients.python.signing import Signer
from clients.python.token import Tokens
from services.metering import intake
from shared.bus import Bus, Subscription
from shared.topology import CALLS_QUEUE
from tests import tokens
from tests.conftest import MakeDatabase
from tests.flows.metering.conftest import START, Keys, Metering, SetClock, World, make_keys, started
from tests.servers import Broker, broker_connection

SILENCE = 1.5
"""Seconds without a message after which the queue is taken to be empty."""


@dataclass
class TokenOffice:
    """Gives tokens as the registry does, for as long as a test says; checks the assertion like it."""

    broker: Broker
    signer: Signer
    url: str
    seconds: float = 300
    refusal: str | None = None
    given: list[str] = field(default_factory=list)

    def give(self, assertion: str) -> JSONResponse:
        if self.refusal is not None:
            return JSONResponse({"error": "invalid_client", "error_description": "no", "code": self.refusal}, 401)
        decoded = jwt.decode(assertion, self.signer._key, algorithms=[self.signer.algorithm])
        assert decoded.header["x5t#S256"] == self.signer.thumbprint
        assert decoded.claims["aud"] == self.url
        assert decoded.claims["exp"] - decoded.claims["iat"] <= 300
        system = decoded.claims["sub"]
        key = ECKey.import_key(self.broker.signing_key.read_bytes())
        now = int(time.time())
        claims = {
            "iss": "registry",
            "sub": system,
            "aud": ["platform"],
            "iat": now,
            "exp": now + self.seconds,
            "jti": decoded.claims["jti"],
            "scope": f"platform.write:{quote(self.broker.vhost, safe='')}/platform.calls/{system}.*",
        }
        self.given.append(jwt.encode({"alg": "ES256", "kid": key.thumbprint()}, claims, key))
        return JSONResponse({"access_token": self.given[-1], "token_type": "Bearer", "expires_in": self.seconds})


@asynccontextmanager
async def token_office(broker: Broker, signer: Signer) -> AsyncIterator[TokenOffice]:
    app = FastAPI()
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    office = TokenOffice(broker, signer, f"http://127.0.0.1:{port}/oauth/token")

    @app.post("/oauth/token")
    async def give(
        grant_type: Annotated[str, Form()],
        client_assertion_type: Annotated[str, Form()],
        client_assertion: Annotated[str, Form()],
    ) -> JSONResponse:
        assert (grant_type, client_assertion_type.rpartition(":")[2]) == ("client_credentials", "jwt-bearer")
        return office.give(client_assertion)

    try:
        yield office
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def _reading(metering: Metering, broker: Broker) -> AsyncIterator[Subscription]:
    async with Bus(broker.url("metering"), "metering").subscription(CALLS_QUEUE, prefetch=200) as subscription:
        yield subscription


def _no_signals() -> Any:
    from contextlib import nullcontext

    return nullcontext()


@dataclass
class Stage:
    """Metering that knows a system, the system's client, and the broker between them."""

    metering: Metering
    world: World
    broker: Broker
    office: TokenOffice

    def sender(self, **changes: Any) -> CallSender:
        told: dict[str, Any] = {
            "system_id": str(self.world.system),
            "certificate_pem": self.world.keys.certificate_pem,
            "private_key_pem": self.world.keys.private_key_pem,
            "token_url": self.office.url,
            "broker_host": "127.0.0.1",
            "broker_port": self.broker.port,
            "vhost": self.broker.vhost,
            "give_up_after": 30.0,
        }
        return CallSender(**{**told, **changes})

    async def take_all(self, *, acked: bool = True) -> int:
        """Take what is on the queue; returns how many messages came."""
        taken = 0
        async with _reading(self.metering, self.broker) as subscription:
            while True:
                if acked:
                    came = await intake.take_next(self.metering.door, subscription, SILENCE)
                else:
                    deliveries = await intake.gather(subscription, SILENCE)
                    await self.metering.door.batch([intake.arrival_of(delivery) for delivery in deliveries])
                    came = len(deliveries)
                if not came:
                    return taken
                taken += came


@pytest.fixture(scope="module")
def rsa_keys() -> Keys:
    return make_keys("RSA")


@pytest.fixture
async def stage(make_database: MakeDatabase, broker: Broker, rsa_keys: Keys) -> AsyncIterator[Stage]:
    world = World(rsa_keys)
    async with (
        started(await make_database("metering"), SetClock(START)) as metering,
        token_office(broker, world.keys.signer) as office,
    ):
        await metering.know(world)
        yield Stage(metering, world, broker, office)


async def test_what_the_client_sends_is_counted_once(stage: Stage) -> None:
    async with stage.sender(environment="production") as sender:
        await sender.send(stage.world.calls(250))
        await sender.add(stage.world.call("single"))
        await sender.flush()
        await sender.send(stage.world.calls(1))

    assert await stage.take_all() == 5
    assert await stage.metering.fates() == {"counted": 251, "duplicate": 1}


async def test_a_message_cut_off_between_commit_and_ack_is_not_counted_again(stage: Stage) -> None:
    async with stage.sender() as sender:
        await sender.send(stage.world.calls(350))

    assert await stage.take_all(acked=False) == 4
    assert await stage.take_all() == 4
    assert await stage.take_all() == 0
    assert await stage.metering.fates() == {"counted": 350}
    assert (await stage.metering.balance())["everything"]["sent"] == 350


async def test_a_poison_message_holds_up_nothing_and_is_parked(stage: Stage) -> None:
    async with stage.sender() as sender:
        await sender.send(stage.world.calls(2, "a"))
        connection = await broker_connection(stage.broker.url("administrator"))
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange("platform.calls", ensure=False)
            await exchange.publish(aio_pika.Message(b"\x00\xff"), "nobody's")
        await sender.send(stage.world.calls(2, "b"))

    assert await stage.take_all() == 3
    assert await stage.take_all() == 0
    assert await stage.metering.fates() == {"counted": 4}
    [parked] = await stage.metering.fetch("SELECT type, due_at, body FROM parked")
    assert (parked["type"], parked["due_at"]) == ("platform.calls", None)
    assert base64.b64encode(b"\x00\xff") in parked["body"]


async def test_the_signature_travels_with_the_bytes(stage: Stage) -> None:
    async with stage.sender() as sender:
        sender.signer = Signer(stage.world.keys.certificate_pem, make_keys("RSA").private_key_pem)
        await sender.send(stage.world.calls(1, "forged"))
        await link.Link.publish(
            await sender._connected(),
            stage.world.arrival(stage.world.calls(1, "bare")).body,
            system_id=str(stage.world.system),
            signature=None,
            message_id="bare",
        )

    await stage.take_all()
    assert await stage.metering.fates() == {"signature.not_valid": 1, "signature.missing": 1}


@asynccontextmanager
async def cutting_line(port: int, *, cuts: int, after: int) -> AsyncIterator[tuple[int, list[int]]]:
    """A line to a port whose first connections are cut after so many bytes; gives its own port and bytes of each."""
    carried: list[int] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int | None) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
            if number is not None:
                carried[number] += len(data)
                if number < cuts and carried[number] > after:
                    raise ConnectionResetError

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried.append(0)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        ways = [
            asyncio.create_task(carry(reader, far_writer, len(carried) - 1)),
            asyncio.create_task(carry(far_reader, writer, None)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, far_writer):
            end.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], carried


async def test_a_connection_that_is_cut_in_the_middle_loses_and_doubles_nothing(stage: Stage) -> None:
    async with (
        cutting_line(stage.broker.port, cuts=3, after=300_000) as (port, carried),
        stage.sender(in_flight=4, broker_port=port) as sender,
    ):
        await sender.send(stage.world.calls(8000))

    assert len(carried) == 4
    assert await stage.take_all() >= 80
    assert await stage.metering.fates() == {"counted": 8000}
    assert (await stage.metering.balance())["everything"]["sent"] == 8000


async def test_the_client_renews_its_token_while_it_sends(stage: Stage) -> None:
    stage.office.seconds = 4
    until = time.monotonic() + 9
    sent = 0
    async with stage.sender() as sender:
        opened = sender._link
        while time.monotonic() < until:
            await sender.send([stage.world.call()])
            sent += 1
            await asyncio.sleep(0.25)

        assert sender._link is opened, "the link was made anew instead of going on with a new token"
    assert len(stage.office.given) >= 3
    await stage.take_all()
    assert await stage.metering.fates() == {"counted": sent}


async def test_a_system_that_may_not_sign_in_is_told_why(stage: Stage) -> None:
    stage.office.refusal = "system.paused"
    with pytest.raises(TokenRefused, match="system.paused"):
        async with stage.sender():
            pass


async def test_what_could_not_be_sent_comes_back_to_the_caller(stage: Stage) -> None:
    async with stage.sender(give_up_after=0.5) as sender:
        await sender._drop(sender._link)
        sender._where = ("127.0.0.1", 9, "/", None)
        with pytest.raises(NotSent) as unsent:
            await sender.send(stage.world.calls(3))
        await sender.add(stage.world.call("added"))
        with pytest.raises(NotSent) as later:
            await sender.flush()

    assert [call.id for call in unsent.value.calls] == ["call-0", "call-1", "call-2"]
    assert [call.id for call in later.value.calls] == ["added"]


async def test_the_client_sends_over_http_too(stage: Stage) -> None:
    given = tokens.system_token_for(stage.world.system, stage.world.supplier)

    class Given(Tokens):
        async def get(self) -> Any:
            return type("Token", (), {"access_token": given})()

    signer = stage.world.keys.signer
    async with HttpCallSender(
        "http://metering.example/calls",
        system_id=str(stage.world.system),
        signer=signer,
        tokens=Given(stage.office.url, system_id=str(stage.world.system), signer=signer),
        client=stage.metering.client,
    ) as sender:
        first = await sender.send(stage.world.calls(3), message_id="one")
        again = await sender.send(stage.world.calls(3), message_id="two")
        with pytest.raises(CallsRefused, match=r"422 calls\.not_readable"):
            await sender.post(b'{"no": "call')

    assert (first.counted, first.duplicates, first.refused) == (3, 0, ())
    assert (again.counted, again.duplicates) == (0, 3)
