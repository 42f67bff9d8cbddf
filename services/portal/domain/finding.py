"""What a text that somebody looks up can be: a name, a number, an id, a mail address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.portal.domain.organisation_form import valid_mail

_UUID = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})\}?", re.IGNORECASE
)
_CALL = re.compile(r"[\x21-\x7e]{1,64}")
_NUMBERED = re.compile(r"[0-9a-fA-F: x-]{6,}|[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Hit:
    """Something that was found: its kind, its page, what it is called, and what tells it from others."""

    kind: str
    path: str
    title: str
    more: str


@dataclass(frozen=True)
class Sought:
    """What a text is taken for; several things at once where it can be."""

    text: str
    mail: bool = False
    uuid: str | None = None
    certificate: bool = False
    invoice: bool = False
    call: bool = False
    words: bool = False


def mail_in(text: str) -> str | None:
    """The mail address in a text, as mail programs write it beside a name too; None without one."""
    found = (word.strip("<>(),;:\"'") for word in text.split() if "@" in word)
    return next((word for word in found if valid_mail(word)), None)


def understand(text: str) -> Sought:
    """What the text can be."""
    clean = " ".join(text.split())
    if mail := mail_in(clean):
        return Sought(mail, mail=True)
    if found := _UUID.fullmatch(clean):
        digits = found[1].replace("-", "").lower()
        cut = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        # The holder's number of an OCES3 certificate is a UUID too.
        return Sought(clean, uuid=cut, certificate=True)
    labelled = any(
        word in clean.lower() for word in ("cvr:", "ui:dk-", "fid:", "uid:", "serial", "serie", "thumb", "aftryk")
    )
    return Sought(
        clean,
        certificate=labelled or bool(_NUMBERED.fullmatch(clean)),
        invoice=any(character.isdigit() for character in clean),
        call=bool(_CALL.fullmatch(clean)),
        words=len(clean) > 1 and any(character.isalpha() for character in clean),
    )
