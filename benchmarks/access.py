"""How long after a municipality approves may the system call? Asked over HTTP like anybody else, 50 times.

Aim: median under 250 ms. What must hold: the way there (decision, event, grant) needs four durable writes one after
the other (decision, the broker's log, grant, relay); it may take ten times as long as those alone take here.
"""

from __future__ import annotations

import statistics

from benchmarks._stage import durable_commits, on_platform, told
from demo.chapters.agreements import seconds_until
from demo.chapters.people import person_at
from demo.world import World
from deploy.local.platform import Platform

TIMES = 50
WRITES = 4
AIM = 0.1


async def measure(platform: Platform, world: World) -> None:
    system = world.systems["Omsorg"]
    service = world.services[1].id
    asked = world.municipalities[:TIMES]
    people = [await person_at(world, one) for one in asked]
    request = await system.supplier.person.post(
        "/agreements/requests",
        {
            "system_id": system.id,
            "service_ids": [service],
            "municipality_ids": [one.id for one in asked],
            "purpose": "Måling af hvor hurtigt en godkendelse virker.",
        },
    )
    agreement_of = {one["municipality_id"]: one["id"] for one in request["agreements"]}
    await world.mails.wait("agreement.requested.v1", least=TIMES)
    found = []
    for one, person in zip(asked, people, strict=True):
        await person.post(f"/agreements/agreements/{agreement_of[one.id]}/approve")
        found.append(await seconds_until(system, one.id, service, allowed=True))
    floor = WRITES * statistics.median(await durable_commits(platform, 200))
    print(told("approve → access decision yes", found))
    print(f"{WRITES} durable writes in a row: {floor * 1000:.1f} ms")
    print(f"access ratio={floor / statistics.median(found):.2f} aim={AIM}")


def main() -> None:
    on_platform(measure)
