"""The faults, and how long the platform takes to recover from each.

A fault returns when its cause is gone: the server answers again, the process was started again or goes on. From
then on the seconds count until every service is ready and a fact told through the registry has been heard by all.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from deploy.local.places import PROJECT
from deploy.local.processes import Child
from deploy.local.smtp import REFUSAL
from shared.bus import EVENTS
from shared.contracts import SERVICES
from tests.faults.ground import SERVER_AWAY, Ground, until
from tests.faults.round import PHASES, Phase, Round
from tests.servers import broker_connection

Fault = Callable[[Ground, random.Random], Awaitable[None]]


@dataclass
class Harm:
    """What is done to a ground, and what came of it: (fault, phase, seconds until recovered)."""

    ground: Ground
    recoveries: list[tuple[str, str, float]] = field(default_factory=list)
    _begun: list[str] = field(default_factory=list)
    _lasting: int = 0

    async def during(self, one: Round, phase: Phase, name: str, chance: random.Random) -> None:
        """Do it once at some instant of that phase, and see how long recovery takes."""
        await one.reached(phase)
        await asyncio.sleep(chance.uniform(0, 1.5))
        self._begun.append(name)
        self._lasting += 1
        await FAULTS[name](self.ground, chance)
        begun, alone = len(self._begun), self._lasting == 1
        seconds = await recovered(self.ground)
        self._lasting -= 1
        # Where another fault lasted meanwhile, the seconds are those of both.
        told = name if alone and begun == len(self._begun) else f"{name}, with another"
        self.recoveries.append((told, phase, seconds))
        print(f"seed {one.seed}: {told} during {phase}: recovered in {seconds:.1f} s", flush=True)

    async def play(self, one: Round, faults: list[tuple[Phase, str]]) -> None:
        """A round with these faults, of one phase one after the other."""
        chance = random.Random(f"faults {one.seed}")
        injecting = {
            phase: [name for when, name in faults if when == phase]
            for phase in PHASES
            if any(when == phase for when, _ in faults)
        }

        async def inject(phase: Phase, names: list[str]) -> None:
            for name in names:
                await self.during(one, phase, name, chance)

        async with asyncio.TaskGroup() as group:
            for phase, names in injecting.items():
                group.create_task(inject(phase, names))
            group.create_task(one.play())


async def recovered(ground: Ground) -> float:
    """Seconds until every service is ready and has heard a new fact that went through the registry."""
    began = time.monotonic()
    await until(ground.unready, "the services are ready again")
    await ground.forward(timedelta(seconds=1))
    return time.monotonic() - began


async def leave(ground: Ground, chance: random.Random) -> None:
    """No fault at all: what the others are compared with."""


async def broker_stopped(ground: Ground, chance: random.Random) -> None:
    rabbitmq = ground.platform.rabbitmq
    await asyncio.to_thread(rabbitmq.stop)
    await asyncio.sleep(chance.uniform(0, 3))
    rabbitmq.start()
    await asyncio.to_thread(rabbitmq.wait_ready)


async def broker_killed(ground: Ground, chance: random.Random) -> None:
    rabbitmq = ground.platform.rabbitmq
    rabbitmq.kill()
    rabbitmq.start()
    await asyncio.to_thread(rabbitmq.wait_ready)


async def broker_frozen(ground: Ground, chance: random.Random) -> None:
    server = ground.platform.rabbitmq._server
    assert server is not None
    async with _frozen([server.pid]):
        await asyncio.sleep(chance.uniform(1, 4))


async def broker_frozen_long(ground: Ground, chance: random.Random) -> None:
    """Longer than heartbeats and confirms wait: every connection is given up."""
    server = ground.platform.rabbitmq._server
    assert server is not None
    async with _frozen([server.pid]):
        await asyncio.sleep(40)


async def database_stopped(ground: Ground, chance: random.Random) -> None:
    postgres = ground.platform.postgres
    await asyncio.to_thread(postgres.stop)
    await asyncio.sleep(chance.uniform(0, 3))
    postgres.start()
    await asyncio.to_thread(postgres.wait_ready)


async def database_killed(ground: Ground, chance: random.Random) -> None:
    postgres = ground.platform.postgres
    postgres.kill()
    postgres.start()
    await asyncio.to_thread(postgres.wait_ready)


async def database_frozen(ground: Ground, chance: random.Random) -> None:
    await _freeze_database(ground, chance.uniform(1, 4))


async def database_frozen_long(ground: Ground, chance: random.Random) -> None:
    """Longer than a connection may take to be made."""
    await _freeze_database(ground, 15)


async def _freeze_database(ground: Ground, seconds: float) -> None:
    server = ground.platform.postgres._child
    assert server is not None
    # The postmaster first, so that no new process escapes.
    async with _frozen([server.pid]), _frozen(_children(server.pid)):
        await asyncio.sleep(seconds)


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
    return found


@asynccontextmanager
async def _frozen(pids: list[int]) -> AsyncIterator[None]:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def service_killed(service: str) -> Fault:
    """SIGKILL in the middle of whatever it does, up to three times: the later ones may hit it while it starts."""

    async def kill(ground: Ground, chance: random.Random) -> None:
        for time_of_many in range(chance.choice((1, 1, 2, 3))):
            if time_of_many:
                await asyncio.sleep(chance.uniform(0.2, 4))
            await kill_one(ground, service)

    return kill


async def kill_one(ground: Ground, service: str) -> None:
    """Kill a service's process and start it again."""
    ground.platform.kill(service)
    if service == "notifier":
        await release_leases(ground)
    ground.platform.start_service(service)


