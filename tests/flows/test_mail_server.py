"""The mail server of the demonstration: what it keeps, what it calls it, and how it refuses."""

import sys
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from deploy.local.failures import StartError
from deploy.local.places import PROJECT
from deploy.local.ports import LOOPBACK, free_block
from deploy.local.processes import Child
from deploy.local.smtp import Mailbox


def mail(to: str = "anna@kommune.example", subject: str = "Ny aftale") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "platform@serviceplatform.example"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Kære Anna\n\nSmørrebrød på Ærø.\n")
    message.add_attachment(b"%PDF-1.7 not really", maintype="application", subtype="pdf", filename="faktura.pdf")
    return message


async def send(box: Mailbox, message: EmailMessage) -> None:
    await aiosmtplib.send(message, hostname=box.host, port=box.port)


async def test_a_mail_is_kept_whole_under_a_readable_name(mailbox: Mailbox) -> None:
    await send(mailbox, mail(subject="Anmodning om 3 aftaler: godkend på Ærø"))
    (kept,) = mailbox.messages()

    assert [file.name for file in mailbox.files()] == [
        "00001-anna-at-kommune.example-anmodning-om-3-aftaler-godkend-paa-aeroe.eml"
    ]
    assert kept["Subject"] == "Anmodning om 3 aftaler: godkend på Ærø"
    body, attachment = kept.get_body(), next(kept.iter_attachments())
    assert body is not None
    assert "Smørrebrød på Ærø." in body.get_content()
    assert attachment.get_content() == b"%PDF-1.7 not really"


async def test_mails_are_numbered_on_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        async with Mailbox(tmp_path) as box:
            await send(box, mail())
            await send(box, mail())

    assert [file.name[:5] for file in box.files()] == ["00001", "00002", "00003", "00004"]


@pytest.mark.parametrize("subject", ["", "../../etc/passwd", "…", "a" * 300])
async def test_no_subject_leads_out_of_the_folder(mailbox: Mailbox, subject: str) -> None:
    await send(mailbox, mail(subject=subject))
    (file,) = mailbox.files()

    assert file.parent == mailbox.folder
    assert len(file.name) < 120


@pytest.mark.parametrize(("answer", "code"), [("451 try later", 451), ("550 no such mailbox", 550)])
async def test_refused_mails_are_not_kept_and_accepted_ones_are_again(
    mailbox: Mailbox, answer: str, code: int
) -> None:
    mailbox.refuse(answer)
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(mailbox, mail())
    kept_while_refusing = mailbox.files()
    mailbox.refuse(None)
    await send(mailbox, mail())

    assert refused.value.code == code
    assert kept_while_refusing == []
    assert len(mailbox.files()) == 1


async def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    port = free_block().smtp
    command = [sys.executable, "-m", "deploy.local.smtp", f"--port={port}", f"--folder={tmp_path / 'mail'}"]
    server = Child("The mail server", command, tmp_path / "smtp.log", cwd=PROJECT)
    try:
        server.wait_until(lambda: "keeping mails" in (tmp_path / "smtp.log").read_text(), 30)
        await aiosmtplib.send(mail(), hostname=LOOPBACK, port=port)
        second = Child("The second", command, tmp_path / "second.log", cwd=PROJECT)
        with pytest.raises(StartError) as refused:
            second.wait_until(lambda: False, 30)
    finally:
        stopped_by_itself = server.stop()

    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
    assert f"The mail server can't run on 127.0.0.1:{port} in {tmp_path}" in str(refused.value)
    assert "Address already in use." in str(refused.value)
    assert stopped_by_itself
    assert server.exit_code() == 0
