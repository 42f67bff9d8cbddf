"""Whatever is sent, in whatever order, twice or by two copies: sent = counted + duplicates + refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.metering.actions import rejudging
from shared.contracts.calls import Arrival
from shared.contracts.event import Interval
from tests.conftest import MakeDatabase
from tests.flows.metering.conftest import LONG_AGO, START, Keys, Metering, SetClock, World, known_id, started

NEWS = ["system", "certificate", "ours", "theirs"]
CALL = st.tuples(
    st.integers(0, 11),
    st.sampled_from(["", "", "", "Skole"]),
    st.sampled_from(["ours", "ours", "theirs", "nobody's"]),
)
SEND = st.tuples(
    st.just("send"),
    st.integers(0, 1),
    st.lists(CALL, min_size=1, max_size=6),
    st.sampled_from(["well", "well", "well", "well", "forged", "bare"]),
)
STEP = st.one_of(
    SEND,
    SEND,
    SEND,
    st.tuples(st.just("again"), st.integers(0, 1), st.integers(0, 30)),
    st.tuples(st.just("hear"), st.integers(0, 1), st.sampled_from([*NEWS, "end"])),
    st.tuples(st.just("judge"), st.integers(0, 1)),
    st.tuples(st.just("seal"), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 65])),
)
STORIES = st.tuples(
    st.sampled_from([NEWS, NEWS, NEWS[:3], NEWS[:2], []]),
    st.lists(st.lists(STEP, min_size=1, max_size=4), min_size=4, max_size=10),
)
"""What is known at first, and what is then done, a few acts at once; the rest becomes known halfway."""


@dataclass
class Play:
    """What was done, and what must hold of it whatever metering made of it."""

    world: World
    copies: list[Metering]
    sent: list[Arrival] = field(default_factory=list)
    calls: int = 0
    contents: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    ended: int = 1

    def municipality(self, whose: str) -> str:
        return {"ours": str(self.world.municipality), "theirs": str(known_id("theirs")), "nobody's": "12345678"}[
            whose
        ]

    def act(self, step: Any) -> Coroutine[Any, Any, None] | None:
        copy = self.copies[step[1]] if step[0] != "wait" else self.copies[0]
        match step[0]:
            case "send":
                return copy.take(self._message(step[2], step[3]))
            case "again":
                return copy.take(self.sent[step[2] % len(self.sent)]) if self.sent else None
            case "hear":
                return copy.hear(self.news(step[2]))
            case "judge":
                return copy.judge_again()
            case "seal":
                return copy.seal()
            case _:
                copy.clock.at += timedelta(days=step[1])
                return None

    def _message(self, chosen: list[tuple[int, str, str]], how: str) -> Arrival:
        calls = [
            self.world.call(f"id-{number}", accounting_info=key, municipality=self.municipality(whose))
            for number, key, whose in chosen
        ]
        for call in calls:
            self.contents.setdefault(call.id, set()).add((call.accounting_info, call.municipality))
        changes = {"bare": {"signature": None}, "forged": {"signature": self._forged()}}.get(how, {})
        message = self.world.arrival(calls, str(uuid4()), **changes)
        self.sent.append(message)
        self.calls += len(calls)
        return message

    def _forged(self) -> str:
        return self.world.keys.signer.detached(b"something else")

    def news(self, what: str) -> Any:
        match what:
            case "system":
                return self.world.registered()
            case "certificate":
                return self.world.bound()
            case "ours":
                return self.world.granted()
            case "theirs":
                return self.world.granted(
                    municipality_id=known_id("theirs"),
                    municipality_cvr="29189846",
                    source_id=known_id("their agreement"),
                )
            case _:
                self.ended += 1
                ended = Interval(starts=LONG_AGO, ends=START + timedelta(days=self.ended))
                return self.world.granted(ended, sequence=self.ended)

    async def check(self) -> Counter[str]:
        """Whether all adds up; says how much there was of what."""
        first = self.copies[0]
        await first.judge_again()
        async with first.running.database.transaction() as tx:
            await rejudging.want_all(tx)
        lifted = await rejudging.judge_again(first.running.database, first.running.settings.late)
        assert lifted == 0, "news was there, and a refusal it lifts was not judged again"
        everything = (await first.balance())["everything"]
        assert everything["sent"] == self.calls
        assert everything["equal"], everything
        claims = await first.fetch("SELECT event_id FROM claims")
        records = await first.fetch("SELECT event_id, billing_quarter FROM records")
        ids = Counter(row["event_id"] for row in records)
        assert set(ids.values()) <= {1}, "an id was counted twice"
        assert ids.keys() == {row["event_id"] for row in claims}
        assert everything["counted"] == len(records)
        by_quarter = Counter(row["billing_quarter"] for row in records)
        sealed = await first.fetch("SELECT quarter, calls FROM sealed_quarters")
        for row in sealed:
            assert by_quarter[row["quarter"]] == row["calls"], "a sealed quarter changed"
        differ = await first.fetch(
            "SELECT FROM (SELECT grant_id, count(*) AS calls FROM records GROUP BY 1) r"
            " FULL JOIN (SELECT grant_id, sum(calls) AS calls FROM counts GROUP BY 1) c USING (grant_id)"
            " WHERE r.calls IS DISTINCT FROM c.calls"
        )
        assert not differ
        [settled] = await first.fetch("SELECT count(*) AS calls FROM refusals WHERE state <> 'refused'")
        return Counter(
            counted=everything["counted"],
            duplicate=everything["duplicates"],
            refused=everything["refused"],
            lifted=settled["calls"],
            sealed=sum(row["calls"] for row in sealed),
        )


async def test_everything_sent_is_counted_repeated_or_refused(
    make_database: MakeDatabase, some_keys: list[Keys]
) -> None:
    database = await make_database("metering")
    clock = SetClock(START)
    loop = asyncio.get_running_loop()
    async with started(database, clock) as one, started(database, clock) as two:
        seen = Counter[str]()

        async def play(known: list[str], groups: list[list[Any]]) -> None:
            await _forget_all(database.owner_url)
            clock.at = START
            acted = Play(World(some_keys[0]), [one, two])
            await asyncio.gather(*(one.hear(acted.news(what)) for what in known))
            late = [("hear", index % 2, what) for index, what in enumerate(NEWS) if what not in known]
            groups[len(groups) // 2] += late
            for group in groups:
                await asyncio.gather(*(doing for step in group if (doing := acted.act(step)) is not None))
            seen.update(await acted.check())

        @settings(
            max_examples=25, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(story=STORIES)
        def everything(story: tuple[list[str], list[list[Any]]]) -> None:
            asyncio.run_coroutine_threadsafe(play(*story), loop).result(60)

        await asyncio.to_thread(everything)

    # The stories did contain what they are about.
    assert min(seen[what] for what in ("counted", "duplicate", "refused", "lifted", "sealed")) > 0, seen


async def _forget_all(owner_url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(owner_url)
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace AND nspname = 'public'"
            " WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN ('migrations', 'clock')"
        )
        await connection.execute(f"TRUNCATE {', '.join(row['relname'] for row in tables)} CASCADE")
    finally:
        await connection.close()
