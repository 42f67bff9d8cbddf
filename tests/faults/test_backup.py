"""Everything is lost in the middle of a story; what a backup brings back on empty servers carries on with it."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from demo import story
from demo.chapters.billing import GRACE
from demo.chapters.calls import sender_of
from demo.mails import Mails
from deploy.backup import backup
from deploy.local.platform import Platform, forget
from deploy.local.ports import free_block
from shared.contracts import SERVICES
from shared.quarters import Quarter
from tests.faults.conftest import end
from tests.faults.ground import Ground, settle_down, until
from tests.faults.proof import prove
from tests.faults.round import Round

FIRST_CALLS = 40


async def some_calls(one: Round, starts: datetime) -> None:
    """Calls sent, and counted, before everything is lost."""
    ends = starts + timedelta(days=2)
    approved = [municipality for municipality in one.ground.asked if one.approved(municipality.id)]
    calls = [one._call(one._chance.choice(approved), starts, ends) for _ in range(FIRST_CALLS)]
    for call in calls:
        one._counts(call)
    assert one.system is not None
    sender = await one._connected(sender_of(one.ground.world, one.system))
    await sender.send(calls)
    await sender.__aexit__(None, None, None)
    await one._settled()


async def move_without(ground: Ground, to: datetime, *away: str) -> None:
    """Move platform time while some services are away; they hear of it when they are back."""
    await ground.world.desk.post("/registry/clock", {"to": to.isoformat()})
    for service in SERVICES:
        if service not in away:
            await until(lambda service=service: ground._behind(service, to), "the clock")  # type: ignore[misc]


def moved(old: Path, new: Path) -> None:
    """What is no part of the databases: the installation's own keys, the authorities it trusts, and sent mails."""
    new.mkdir()
    for name in ("authority", "mail"):
        shutil.copytree(old / name, new / name)
    shutil.copy2(old / "registry-signing-key.pem", new)


@pytest.mark.timeout(600, func_only=True)
@pytest.mark.skipif("SP_PROVE" not in os.environ, reason="the long form; make prove")
def test_a_backup_carries_on_on_empty_servers(tmp_path: Path, alone: None) -> None:
    lost, found, kept = tmp_path / "lost", tmp_path / "found", tmp_path / "backup"
    lost.mkdir()
    story.prepare(lost)
    base = free_block().edge
    try:
        with asyncio.Runner() as runner:
            with Platform(lost, base) as platform:
                one = runner.run(until_all_is_lost(platform, kept))
                end(platform)
            moved(lost, found)
            forget(lost)
            with Platform(found, base, restore=kept) as platform:
                runner.run(carry_on(platform, one))
                end(platform)
    finally:
        for place in (lost, found):
            forget(place)


async def until_all_is_lost(platform: Platform, kept: Path) -> Round:
    """A round played to its end, and half of another; then a backup is made."""
    ground = await settle_down(platform)
    await Round(ground, 1, 1).play()
    await prove(ground)
    one = Round(ground, 2, 2)
    one.quarter = Quarter.of(await ground.world.now())
    await one._register()
    await one._ask()
    await until(lambda: mailed(ground, one), "the requests' mails")
    # From here on these two fall behind: what they are told stays with the broker, and is lost with it.
    platform.stop_service("notifier")
    platform.stop_service("invoicing")
    await one._spread([one._decision(municipality) for municipality in ground.asked])
    decided = await ground.world.now()
    await move_without(ground, decided + timedelta(days=30), "notifier", "invoicing")
    await some_calls(one, decided + timedelta(days=1))
    await backup.make(backup.databases(platform.postgres.admin_url), kept)
    return one


async def carry_on(platform: Platform, one: Round) -> None:
    """The second half, on servers that know only what the backup held."""
    ground = one.ground
    ground.platform = platform
    ground.world.mails = Mails(platform.mail_folder)
    ground.world.folder = platform.directory
    await until(ground.unready, "the services are ready")
    now = await ground.world.now()
    await until(lambda: heard(ground, now), "the clock")
    await one._calls(now - timedelta(days=25))
    await one._settled()
    assert one.quarter is not None
    await ground.move_clock(one.quarter.ends + GRACE + timedelta(hours=1))
    await until(one._unbilled, "the invoices")
    ground.rounds.append(one)
    await prove(ground)
    await ground.world.api.close()


async def heard(ground: Ground, now: datetime) -> str | None:
    """Which service has not heard of the time yet; None when all have."""
    behind = [await ground._behind(service, now) for service in SERVICES]
    return next((one for one in behind if one is not None), None)


async def mailed(ground: Ground, one: Round) -> str | None:
    """Which of the request's mails are not sent; None when all are."""
    rows = await ground.ask("notifier", "SELECT count(*) FROM notice WHERE state = 'queued'")
    sent = [mail for mail in ground.world.mails.all() if mail["X-Serviceplatform-About"] in one.agreements.values()]
    missing = len(ground.asked) - len(sent)
    return f"{missing} mails, {rows[0][0]} queued" if missing or rows[0][0] else None