async def release_leases(ground: Ground) -> None:
    """As if the minutes had passed for which a mail is its sender's alone: no sender lives that has one now.

    Whether the mail server had taken it over nobody knows; it is sent again, under the same Message-ID.
    """

    async def release() -> str | None:
        try:
            held = await ground.ask(
                "notifier",
                "UPDATE notice SET leased_until = clock_timestamp() WHERE leased_until > clock_timestamp()"
                " AND state = 'queued' RETURNING id",
            )
        except SERVER_AWAY as error:
            return str(error)
        ground.excused += len(held)
        return None

    await until(release, "the leases of a killed sender")


async def all_killed(ground: Ground, chance: random.Random) -> None:
    """Every service at once, as when the machine goes down."""
    for service in SERVICES:
        ground.platform.kill(service)
    await release_leases(ground)
    for service in chance.sample(SERVICES, len(SERVICES)):
        ground.platform.start_service(service)


async def two_copies(ground: Ground, chance: random.Random) -> None:
    """A second copy of every service for a while; then one of the two is killed, whichever."""
    platform = ground.platform
    copies = {}
    for service in SERVICES:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        copies[service] = Child(
            f"second {service}",
            [sys.executable, "-m", f"services.{service}", "serve"],
            platform.directory / "log" / f"{service}-second.log",
            environment={**os.environ, **platform.environment(service), "SP_LISTEN_PORT": str(port)},
            cwd=PROJECT,
        )
    try:
        await asyncio.sleep(chance.uniform(5, 9))
        for service in chance.sample(SERVICES, 2):
            # Not the notifier: its other copy's leases are not to be told from those of the one killed.
            if service != "notifier":
                await kill_one(ground, service)
        await asyncio.sleep(chance.uniform(0, 3))
    finally:
        for child in copies.values():
            child.ask_to_stop()
        stopped = await asyncio.gather(*(asyncio.to_thread(child.wait_stopped, 30) for child in copies.values()))
    assert all(stopped), "a second copy had to be killed: it did not stop within 30 s"


