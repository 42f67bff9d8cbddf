"""One round: a system of its own, its agreements, a quarter of its calls, the invoices; and what must come of it.

What must come of it is worked out here, from the plan alone. Nothing in it depends on what breaks meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from clients.python import broker
from clients.python.call import Call
from clients.python.sender import CallSender
from clients.python.signing import Signer
from clients.python.token import TokenUnavailable
from demo.api import Refused
from demo.chapters.billing import GRACE
from demo.chapters.calls import _another_key, sender_of
from demo.truth import Truth
from demo.world import Municipality, System
from shared.quarters import Quarter
from tests.faults.ground import SERVER_AWAY, Ground, person_of, until

Phase = Literal["ask", "decide", "calls", "close"]
PHASES: tuple[Phase, ...] = ("ask", "decide", "calls", "close")
Decision = Literal["approve", "partly", "reject", "open", "terminate"]
SPREAD = 1.5
"""Seconds over which a phase's acts are spread, so that a fault finds the platform in the middle of them."""
BATCH = 5
CALLS, AGAIN, FORGED, WITHOUT, ENDED = 160, 12, 8, 8, 5


@dataclass
class Round:
    """`number` tells rounds on the same ground apart; all chance comes from `seed`."""

    ground: Ground
    seed: int
    number: int
    truth: Truth = field(default_factory=Truth)
    decisions: dict[str, Decision] = field(default_factory=dict)
    agreements: dict[str, str] = field(default_factory=dict)
    """Agreement ids by municipality id."""

    def __post_init__(self) -> None:
        self._chance = random.Random(f"round {self.seed}")
        self._reached = {phase: asyncio.Event() for phase in PHASES}
        kinds: list[Decision] = ["approve", "approve", "partly", "reject", "open", "terminate"]
        self._chance.shuffle(kinds)
        self.decisions = {one.id: kind for one, kind in zip(self.ground.asked, kinds, strict=True)}
        self.truth.prices = self.ground.world.truth.prices
        self.name = f"System {self.number}"
        self.system: System | None = None
        self.quarter: Quarter | None = None

    async def reached(self, phase: Phase) -> None:
        """Wait until the round has come to this phase."""
        await self._reached[phase].wait()

    def approved(self, municipality_id: str) -> list[str]:
        """The services a municipality approved, for ever or for a time."""
        kind = self.decisions[municipality_id]
        if kind in ("reject", "open"):
            return []
        return self.ground.services[:2] if kind == "partly" else self.ground.services

    async def play(self) -> None:
        """Play it to its end, whatever breaks meanwhile; returns when the quarter is billed."""
        ground = self.ground
        self.quarter = Quarter.of(await ground.world.now())
        self._reached["ask"].set()
        await self._register()
        await self._ask()
        self._reached["decide"].set()
        await self._spread([self._decision(one) for one in ground.asked])
        decided = await ground.world.now()
        await ground.move_clock(decided + timedelta(days=30))
        self._reached["calls"].set()
        await self._calls(decided + timedelta(days=4))
        await self._settled()
        self._reached["close"].set()
        await ground.move_clock(self.quarter.ends + GRACE + timedelta(hours=1))
        await until(self._unbilled, f"the invoices of {self.quarter}")
        ground.rounds.append(self)

    async def _spread(self, acts: Sequence[Awaitable[None]]) -> None:
        async def later(seconds: float, act: Awaitable[None]) -> None:
            await asyncio.sleep(seconds)
            await act

        await asyncio.gather(*(later(self._chance.uniform(0, SPREAD), act) for act in acts))

    async def _register(self) -> None:
        world, supplier = self.ground.world, self.ground.supplier
        now = await world.now()
        issued = world.authority.issue(
            "VOCES",
            cvr=supplier.facts.cvr,
            name=self.name,
            organisation=supplier.facts.name,
            valid_from=now - timedelta(days=1),
            valid_to=now + timedelta(days=400),
        )
        body = {"name": self.name, "environment": "production", "certificate": issued.certificate_pem.decode()}
        try:
            found = (await supplier.person.post("/registry/systems", body))["id"]
        except Refused as refused:
            # The first try came through, and its answer was lost.
            if refused.code != "certificate.already_used":
                raise
            listed = await supplier.person.get("/registry/systems", limit=200)
            [found] = [one["id"] for one in listed["items"] if one["name"] == self.name]
        self.system = System(found, self.name, supplier, "production", issued)

    async def _ask(self) -> None:
        ground, supplier = self.ground, self.ground.supplier
        assert self.system is not None
        order = {
            "system_id": self.system.id,
            "service_ids": ground.services,
            "municipality_ids": [one.id for one in ground.asked],
            "purpose": "Systemet slår oplysninger op, når en medarbejder åbner en sag.",
        }
        key = f"round-{self.number}"

        async def asked() -> str | None:
            try:
                request = await supplier.person.ask(
                    "POST", "/agreements/requests", json=order, headers={"Idempotency-Key": key}
                )
            except Refused as refused:
                # The news of the system has not come that far.
                if refused.code != "request.system_unknown":
                    raise
                return refused.code
            self.agreements = {one["municipality_id"]: one["id"] for one in request["agreements"]}
            return None

        await until(asked, "the request")

    async def _decision(self, one: Municipality) -> None:
        kind = self.decisions[one.id]
        if kind == "open":
            return
        if kind == "reject":
            await self._act(one, "reject", {"reason": "Systemet bruges ikke her."}, "rejected")
        else:
            body = {"service_ids": self.approved(one.id)} if kind == "partly" else {}
            await self._act(one, "approve", body, "approved")

    async def _act(self, one: Municipality, act: str, body: Mapping[str, object], state: str) -> None:
        path = f"/agreements/agreements/{self.agreements[one.id]}"
        try:
            await person_of(one).post(f"{path}/{act}", body)
        except Refused as refused:
            # The first try came through, and its answer was lost.
            if refused.status != 409:
                raise
            if (await person_of(one).get(path))["state"] != state:
                raise

    async def _calls(self, starts: datetime) -> None:
        assert self.system is not None
        ground, ends = self.ground, starts + timedelta(days=20)
        approved = [one for one in ground.asked if self.approved(one.id)]
        without = [one for one in ground.asked if not self.approved(one.id)]
        good = [self._call(self._chance.choice(approved), starts, ends) for _ in range(CALLS)]
        again = self._chance.sample(good, AGAIN)
        refused = [self._call(self._chance.choice(without), starts, ends) for _ in range(WITHOUT)]
        forged = [self._call(self._chance.choice(approved), starts, ends) for _ in range(FORGED)]
        for call in good:
            self._counts(call)
        for outcome, calls in (("duplicate", again), ("access.none", refused), ("signature.not_valid", forged)):
            for call in calls:
                self.truth.call(call.municipality, outcome)
        sender = await self._connected(sender_of(ground.world, self.system))
        forger = await self._connected(sender_of(ground.world, self.system))
        forger.signer = Signer(self.system.issued.certificate_pem, _another_key())
        sender._batch = forger._batch = BATCH
        parts = [good[at : at + BATCH * 4] for at in range(0, CALLS, BATCH * 4)]
        await self._spread(
            [
                *(sender.send(part) for part in parts),
                sender.send(again),
                sender.send(refused),
                forger.send(forged),
            ]
        )
        await self._terminated(sender)
        for one in (sender, forger):
            await one.__aexit__(None, None, None)

    async def _terminated(self, sender: CallSender) -> None:
        """One municipality terminates; of what is called afterwards, its calls are refused and the others' count."""
        ground = self.ground
        [leaving] = [one for one in ground.asked if self.decisions[one.id] == "terminate"]
        staying = [one for one in ground.asked if self.decisions[one.id] in ("approve", "partly")]
        await self._act(leaving, "terminate", {"reason": "Kontrakten er ophørt."}, "terminated")
        ended = await ground.world.now()
        # A call that metering judges before it has heard of the end is judged as if there were none.
        await until(lambda: self._still_open(leaving), "metering has heard that the agreement ended")
        await ground.move_clock(ended + timedelta(days=10))
        span = ended + timedelta(days=1), ended + timedelta(days=9)
        after = [self._call(leaving, *span) for _ in range(ENDED)]
        more = [self._call(self._chance.choice(staying), *span) for _ in range(ENDED * 4)]
        for call in after:
            self.truth.call(call.municipality, "access.ended")
        for call in more:
            self._counts(call)
        await sender.send([*after, *more])

    async def _still_open(self, one: Municipality) -> str | None:
        try:
            found = await self.ground.ask(
                "metering",
                "SELECT id FROM grants WHERE source_id = $1 AND NOT upper_inf(valid)",
                uuid.UUID(self.agreements[one.id]),
            )
        except SERVER_AWAY as error:
            return str(error)
        return None if len(found) == len(self.ground.services) else f"{len(found)} grants have ended"

    def _counts(self, call: Call) -> None:
        quarter = str(self.quarter)
        billed = (quarter, self.ground.supplier.facts.name, self.name, call.service, quarter)
        self.truth.call(call.municipality, "counted", billed)

    def _call(self, one: Municipality, starts: datetime, ends: datetime) -> Call:
        at = starts + timedelta(seconds=self._chance.randrange(int((ends - starts).total_seconds())))
        return Call(
            id=str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            time=at,
            service=self._chance.choice(self.approved(one.id) or self.ground.services),
            municipality=one.id,
        )

    @staticmethod
    async def _connected(sender: CallSender) -> CallSender:
        async def connected() -> str | None:
            try:
                await sender.__aenter__()
            except (TokenUnavailable, *broker.FAILURES) as error:
                return f"{type(error).__name__}: {error}"
            return None

        await until(connected, "the system's link to the broker")
        return sender

    def wanted(self) -> dict[str, dict[str, int]]:
        """For each municipality what must have become of its calls."""
        return {whose: self.truth.by_outcome(whose) for whose in sorted(self.truth.sent)}

    async def found(self) -> dict[str, dict[str, int]]:
        """For each municipality what metering says became of its calls."""
        told = await self.ground.world.desk.get("/metering/reconciliation", quarter=str(self.quarter))
        return {
            row["municipality"]: dict(
                +Counter({"counted": row["counted"], "duplicate": row["duplicates"], **row["refused"]})
            )
            for row in told["municipalities"]
        }

    async def _settled(self) -> None:
        async def unsettled() -> str | None:
            found, wanted = await self.found(), self.wanted()
            if found == wanted:
                return None
            return str(
                {
                    one: (found.get(one), wanted.get(one))
                    for one in found | wanted
                    if found.get(one) != wanted.get(one)
                }
            )

        await until(unsettled, f"round {self.number} (seed {self.seed}): what became of the calls (found, wanted)")

    async def _unbilled(self) -> str | None:
        due = self.truth.billed_in(str(self.quarter))
        told = await self.ground.world.desk.get("/invoicing/billing", quarter=str(self.quarter))
        if told["states"] == {"invoiced": len(due)}:
            return None
        return str([(one["state"], one["sentence"]) for one in told["municipalities"]])
