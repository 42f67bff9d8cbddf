"""Browser sessions: begun at sign-in, found by the cookie, renewed while in use, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from services.portal import store
from services.portal.apis import Apis, Away, Refused
from services.portal.domain import session as rules
from services.portal.domain.session import Oldest, SignedIn
from services.portal.settings import PortalSettings
from services.portal.store import Stored
from shared import logs
from shared.audit import Actor
from shared.clock import Clock
from shared.database import Database

log = logs.get(__name__)


@dataclass(frozen=True)
class Session:
    """A session in use: the cookie's secret, who is signed in, and what the next page is to begin with."""

    secret: str
    signed_in: SignedIn
    begun_at: datetime
    told: str | None = None

    @property
    def id(self) -> bytes:
        return rules.id_of(self.secret)

    @property
    def form_token(self) -> str:
        return rules.form_token(self.secret)


def real_now(clock: Clock) -> datetime:
    """Real time: sessions and tokens hold in real time, whatever a demonstration's clock says."""
    return datetime.fromtimestamp(clock.real(), UTC)


def oldest(settings: PortalSettings, now: datetime) -> Oldest:
    """Which sessions are over."""
    return Oldest.at(now, idle_minutes=settings.session_idle_minutes, hours=settings.session_hours)


async def begin(
    database: Database, answer: dict[str, Any], agent: str, *, begun_at: datetime | None = None
) -> Session:
    """A new session, with a secret of its own, for what the registry answered to a sign-in."""
    now = real_now(database.clock)
    session = Session(rules.new_secret(), SignedIn.of(answer), begun_at or now)
    async with database.transaction() as tx:
        sealed = rules.seal(session.secret, session.signed_in)
        person_id = session.signed_in.person_id
        await store.add(tx.connection, session.id, person_id, sealed, agent[:255], begun_at=session.begun_at, now=now)
        await tx.record(_actor(session), "session.begin", session.signed_in.organisation_id)
    return session


async def find(database: Database, settings: PortalSettings, apis: Apis, secret: str) -> Session | None:
    """The cookie's session, its sign-in renewed where it ends soon; None when it is over.

    While the registry does not answer, the sign-in there is goes on until its end. Raises Away after that.
    """
    now = real_now(database.clock)
    async with database.reading() as connection:
        stored = await store.find(connection, rules.id_of(secret), oldest(settings, now))
    if stored is None:
        return None
    signed_in = rules.unseal(secret, stored.sealed)
    if signed_in is None:
        return None
    session = Session(secret, signed_in, stored.begun_at, rules.unseal_sentence(secret, stored.told))
    if signed_in.must_renew(now):
        try:
            renewed = await _renewed(database, apis, session)
        except Away:
            if signed_in.expires_at <= now:
                raise
        else:
            return None if renewed is None else replace(session, signed_in=renewed)
    if stored.told is not None or (now - stored.seen_at).total_seconds() >= rules.SEEN_SECONDS:
        async with database.transaction() as tx:
            await store.see(tx.connection, session.id, now=now)
    return session


async def act_for(database: Database, apis: Apis, session: Session, organisation_id: str, agent: str) -> Session:
    """The session, acting for another of the person's organisations: with a new secret, the old one ended.

    Raises Refused.
    """
    registry = apis.ask("registry", session.signed_in.token)
    answer = await registry.post("/sign-in/organisation", {"organisation_id": organisation_id})
    chosen = await begin(database, answer, agent, begun_at=session.begun_at)
    await end(database, session)
    return chosen


async def seconds_left(database: Database, settings: PortalSettings, secret: str) -> int:
    """How long the cookie's session still lasts if nothing more is asked for; asking this does not prolong it."""
    now = real_now(database.clock)
    async with database.reading() as connection:
        stored = await store.find(connection, rules.id_of(secret), oldest(settings, now))
    if stored is None:
        return 0
    ends_at = rules.ends_at(
        stored.begun_at, stored.seen_at, idle_minutes=settings.session_idle_minutes, hours=settings.session_hours
    )
    return max(0, int((ends_at - now).total_seconds()))


async def of_person(database: Database, settings: PortalSettings, session: Session) -> Sequence[Stored]:
    """All the sessions of the person whose this one is."""
    now = real_now(database.clock)
    async with database.reading() as connection:
        return await store.of_person(connection, session.signed_in.person_id, oldest(settings, now))


async def end_one(database: Database, session: Session, session_id: bytes) -> None:
    """End one of the person's sessions, named by its id; nothing happens when it is over or another person's."""
    async with database.transaction() as tx:
        if await store.end(tx.connection, session_id, session.signed_in.person_id):
            await tx.record(_actor(session), "session.end", session.signed_in.organisation_id)


async def end_others(database: Database, session: Session) -> None:
    """End all the person's sessions but this one."""
    async with database.transaction() as tx:
        await store.end_others(tx.connection, session.id, session.signed_in.person_id)
        await tx.record(_actor(session), "session.end_others", session.signed_in.organisation_id)


async def end(database: Database, session: Session) -> None:
    """Sign out: the session is gone, and its cookie opens nothing any more."""
    async with database.transaction() as tx:
        if await store.end(tx.connection, session.id, session.signed_in.person_id):
            await tx.record(_actor(session), "session.end", session.signed_in.organisation_id)


async def tell(database: Database, session: Session, sentence: str) -> None:
    """Have the next page begin with this sentence."""
    async with database.transaction() as tx:
        await store.tell(tx.connection, session.id, rules.seal_sentence(session.secret, sentence))


async def forget(database: Database, settings: PortalSettings) -> None:
    """Remove the sessions that are over."""
    async with database.transaction() as tx:
        await store.forget(tx.connection, oldest(settings, real_now(database.clock)))


async def _renewed(database: Database, apis: Apis, session: Session) -> SignedIn | None:
    signed_in = session.signed_in
    try:
        answer = await apis.ask("registry", signed_in.token).post(
            "/sign-in/organisation", {"organisation_id": str(signed_in.organisation_id)}
        )
    except Refused as refused:
        if refused.status not in {401, 403}:
            raise
        # They may no longer act here, or stayed away too long: the session is over.
        log.info("session_not_renewed", code=refused.code)
        await end(database, session)
        return None
    renewed = SignedIn.of(answer)
    async with database.transaction() as tx:
        sealed = rules.seal(session.secret, renewed)
        await store.reseal(tx.connection, session.id, sealed, now=real_now(database.clock))
    return renewed


def _actor(session: Session) -> Actor:
    return Actor("person", str(session.signed_in.person_id), session.signed_in.organisation_id)
