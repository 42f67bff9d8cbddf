"""The story goes on whatever breaks, and ends as it would have without: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random

import pytest

from tests.faults.ground import Ground, Recovered
from tests.faults.harm import FAULTS, Harm
from tests.faults.proof import prove
from tests.faults.round import PHASES, Phase, Round

# The driver of the supplier's client leaves one behind where a broker is frozen while it connects.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <coroutine object Connection.close:pytest.PytestUnraisableExceptionWarning"
)

SHORT: tuple[tuple[int, list[tuple[Phase, str]]], ...] = (
    (1, [("decide", "database killed"), ("calls", "events astray"), ("close", "all services killed")]),
    (2, [("decide", "broker killed"), ("calls", "database frozen"), ("calls", "metering killed")]),
)
"""A few of each kind, always the same."""


@pytest.mark.timeout(400, func_only=True)
async def test_a_few_faults(ground: Ground, tell_recoveries: Recovered) -> None:
    harm = Harm(ground)
    for number, (seed, faults) in enumerate(SHORT, 1):
        await harm.play(Round(ground, seed, number), faults)
        await prove(ground)
    tell_recoveries(harm.recoveries)


@pytest.mark.timeout(3600, func_only=True)
@pytest.mark.skipif("SP_PROVE" not in os.environ, reason="the long form; make prove")
async def test_many_faults(ground: Ground, tell_recoveries: Recovered) -> None:
    """SP_FAULT_SEEDS=7 (or 7,9) plays those seeds alone, as they were played when they failed."""
    seeds = [int(seed) for seed in os.environ.get("SP_FAULT_SEEDS", "").split(",") if seed]
    harm = Harm(ground)
    for number, seed in enumerate(seeds or range(100, 100 + LONG), 1):
        faults = chosen(seed)
        try:
            await harm.play(Round(ground, seed, number), faults)
            await prove(ground)
        except BaseException as error:
            error.add_note(f"again: SP_PROVE=1 SP_FAULT_SEEDS={seed} pytest tests/faults/test_story.py ({faults})")
            raise
        finally:
            tell_recoveries(harm.recoveries)
            harm.recoveries = []


LONG = 26


def chosen(seed: int) -> list[tuple[Phase, str]]:
    """The faults of a seed: every kind comes up in turn, each with another one beside it, at any time."""
    chance = random.Random(f"chosen {seed}")
    names = list(FAULTS)
    first = names[seed % len(names)]
    return [(chance.choice(PHASES), first), (chance.choice(PHASES), chance.choice(names))]
