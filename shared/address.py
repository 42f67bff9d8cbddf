"""Mail addresses: those that any mail server takes, and that can stand in a mail's header as they are."""

from __future__ import annotations

import re

LONGEST = 254
"""Characters (RFC 5321, 4.5.3.1.3, less the angle brackets)."""
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Whether a text is an address (local part in ASCII) that can stand in a mail's header."""
    return wire_address(text) is not None


def wire_address(text: str) -> str | None:
    """The address as mail servers take it, an international domain in its ASCII form; None if it is no address."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > LONGEST or not _LOCAL.fullmatch(local):
        return None
    try:
        plain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    fit = all(_LABEL.fullmatch(label) for label in plain.split("."))
    return f"{local}@{plain}" if fit else None


def mailable(text: str) -> str:
    """The text itself, if it is an address. Raises ValueError."""
    if not is_address(text):
        raise ValueError("no mail can be sent to this address; before the @ it has letters a to z, digits and signs")
    return text
