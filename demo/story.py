"""The whole story, chapter by chapter."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from demo.authority import Authority
from demo.chapters import agreements, billing, calls, people, report, systems
from demo.world import World

AUTHORITY = "authority"
SIGN_INS = "sign-ins.txt"


def prepare(directory: Path) -> Authority:
    """The instance's certificate authority, made at first start; the registry trusts its `trust_directory`."""
    folder = directory / AUTHORITY
    if (folder / "authority.json").exists():
        return Authority.open(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return Authority.create(folder, datetime.now(UTC))


async def play(world: World) -> None:
    """Play it. Raises StoryFailed or AssertionError, naming what is not as it must be."""
    await people.play(world)
    await systems.play(world)
    found = await agreements.play(world)
    sent = await calls.play(world, found)
    billed = await billing.play(world, found, sent)
    await report.play(world, sent, billed)
    _write_sign_ins(world)


def _write_sign_ins(world: World) -> None:
    for municipality in world.municipalities:
        if municipality.signatory is not None and municipality.facts.code in {"0101", "0751"}:
            person = municipality.signatory
            world.sign_ins.append((f"municipality {municipality.name}", person.email, person.password))
    lines = [f"  {role:<38} {email:<50} {password}" for role, email, password in world.sign_ins]
    path = world.folder / SIGN_INS
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
