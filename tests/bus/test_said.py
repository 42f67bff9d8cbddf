"""What is kept of the events that were published, so that they can be said again."""

from __future__ import annotations

import importlib
from datetime import timedelta
from uuid import UUID, uuid4

from deploy.rabbitmq.definitions import listens
from shared import outbox
from shared.contracts import EVENTS
from shared.contracts.agreements import AgreementApproved
from shared.contracts.event import Event
from shared.contracts.registry import Link, UserLinkIssued
from tests.bus.stage import LISTENS, created, see, stage
from tests.conftest import MakeBroker, MakeDatabase


def link() -> UserLinkIssued:
    """A one-time link, of which the registry keeps no copy for long."""
    told = {
        "id": uuid4(),
        "sequence": 1,
        "user_id": uuid4(),
        "email": "bo@firma.example",
        "name": "Bo",
        "organisation_name": "Firma",
        "purpose": "reset",
        "url": "https://platform.example/links/x",
        "expires_at": "2027-01-02T00:00:00Z",
    }
    return UserLinkIssued(link=Link.model_validate(told))


def test_what_one_would_miss_is_kept_or_restated() -> None:
    for listener, events in listens().items():
        for event in events:
            noun = event.type.partition(".")[0]
            restates = importlib.import_module(f"services.{event.speaker}.__main__").SERVICE.restate
            assert event.kept or noun in restates, f"{listener} would miss {event.type} for good"
    assert EVENTS[UserLinkIssued.type].kept <= timedelta(minutes=10), "it lets its reader in"
    assert AgreementApproved.kept > timedelta(days=3), "a weekend passes before somebody looks"


async def test_only_what_is_acted_on_is_kept_and_only_for_its_time(
    make_database: MakeDatabase, make_broker: MakeBroker
) -> None:
    speaker, listener = await make_database("registry"), await make_database("notifier")
    broker = await make_broker({"notifier": [*LISTENS["notifier"], UserLinkIssued]})
    async with stage(speaker, listener, broker, dict.fromkeys(LISTENS["notifier"], see)) as on:
        said = await on.say(created(), link(), created())
        async with on.speaker.pool.acquire() as connection:
            assert await on.relay.publish(connection) == 3  # type: ignore[arg-type]
            assert await outbox.kept(connection, "registry") == [(said[1], UserLinkIssued.type)]  # type: ignore[arg-type]
            now = on.speaker.clock.real_now()
            for later, dropped in ((timedelta(minutes=9), 0), (timedelta(minutes=11), 1)):
                assert await outbox.forget_said(connection, "registry", real_now=now + later) == dropped  # type: ignore[arg-type]


async def test_what_is_said_again_is_the_same_event_and_heard_once(
    make_database: MakeDatabase, make_broker: MakeBroker
) -> None:
    speaker, listener = await make_database("registry"), await make_database("notifier")
    events: list[type[Event]] = [*LISTENS["notifier"], UserLinkIssued]
    broker = await make_broker({"notifier": events})
    heard: list[UUID] = []

    async def hear(_: object, event: UserLinkIssued) -> None:
        heard.append(event.link.id)

    async with stage(speaker, listener, broker, {UserLinkIssued: hear}) as on, on.running():
        first, second = link(), link()
        ids = await on.say(first, second)
        await on.until(on.listener, "SELECT count(*) FROM inbox", 2)
        await on.until(on.speaker, "SELECT count(*) FROM said", 2)
        async with on.listener.pool.acquire() as connection:
            await connection.execute("DELETE FROM inbox WHERE event_id = $1", ids[1])
        async with on.speaker.transaction() as tx:
            assert await outbox.say_again(tx.connection, [*ids, uuid4()], now=tx.now) == 2

        await on.until(on.listener, "SELECT count(*) FROM inbox", 2)
        await on.until(on.speaker, "SELECT count(*) FROM outbox", 0)

        assert sorted(heard) == sorted([first.link.id, second.link.id, second.link.id])
        assert await on.count(on.speaker, "said") == 2
