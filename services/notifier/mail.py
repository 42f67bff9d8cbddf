"""A notice as a mail: headers nobody can add to, UTF-8, lines of a length every server takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from uuid import UUID

from services.notifier.letter import Letter
from services.notifier.store import Document


class _MailPolicy(EmailPolicy):
    """RFC 5322 lines, and no header that begins with an empty one: some readers show that as a blank."""

    def fold_binary(self, name: str, value: str) -> bytes:
        folded = super().fold_binary(name, value)
        return folded.replace(b":\r\n ", b": ", 1) if folded.startswith(f"{name}:\r\n ".encode()) else folded


_POLICY = _MailPolicy(linesep="\r\n")
_UNFIT = re.compile(r"[^\w.() -]", re.ASCII)


def message_id(notice_id: UUID, sender: str) -> str:
    """The mail's id: the same at every attempt, so that a mail sent twice shows as one."""
    return f"<{notice_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"


def compose(
    letter: Letter,
    *,
    sender: str,
    addresses: Sequence[str],
    notice_id: UUID,
    event_type: str,
    about_id: UUID,
    written_at: datetime,
    documents: Sequence[Document] = (),
) -> bytes:
    """The mail's bytes as they go to the server. `written_at` is platform time."""
    mail = EmailMessage(policy=_POLICY)
    name, own = parseaddr(sender)
    mail["From"] = Address(name, addr_spec=own)
    mail["To"] = tuple(Address(addr_spec=address) for address in addresses)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(written_at)
    mail["Message-ID"] = message_id(notice_id, sender)
    # RFC 3834, and what Exchange goes by: no out-of-office answers to a machine.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Serviceplatform-Event"] = event_type
    mail["X-Serviceplatform-About"] = str(about_id)
    mail.set_content(letter.text, subtype="plain", charset="utf-8", cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", charset="utf-8", cte="quoted-printable")
    for document in documents:
        main, _, sub = document.media_type.partition("/")
        mail.add_attachment(
            document.content, maintype=main, subtype=sub, filename=_UNFIT.sub("_", document.filename), cte="base64"
        )
    return mail.as_bytes()
