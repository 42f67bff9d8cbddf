"""Addresses of the portal's own pages: where it may lead people on to, and with which filter."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit
from uuid import UUID

LONGEST = 6000
"""Characters of an address; fifty outcomes stand in one, and servers take eight thousand."""


def own_path(text: str | None, otherwise: str = "/") -> str:
    """The text if it is a path of this site, else `otherwise`: no link to this site leads to another one."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")) or len(text) > LONGEST:
        return otherwise
    if any(character < " " or character == "\\" for character in text):
        return otherwise
    parts = urlsplit(text)
    return otherwise if parts.scheme or parts.netloc else text


def uuid_or_none(text: str | None) -> str | None:
    """An id from the address in its usual form; None where it is none."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        return None


def with_query(path: str, asked: Mapping[str, object], **changed: object) -> str:
    """The path with what is asked for, and with these changed; what is None or empty is left out."""
    told = {name: value for name, value in {**asked, **changed}.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(told, doseq=True)}" if told else path