async def mail_refused(ground: Ground, chance: random.Random) -> None:
    """The mail server takes nothing for hours of platform time."""
    refusing = ground.platform.mail_folder / REFUSAL
    refusing.write_text("451 4.3.2 try again later\n")
    try:
        for hours in (0.1, 1, 3):
            await asyncio.sleep(0.7)
            await ground.forward(timedelta(hours=hours))
    finally:
        refusing.unlink()
    await ground.forward(timedelta(days=1))


async def mail_server_killed(ground: Ground, chance: random.Random) -> None:
    platform = ground.platform
    assert platform._smtp is not None
    platform._smtp.kill()
    await asyncio.sleep(chance.uniform(0, 2))
    platform._start_mail()
    # What it had accepted it has kept; whether it said so for the last mails, nobody knows.
    ground.excused += 4
    await asyncio.sleep(1)
    await ground.forward(timedelta(minutes=2))


async def events_astray(ground: Ground, chance: random.Random) -> None:
    """Events are taken away and come back late, in another order, and twice: to everyone who listens."""
    readers = [await broker_connection(ground.platform.broker_url(service)) for service in SERVICES]
    speakers = {service: await broker_connection(ground.platform.broker_url(service)) for service in SERVICES}
    held: list[AbstractIncomingMessage] = []
    try:
        for service, reader in zip(SERVICES, readers, strict=True):
            channel = await reader.channel()
            await channel.set_qos(prefetch_count=1000)
            queue = await channel.declare_queue(f"{service}.events", passive=True)

            async def take(message: AbstractIncomingMessage) -> None:
                held.append(message)

            await queue.consume(take)
        await asyncio.sleep(chance.uniform(1, 3))
        exchanges = {
            name: await (await speaker.channel()).get_exchange(EVENTS, ensure=False)
            for name, speaker in speakers.items()
        }
        # What comes from here on is left unacknowledged, and goes back to its queue with the connection.
        taken = list(held)
        once = list({message.message_id: message for message in taken}.values())
        back = [*once, *once]
        chance.shuffle(back)
        for message in back:
            await exchanges[message.user_id or ""].publish(_again(message), message.routing_key or "")
        for message in taken:
            await message.ack()
    finally:
        for connection in (*readers, *speakers.values()):
            await connection.close()


def _again(message: AbstractIncomingMessage) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        type=message.type,
        user_id=message.user_id,
    )


async def unreadable(ground: Ground, chance: random.Random) -> None:
    """Nonsense in the queues: it is parked for a person, who drops it with a reason; the rest goes on."""
    listeners = ("agreements", "notifier", "invoicing")
    connection = await broker_connection(ground.platform.broker_url("registry"))
    async with connection:
        exchange = await (await connection.channel()).get_exchange(EVENTS, ensure=False)
        await exchange.publish(
            aio_pika.Message(b"\x00\xffnot json", user_id="registry"), routing_key="organisation.changed.v1"
        )

    async def not_parked() -> str | None:
        for service in listeners:
            if not await ground.ask(service, _PARKED):
                return f"{service} has not parked it"
        return None

    await until(not_parked, "the unreadable message is parked")
    for service in listeners:
        [row] = await ground.ask(service, _PARKED)
        await ground.world.operator(service, ["parked", "drop", str(row["id"]), "--reason", "nonsense of a test"])


_PARKED = "SELECT id FROM parked WHERE state = 'waiting' AND event_id IS NULL AND due_at IS NULL"

FAULTS: dict[str, Fault] = {
    "none": leave,
    "broker stopped": broker_stopped,
    "broker killed": broker_killed,
    "broker frozen": broker_frozen,
    "broker frozen 40 s": broker_frozen_long,
    "database stopped": database_stopped,
    "database killed": database_killed,
    "database frozen": database_frozen,
    "database frozen 15 s": database_frozen_long,
    **{f"{service} killed": service_killed(service) for service in SERVICES},
    "all services killed": all_killed,
    "two copies of every service": two_copies,
    "mail refused": mail_refused,
    "mail server killed": mail_server_killed,
    "events astray": events_astray,
    "unreadable message": unreadable,
}
