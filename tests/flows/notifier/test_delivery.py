"""Mail servers that refuse, vanish or are slow, copies that are killed, events that come twice or out of order."""

import asyncio
import email
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from deploy.local.smtp import Mailbox
from services.notifier.domain.delivery import SCHEDULE
from services.notifier.jobs import send_mails
from shared.contracts.notifier import NoticeFailed, NoticeSent
from tests import tokens
from tests.flows.notifier.conftest import SECRET, PostOffice, World, opened
from tests.flows.notifier.servers import Temper, own_certificate, server, unused_port
from tests.servers import DatabaseServer, ServiceDatabase


def message_ids(temper: Temper) -> list[str]:
    return [str(email.message_from_bytes(content)["Message-ID"]) for _, content in temper.taken]


async def end_leases(database: ServiceDatabase) -> None:
    """As if the time of every lease had passed."""
    connection = await asyncpg.connect(database.url)
    await connection.execute("UPDATE notice SET leased_until = clock_timestamp() - interval '1 second'")
    await connection.close()


async def test_the_same_event_twice_is_one_mail(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    event, event_id = world.requested(), uuid4()
    await office.hear(*world.both())
    for _ in range(3):
        await office.hear(event, event_id=event_id)

    await office.send_due()

    assert len(mailbox.files()) == 1


async def test_a_notice_that_overtakes_its_organisation_waits_for_it(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(world.requested())
    assert await office.send_due() == 1
    [waiting] = await office.notices()

    await office.hear(world.organisation(world.municipality))
    await office.send_due()

    assert (waiting["state"], waiting["failure"]) == ("queued", "organisation_unknown")
    assert [mail["To"] for mail in mailbox.messages()] == ["digital@aabenraa.example"]


async def test_an_older_address_that_comes_later_is_not_taken(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    person = uuid4()
    await office.hear(
        world.organisation(world.municipality, sequence=3, mailbox=None),
        world.organisation(world.municipality, sequence=2, mailbox="gammel@aabenraa.example"),
        world.person("ny@aabenraa.example", "administrator", person=person, sequence=2),
        world.person("gammel@aabenraa.example", "administrator", person=person, sequence=1),
        world.requested(),
    )

    await office.send_due()

    assert [mail["To"] for mail in mailbox.messages()] == ["ny@aabenraa.example"]


async def test_the_address_is_the_one_of_the_moment_it_is_sent(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(*world.both(), world.requested())
    await office.hear(world.organisation(world.municipality, sequence=2, mailbox="ny@aabenraa.example"))

    await office.send_due()

    assert [mail["To"] for mail in mailbox.messages()] == ["ny@aabenraa.example"]


async def test_without_any_address_a_notice_fails_visibly_and_is_sent_when_there_is_one(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(world.organisation(world.municipality, mailbox=None), world.requested())

    await office.send_due()

    [failed] = await office.notices(state="failed")
    assert failed["failure"] == "no_address"
    assert "register a mailbox or invite an administrator" in failed["reason"]
    [said] = await office.said(NoticeFailed)
    assert (said.notice.state, said.notice.sequence) == ("failed", 2)
    await office.hear(world.person("admin@aabenraa.example", "administrator"))
    await office.send_due()
    assert [mail["To"] for mail in mailbox.messages()] == ["admin@aabenraa.example"]
    [sent] = await office.said(NoticeSent)
    assert sent.notice.sequence == 4


async def test_an_old_notice_is_not_sent_because_an_address_came_months_later(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(world.organisation(world.municipality, mailbox=None), world.requested())
    await office.send_due()
    await office.move_clock(timedelta(days=6))

    await office.hear(world.organisation(world.municipality, sequence=2))

    assert await office.send_due() == 0


async def test_a_refusal_for_now_is_tried_again_by_the_schedule_with_the_same_message_id(
    notifier_database: ServiceDatabase, world: World
) -> None:
    temper = Temper(data=["451 4.7.1 greylisted", "450 still"])
    async with server(temper) as port, opened(notifier_database, port) as office:
        await office.hear(*world.both(), world.requested())
        assert await office.send_due() == 1
        [notice] = await office.notices()
        assert (notice["state"], notice["failure"]) == ("queued", "refused_for_now")
        assert await office.send_due() == 0

        await office.move_clock(SCHEDULE[0])
        assert await office.send_due() == 1
        await office.move_clock(SCHEDULE[0])
        assert await office.send_due() == 0, "the second wait is longer than the first"
        await office.move_clock(SCHEDULE[1])
        assert await office.send_due() == 1

        assert message_ids(temper) == [f"<{notice['id']}@serviceplatform.example>"]
        [said] = await office.said(NoticeSent)
        assert said.notice.attempts == 3


async def test_after_the_last_attempt_a_notice_has_failed_and_says_so_without_addresses(
    notifier_database: ServiceDatabase, world: World
) -> None:
    temper = Temper(recipients={"digital@aabenraa.example": "450 <digital@aabenraa.example>: mailbox full"})
    async with server(temper) as port, opened(notifier_database, port) as office:
        await office.hear(*world.both(), world.requested())
        assert await office.send_due() == 1
        for wait in SCHEDULE:
            assert await office.fetch("SELECT FROM outbox") == []
            await office.move_clock(wait)
            assert await office.send_due() == 1

        [said] = await office.said(NoticeFailed)
        assert said.notice.attempts == len(SCHEDULE) + 1
        assert "mailbox full" in said.notice.reason
        assert "aabenraa" not in said.notice.reason
        [notice] = await office.notices()
        answer = await office.client.get(f"/notices/{notice['id']}", headers=tokens.as_helpdesk())
        timeline = [entry["what"] for entry in answer.json()["timeline"]]
        assert timeline == ["queued", *["deferred"] * len(SCHEDULE), "failed"]


@pytest.mark.parametrize(
    "temper",
    [
        Temper(recipients={"digital@aabenraa.example": "550 no such mailbox"}),
        Temper(data=["554 looks like spam"]),
    ],
    ids=["recipient", "mail"],
)
async def test_a_refusal_for_good_fails_at_once(
    notifier_database: ServiceDatabase, world: World, temper: Temper
) -> None:
    async with server(temper) as port, opened(notifier_database, port) as office:
        await office.hear(*world.both(), world.requested(), world.approved("approved"))

        await office.send_due()

        [failed] = await office.notices(state="failed")
        assert (failed["failure"], failed["attempts"]) == ("refused", 1)
        assert len(temper.taken) == 1, "the other mail goes out on the same run"


async def test_what_part_of_the_addressees_refused_is_sent_to_the_others(
    notifier_database: ServiceDatabase, world: World
) -> None:
    temper = Temper(recipients={"a@aabenraa.example": "550 gone"})
    async with server(temper) as port, opened(notifier_database, port) as office:
        await office.hear(
            world.organisation(world.municipality, mailbox=None),
            world.person("a@aabenraa.example", "administrator"),
            world.person("b@aabenraa.example", "signatory"),
            world.requested(),
        )

        await office.send_due()

        assert [to for to, _ in temper.taken] == [["b@aabenraa.example"]]
        [sent] = await office.notices(state="sent")
        assert sent["reason"] == "1 of 2 addresses were refused"


async def test_a_server_that_is_away_is_waited_for_and_all_is_sent_once_it_is_back(
    notifier_database: ServiceDatabase, world: World
) -> None:
    port = unused_port()
    async with opened(notifier_database, port) as office:
        await office.hear(*world.both(), *(world.requested() for _ in range(3)))
        assert await office.send_due() == 3
        assert {notice["failure"] for notice in await office.notices(state="queued")} == {"server_away"}
        assert await office.send_due() == 0

    temper = Temper()
    async with server(temper, port=port), opened(notifier_database, port) as office:
        await office.fetch("UPDATE notice SET due_at = due_at + interval '6 hours'")
        await office.hear(world.approved("approved"))
        await office.fetch(
            "UPDATE notice SET due_at = created_at WHERE id = (SELECT id FROM notice ORDER BY number LIMIT 1)"
        )
        # The first that gets through brings forward what waited hours for the server.
        assert await office.send_due() == 4
        assert await office.notices(state="queued") == []
    assert len(temper.taken) == 4


async def test_killed_between_sending_and_marking_it_is_sent_again_with_the_same_id(
    notifier_database: ServiceDatabase, world: World
) -> None:
    temper = Temper()
    temper.hold = asyncio.Event()
    async with server(temper) as port, opened(notifier_database, port) as office:
        await office.hear(*world.both(), world.requested())
        dying = asyncio.create_task(office.sending().send_next())
        await temper.arrived.wait()
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying
        temper.hold.set()
        temper.hold = None
        assert await office.send_due() == 0, "while the lease runs nobody else sends it"
        assert await office.said() == []

        await end_leases(notifier_database)
        assert await office.send_due() == 1

        first, second = message_ids(temper)
        assert first == second
        [said] = await office.said(NoticeSent)
        assert said.notice.attempts == 2


async def test_a_database_that_goes_away_while_a_mail_is_handed_over_makes_no_second_mail(
    notifier_database: ServiceDatabase, database_server: DatabaseServer, world: World
) -> None:
    temper, name = Temper(), notifier_database.name
    temper.hold = asyncio.Event()
    admin = await asyncpg.connect(database_server.admin_url)
    async with server(temper) as port, opened(notifier_database, port) as office:
        await office.hear(*world.both(), world.requested())
        sending = asyncio.create_task(office.sending().send_next())
        await temper.arrived.wait()
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        await admin.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        temper.hold.set()
        await asyncio.sleep(0.3)
        assert not sending.done(), "the mail is out, and nobody knows it yet"

        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
        assert await sending
        await end_leases(notifier_database)
        assert await office.send_due() == 0

        assert len(temper.taken) == 1
        assert len(await office.said(NoticeSent)) == 1
    await admin.close()


async def test_a_slow_copy_that_lost_its_lease_does_not_mark_what_another_sent(
    notifier_database: ServiceDatabase, world: World
) -> None:
    slow, quick = Temper(), Temper()
    slow.hold = asyncio.Event()
    async with (
        server(slow) as slow_port,
        server(quick) as quick_port,
        opened(notifier_database, slow_port) as one,
        opened(notifier_database, quick_port) as other,
    ):
        await one.hear(*world.both(), world.requested())
        late = asyncio.create_task(one.sending().send_next())
        await slow.arrived.wait()
        await end_leases(notifier_database)
        assert await other.send_due() == 1
        slow.hold.set()
        assert await late

        assert len(await one.said(NoticeSent)) == 1
        [notice] = await one.notices()
        assert (notice["state"], notice["attempts"]) == ("sent", 2)


async def test_two_copies_send_each_of_many_mails_once(notifier_database: ServiceDatabase, world: World) -> None:
    temper = Temper()
    async with (
        server(temper) as port,
        opened(notifier_database, port) as one,
        opened(notifier_database, port) as other,
    ):
        await one.hear(*world.both(), *(world.requested() for _ in range(120)))
        running = [asyncio.create_task(send_mails(office.running)) for office in (one, other)]
        while await one.fetch("SELECT FROM notice WHERE state <> 'sent'"):  # noqa: ASYNC110 - the database has no event
            await asyncio.sleep(0.05)
        for office in (one, other):
            office.running.stopping.set()
        await asyncio.gather(*running)

        counted = Counter(message_ids(temper))
        assert len(counted) == 120
        assert set(counted.values()) == {1}
        assert len(await one.said(NoticeSent)) == 120


async def test_a_link_that_expired_is_not_sent_and_is_erased(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(world.link("reset", expires_at=datetime.now(UTC) + timedelta(hours=1)))
    await office.move_clock(timedelta(hours=2))

    await office.send_due()

    assert mailbox.files() == []
    [failed] = await office.notices(state="failed")
    assert failed["failure"] == "link_expired"
    assert SECRET not in await office.whole_database()


async def test_a_link_that_was_refused_for_good_is_erased(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    mailbox.refuse("550 no such mailbox")
    await office.hear(world.link())

    await office.send_due()

    assert SECRET not in await office.whole_database()
    [notice] = await office.notices()
    answer = await office.client.post(f"/notices/{notice['id']}/retry", headers=tokens.as_helpdesk())
    assert (answer.status_code, answer.json()["code"]) == (409, "notice.content_erased")


async def test_an_address_that_is_none_is_not_handed_to_the_server(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    told = world.link()
    bad = told.link.model_copy(update={"email": "a@b.example>\r\nRCPT TO:<c@d.example"})
    await office.hear(told.model_copy(update={"link": bad}))

    await office.send_due()

    [failed] = await office.notices(state="failed")
    assert failed["failure"] == "no_address"
    assert mailbox.files() == []


async def test_an_international_domain_is_sent_to_in_its_plain_form(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(world.organisation(world.municipality, mailbox="post@ærø.example"), world.requested())

    await office.send_due()

    assert [mail["To"] for mail in mailbox.messages()] == ["post@xn--r-3fa9c.example"]


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_with_tls_mails_travel_encrypted_to_a_trusted_server_only(
    notifier_database: ServiceDatabase,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    way: str,
) -> None:
    temper = Temper()
    context, trusted = own_certificate(tmp_path)
    tls, starttls = (context, None) if way == "tls" else (None, context)
    async with (
        server(temper, tls=tls, starttls=starttls) as port,
        opened(notifier_database, port, smtp_tls=way) as office,
    ):
        await office.hear(*world.both(), world.requested())
        await office.send_due()
        [notice] = await office.notices()
        assert (notice["failure"], temper.taken) == ("server_away", [])

        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        await office.move_clock(SCHEDULE[0])
        await office.send_due()

    assert temper.encrypted == [True]


async def test_a_server_without_starttls_gets_nothing_in_the_clear(
    notifier_database: ServiceDatabase, world: World
) -> None:
    temper = Temper()
    async with server(temper) as port, opened(notifier_database, port, smtp_tls="starttls") as office:
        await office.hear(world.link())

        await office.send_due()

        assert temper.taken == []
        assert (await office.notices())[0]["failure"] == "server_away"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_wrong_password_costs_no_notice(notifier_database: ServiceDatabase, world: World) -> None:
    temper = Temper()

    def right(login: bytes, password: bytes) -> bool:
        return (login, password) == (b"notifier", b"rigtig")

    async with server(temper, sign_in=right) as port:
        wrong = {"smtp_user": "notifier", "smtp_password": SecretStr("forkert")}
        async with opened(notifier_database, port, **wrong) as office:
            await office.hear(*world.both(), world.requested())
            await office.send_due()
            [notice] = await office.notices()
            assert (notice["state"], notice["failure"]) == ("queued", "server_away")
            assert "535" in notice["reason"]
        async with opened(notifier_database, port, **{**wrong, "smtp_password": SecretStr("rigtig")}) as office:
            await office.move_clock(SCHEDULE[0] * 2)
            await office.send_due()

    assert len(temper.taken) == 1


async def test_a_text_that_can_not_be_written_does_not_stop_the_others(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(*world.both(), world.requested(), world.approved("approved"))
    await office.fetch("UPDATE notice SET content = content - 'purpose' WHERE kind = 'agreement_requested'")

    await office.send_due()

    assert [mail["X-Serviceplatform-Event"] for mail in mailbox.messages()] == ["agreement.approved.v1"]
    [waiting] = await office.notices(state="queued")
    assert waiting["failure"] == "not_written"
