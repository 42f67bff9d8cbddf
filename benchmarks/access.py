"""How long after a municipality approves may the system call? Asked over HTTP like anybody else, 50 times.

Aim: median under 250 ms. What must hold: were the approval there at once, the first question would be answered yes;
it may take no longer than ten questions do here.
"""

from __future__ import annotations

import statistics
import time

from benchmarks._stage import on_platform, told
from demo.chapters.agreements import seconds_until
from demo.chapters.people import person_at
from demo.chapters.systems import decision
from demo.world import World
from deploy.local.platform import Platform

TIMES = 50
AIM = 0.1


async def measure(_: Platform, world: World) -> None:
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
        found.append(await seconds_until(world, system, one.id, service, allowed=True))
    questions = []
    for one in asked:
        began = time.perf_counter()
        await decision(system, one.id, service)
        questions.append(time.perf_counter() - began)
    print(told("approve → access decision yes", found))
    print(told("one question", questions))
    print(f"access ratio={statistics.median(questions) / statistics.median(found):.2f} aim={AIM}")


def main() -> None:
    on_platform(measure)
