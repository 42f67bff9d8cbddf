"""How long after a call is published does the municipality see it on its overview? Asked over HTTP, 50 times.

Aim: median under 2 s. What must hold: a call is counted, told (every quarter of a second) and priced; that may take
three times as long as the telling's own pause and the six durable writes on the way take here by themselves.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import timedelta

from benchmarks._stage import durable_commits, on_platform, told
from clients.python.call import Call
from demo.chapters.agreements import seconds_until
from demo.chapters.calls import sender_of
from demo.chapters.people import person_at
from demo.world import World, check
from deploy.local.platform import Platform

TIMES = 50
WRITES = 6
TELL_SECONDS = 0.25
AIM = 0.33
GIVE_UP_SECONDS = 10


async def measure(platform: Platform, world: World) -> None:
    system, one, service = world.systems["Omsorg"], world.municipalities[0], world.services[1].id
    person = await person_at(world, one)
    request = await system.supplier.person.post(
        "/agreements/requests",
        {
            "system_id": system.id,
            "service_ids": [service],
            "municipality_ids": [one.id],
            "purpose": "Måling af hvor hurtigt et kald kan ses.",
        },
    )
    await person.post(f"/agreements/agreements/{request['agreements'][0]['id']}/approve")
    await seconds_until(world, system, one.id, service, allowed=True)
    # The calls are made after the approval, and not ahead of the platform's clock.
    await world.move_clock(await world.now() + timedelta(seconds=2))
    found = []
    async with sender_of(world, system) as sender:
        for number in range(1, TIMES + 1):
            call = Call(service=service, municipality=one.id, time=await world.now())
            began = time.perf_counter()
            await sender.send([call])
            while (await person.get("/invoicing/overview"))["calls"] < number:
                check(time.perf_counter() - began < GIVE_UP_SECONDS, f"call {number} is not on the overview")
                await asyncio.sleep(0.01)
            found.append(time.perf_counter() - began)
    # On average a count waits half of the pause between two tellings.
    floor = TELL_SECONDS / 2 + WRITES * statistics.median(await durable_commits(platform, 200))
    print(told("call published → visible on the overview", found))
    print(f"half a telling's pause and {WRITES} durable writes: {floor * 1000:.0f} ms")
    print(f"overview ratio={floor / statistics.median(found):.2f} aim={AIM}")


def main() -> None:
    on_platform(measure)
