"""Which mail goes to whom, and what it says."""

from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.smtp import Mailbox
from shared.contracts import agreements
from shared.contracts.event import Interval
from shared.contracts.notifier import NoticeSent
from tests.flows.notifier.conftest import PDF, SECRET, XML, PostOffice, World, document, one_line, plain


async def test_a_request_tells_the_municipality_who_asks_for_what_and_what_a_yes_means(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    event = world.requested(expected_calls_per_quarter=12_500)
    await office.hear(*world.both(), event)

    assert await office.send_due() == 1

    [mail] = mailbox.messages()
    assert mail["To"] == "digital@aabenraa.example"
    assert mail["From"] == "Serviceplatformen <ingen-svar@serviceplatform.example>"
    assert mail["Subject"] == "Anmodning om serviceaftale fra Nordlys IT (Omsorg)"
    told = one_line(mail)
    for wanted in (
        "Nordlys IT anmoder Aabenraa Kommune om en serviceaftale",
        "Anmodet: 23. november 2026 kl. 13.00",
        "- CPR Opslag 1 - CPR Opslag 2",
        "> Opslag ved sagsbehandling i hjemmeplejen",
        "omkring 12.500 opslag pr. kvartal",
        "Aabenraa Kommune betaler for opslagene",
        "En underskriftsberettiget fra Aabenraa Kommune følger linket",
        f"https://platform.example/serviceaftale/{event.agreement.id}",
        "Du får denne mail, fordi Aabenraa Kommune har valgt denne postkasse til adviser",
        "https://platform.example",
        str(event.agreement.id),
    ):
        assert wanted in told, wanted
    [said] = await office.said(NoticeSent)
    assert (said.notice.kind, said.notice.about_id) == ("agreement_requested", event.agreement.id)
    assert (said.notice.organisation_id, said.notice.attempts) == (world.municipality, 1)


async def test_a_mails_headers_say_that_a_machine_sent_it_and_about_what(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    event = world.requested()
    await office.hear(*world.both(), event)
    await office.send_due()

    [mail] = mailbox.messages()
    [notice] = await office.notices()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Serviceplatform-Event"] == "agreement.requested.v1"
    assert mail["X-Serviceplatform-About"] == str(event.agreement.id)
    assert mail["Message-ID"] == f"<{notice['id']}@serviceplatform.example>"
    assert mail["MIME-Version"] == "1.0"
    assert mail.get_content_type() == "multipart/alternative"
    sent_at = parsedate_to_datetime(mail["Date"])
    assert abs((office.running.clock.now() - sent_at).total_seconds()) < 60
    [path] = mailbox.files()
    lines = path.read_bytes().split(b"\r\n")
    assert max(len(line) for line in lines) <= 78
    assert path.read_bytes().isascii()


async def test_without_a_mailbox_a_request_goes_to_those_who_can_act(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(
        world.organisation(world.municipality, mailbox=None),
        world.person("admin@aabenraa.example", "administrator"),
        world.person("borgmester@aabenraa.example", "signatory"),
        world.person("bogholder@aabenraa.example", "economy"),
        world.person("gammel@aabenraa.example", "signatory", active=False),
        world.person("anden@kommune.example", "signatory", at=uuid4()),
        world.requested(),
    )

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["To"] == "admin@aabenraa.example, borgmester@aabenraa.example"
    assert "fordi du er administrator eller underskriftsberettiget for Aabenraa Kommune" in one_line(mail)


async def test_a_decision_is_told_to_the_suppliers_administrators_where_it_has_no_mailbox(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(
        world.organisation(world.supplier, mailbox=None),
        world.person("chef@nordlys.example", "administrator", at=world.supplier),
        world.person("sagsbehandler@nordlys.example", "user", at=world.supplier),
        world.approved("approved"),
    )

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["To"] == "chef@nordlys.example"


async def test_an_approval_tells_the_supplier_the_ids_that_calls_name(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    event = world.approved("approved", "approved")
    await office.hear(*world.both(), event)

    await office.send_due()

    [mail] = mailbox.messages()
    told = event.agreement
    assert mail["To"] == "aftaler@nordlys.example"
    assert mail["Subject"] == "Serviceaftale godkendt: Aabenraa Kommune (Omsorg)"
    lines = plain(mail).splitlines()
    for line in (
        f"Serviceaftale: {told.id}",
        f"It-system: {told.system_id}",
        f"Kommune: {told.municipality_id}",
        *(f"{service.service_name}: {service.service_id}" for service in told.lines),
    ):
        assert line in lines, line


async def test_a_partial_approval_says_which_services_were_rejected(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    event = world.approved("approved", "rejected")
    await office.hear(*world.both(), event)

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["Subject"].startswith("Serviceaftale delvist godkendt")
    told = plain(mail)
    assert "AFVISTE SERVICES\n\n- CPR Opslag 2" in told
    assert str(event.agreement.lines[0].service_id) in told
    assert str(event.agreement.lines[1].service_id) not in told


async def test_a_rejection_carries_the_municipalitys_reason(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    told = world.agreement(
        state="rejected",
        lines=world.lines("rejected"),
        reason="For bredt.\nSend igen.",
        decided_at="2026-11-24T12:00Z",
    )
    await office.hear(*world.both(), agreements.AgreementRejected(agreement=told))

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["To"] == "aftaler@nordlys.example"
    assert "> For bredt.\n> Send igen." in plain(mail)


async def test_a_withdrawal_is_told_to_the_municipality(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    await office.hear(*world.both(), agreements.AgreementWithdrawn(agreement=world.agreement(state="withdrawn")))

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["To"] == "digital@aabenraa.example"
    assert "I skal ikke gøre noget" in one_line(mail)


async def test_a_reminder_says_that_it_is_one(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    await office.hear(*world.both(), agreements.AgreementNoticeResent(agreement=world.agreement()))

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["Subject"].startswith("Påmindelse: anmodning om serviceaftale")
    assert mail["X-Serviceplatform-Event"] == "agreement.notice_resent.v1"


@pytest.mark.parametrize(
    ("by", "told", "who"),
    [
        ("municipality", {"aftaler@nordlys.example"}, "Aabenraa Kommune har opsagt"),
        ("supplier", {"digital@aabenraa.example"}, "Nordlys IT har opsagt"),
        (
            "operator",
            {"aftaler@nordlys.example", "digital@aabenraa.example"},
            "Serviceplatformens helpdesk har opsagt",
        ),
    ],
)
async def test_a_termination_is_told_to_who_did_not_do_it(
    office: PostOffice, mailbox: Mailbox, world: World, *, by: agreements.By, told: set[str], who: str
) -> None:
    await office.hear(*world.both(), world.terminated(by))

    await office.send_due()

    mails = mailbox.messages()
    assert {mail["To"] for mail in mails} == told
    assert len(mails) == len(told)
    for mail in mails:
        assert who in one_line(mail)
        assert "> Kontrakten er ophørt" in plain(mail)
        assert "CPR Opslag 1" in plain(mail)
        assert "CPR Opslag 2" not in plain(mail)


async def test_an_organisation_on_both_sides_is_told_once(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    world.supplier = world.municipality
    await office.hear(world.organisation(world.municipality), world.terminated("operator"))

    assert await office.send_due() == 1


async def test_a_trial_connection_is_told_with_its_ids(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    service = uuid4()
    trial = agreements.Trial(
        id=uuid4(),
        sequence=1,
        supplier_id=world.supplier,
        supplier_name="Nordlys IT",
        system_id=uuid4(),
        system_name="Omsorg test",
        municipality_id=uuid4(),
        municipality_name="Testkommunen",
        lines=(agreements.TrialLine(service_id=service, service_name="CPR Opslag 1"),),
        state="open",
        valid=(Interval(starts=office.running.clock.now()),),
    )
    await office.hear(*world.both(), agreements.TrialOpened(trial=trial))

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["Subject"] == "Prøvetilslutning åbnet: Omsorg test"
    lines = plain(mail).splitlines()
    assert f"CPR Opslag 1: {service}" in lines
    assert f"Kommune (Testkommunen): {trial.municipality_id}" in lines


async def test_an_invoice_goes_to_its_own_mailbox_with_both_files_whole_and_leaves_none_behind(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    told = world.organisation(world.municipality, invoice_mailbox="faktura@aabenraa.example")
    await office.hear(told, world.dispatched())
    assert len(await office.fetch("SELECT FROM document")) == 2

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["To"] == "faktura@aabenraa.example"
    assert mail["Subject"] == "Faktura FAK-000001 fra Serviceplatformen: Aabenraa Kommune, 4. kvartal 2026"
    assert "Beløb inkl. moms: 12.345,60 kr." in plain(mail)
    assert "Betales senest: 3. februar 2027" in plain(mail)
    files: list[Any] = list(mail.iter_attachments())
    assert [(file.get_filename(), file.get_content_type(), file.get_payload(decode=True)) for file in files] == [
        ("FAK-000001.pdf", "application/pdf", PDF),
        ("FAK-000001.xml", "application/xml", XML),
    ]
    assert await office.fetch("SELECT FROM document") == []


@pytest.mark.parametrize(
    ("mailboxes", "to"),
    [
        ({"invoice_mailbox": "f@aabenraa.example", "mailbox": "m@aabenraa.example"}, "f@aabenraa.example"),
        ({"mailbox": "m@aabenraa.example"}, "m@aabenraa.example"),
        ({"mailbox": None}, "faktura-fra-kopien@aabenraa.example"),
    ],
)
async def test_where_an_invoice_goes(
    office: PostOffice, mailbox: Mailbox, world: World, mailboxes: dict[str, Any], to: str
) -> None:
    await office.hear(world.organisation(world.municipality, **mailboxes), world.dispatched())

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["To"] == to


async def test_an_invoices_filenames_can_not_lead_astray(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    files = (document("../../etc/x\r\nBcc: a@b.dk.pdf", "application/pdf", b"%PDF"),)
    event = world.dispatched()
    dispatch = event.dispatch.model_copy(update={"documents": files})
    await office.hear(world.organisation(world.municipality), event.model_copy(update={"dispatch": dispatch}))

    await office.send_due()

    [mail] = mailbox.messages()
    [file] = mail.iter_attachments()
    assert file.get_filename() == ".._.._etc_x__Bcc_ a_b.dk.pdf"
    assert mail["Bcc"] is None


@pytest.mark.parametrize("purpose", ["invitation", "reset"])
async def test_a_one_time_link_is_sent_and_then_stands_nowhere(
    office: PostOffice, mailbox: Mailbox, world: World, purpose: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    event = world.link(purpose)
    await office.hear(event)
    assert SECRET in await office.whole_database()

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["To"] == "signe@aabenraa.example"
    assert SECRET in plain(mail)
    assert "Hej Signe Sørensen" in plain(mail)
    assert "Signe" not in mail["Subject"]
    left = await office.whole_database()
    for secret in (SECRET, "hemmeligt-link", "Signe"):
        assert secret not in left
    told = capfd.readouterr()
    for secret in ("hemmeligt-link", "Signe", "signe@"):
        assert secret not in told.out + told.err
    [said] = await office.said(NoticeSent)
    assert (said.notice.organisation_id, said.notice.about_id) == (None, event.link.user_id)


async def test_a_hostile_name_adds_neither_headers_nor_markup(
    office: PostOffice, mailbox: Mailbox, world: World, tmp_path: Path
) -> None:
    hostile = 'Nordlys\r\nBcc: alle@example.dk\r\n\r\n<script>alert("x")</script>\u2028\u202e'
    await office.hear(*world.both(), world.requested(supplier_name=hostile, system_name="Omsorg\nX-Evil: 1"))

    await office.send_due()

    [mail] = mailbox.messages()
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert len(mail.get_all("To", [])) == 1
    page = mail.get_body(("html",))
    assert page is not None
    assert "<script" not in page.get_content()
    assert "&lt;script&gt;" in page.get_content()
    assert not any(line.startswith(("Bcc:", "X-Evil:")) for line in plain(mail).splitlines())
