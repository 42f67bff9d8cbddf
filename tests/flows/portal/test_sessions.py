"""Browser sessions on a real database: how long they last, what prolongs them, and who ends which."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.portal.actions import session as sessions
from services.portal.actions.session import Session
from services.portal.settings import PortalSettings
from shared.clock import Clock
from shared.database import Database, connect
from tests.conftest import MakeDatabase
from tests.unit.portal.test_session import ANSWER

SERVICES = ("registry", "agreements", "notifier", "metering", "invoicing")


@dataclass(frozen=True)
class Portal:
    """The portal's sessions; no service is asked, as long as no token ends soon."""

    database: Database
    settings: PortalSettings

    async def begin(self, person: int = 1, **how: Any) -> Session:
        return await sessions.begin(self.database, self.answer(person), "Firefox", **how)

    def answer(self, person: int) -> dict[str, Any]:
        now = self.database.clock.real_now()
        told = {**ANSWER["person"], "id": str(UUID(int=person))}
        return {**ANSWER, "person": told, "expires_at": (now + timedelta(minutes=15)).isoformat()}

    async def left(self, session: Session) -> int:
        return await sessions.seconds_left(self.database, self.settings, session.secret)

    async def age(self, session: Session, column: str, minutes: int) -> None:
        """As if it had been begun or seen so much longer ago."""
        await self.database.pool.execute(
            f"UPDATE sessions SET {column} = {column} - $2::interval WHERE id = $1",
            session.id,
            timedelta(minutes=minutes),
        )


@pytest.fixture
async def portal(make_database: MakeDatabase) -> AsyncIterator[Portal]:
    made = await make_database("portal")
    told: dict[str, Any] = {
        "database_url": SecretStr(made.url),
        "broker_url": SecretStr("amqp://portal:unused@127.0.0.1:1/none"),
        "listen_port": 1,
        "public_url": "https://platform.example",
        "jwks_url": "http://127.0.0.1:1/unused",
        **{f"{service}_url": "http://127.0.0.1:1/unused" for service in SERVICES},
    }
    database = await connect(made.url, connections=4, clock=Clock("live"), speaker="portal")
    yield Portal(database, PortalSettings(**told))
    await database.pool.close()


async def test_it_lasts_half_an_hour_unused_and_asking_how_long_does_not_prolong_it(portal: Portal) -> None:
    session = await portal.begin()
    fresh = await portal.left(session)
    await portal.age(session, "seen_at", 29)
    asked = [await portal.left(session) for _ in range(2)]
    await portal.age(session, "seen_at", 1)

    assert 29 * 60 < fresh <= 30 * 60
    assert all(0 < seconds <= 60 for seconds in asked)
    assert await portal.left(session) == 0


async def test_a_visit_prolongs_it_but_not_past_the_day(portal: Portal) -> None:
    session = await portal.begin()
    await portal.age(session, "seen_at", 25)
    found = await sessions.find(portal.database, portal.settings, apis=None, secret=session.secret)  # type: ignore[arg-type]
    prolonged = await portal.left(session)
    await portal.age(session, "begun_at", 10 * 60 - 5)

    assert found is not None
    assert prolonged > 29 * 60
    assert 0 < await portal.left(session) <= 5 * 60


async def test_one_that_takes_anothers_place_is_as_old(portal: Portal) -> None:
    first = await portal.begin()
    second = await portal.begin(begun_at=first.begun_at - timedelta(hours=9, minutes=50))

    assert second.secret != first.secret
    assert 0 < await portal.left(second) <= 10 * 60


async def test_one_ends_ones_own_sessions_and_nobody_elses(portal: Portal) -> None:
    here, phone, old = await portal.begin(), await portal.begin(), await portal.begin()
    foreign = await portal.begin(person=2)

    await sessions.end_one(portal.database, here, foreign.id)
    await sessions.end_one(portal.database, here, phone.id)
    listed = [one.id for one in await sessions.of_person(portal.database, portal.settings, here)]
    await sessions.end_others(portal.database, here)

    assert set(listed) == {here.id, old.id}
    assert [await portal.left(one) > 0 for one in (here, phone, old, foreign)] == [True, False, False, True]


async def test_an_unknown_secret_has_no_time_left(portal: Portal) -> None:
    assert await sessions.seconds_left(portal.database, portal.settings, "nothing") == 0
