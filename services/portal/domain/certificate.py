"""What was understood of a certificate that somebody gave, and what was checked of it, for people."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.portal.domain.language import Language, later, translations
from services.portal.domain.problem import explained

LARGEST_FILE = 64 * 1024
"""Bytes; a certificate is a few thousand."""
EXPIRES_SOON = timedelta(days=90)
SECRET_CODES = frozenset({"certificate.private_key", "certificate.keystore"})
"""What was given for a certificate holds a secret then: it is not shown again."""

CHECKS: dict[str, str] = {
    "environment": later("Organisationen må bruge miljøet"),
    "kind": later("Typen er FOCES eller VOCES"),
    "validity": later("Det gælder i dag"),
    "strength": later("Nøgle og underskrift er stærke nok"),
    "issuer": later("Udstederen er godkendt i miljøet"),
    "unused": later("Det er ikke registreret på et it-system i forvejen"),
    "holder": later("Det er udstedt til jeres CVR-nummer"),
}
MEANINGS: dict[str, str] = {
    "x509_serial": later("certifikatets eget serienummer"),
    "subject_serial": later("indehaverens serienummer (det samme efter en fornyelse)"),
    "subject_number": later("den sidste del af indehaverens serienummer (FID eller UID)"),
    "cvr": later("et CVR-nummer"),
    "thumbprint_sha1": later("et fingeraftryk (SHA-1)"),
    "thumbprint_sha256": later("et fingeraftryk (SHA-256)"),
}
"""What a pasted number can be, as the registry tells it."""


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it held, and what to do where it did not. `binding`: it stops a registration."""

    text: str
    ok: bool
    sentence: str
    binding: bool


def as_text(content: bytes) -> str:
    """A file's content as the registry takes it: text as it is, what is binary as base64."""
    for encoding in ("utf-8-sig", "utf-16") if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig",):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    if b"-----BEGIN " in content:
        return content.decode("latin-1")
    return base64.b64encode(content).decode()


def checks_of(
    understood: Mapping[str, Any], environment: str, language: Language, *, renewal: bool = False
) -> list[Check]:
    """The checks of a certificate for an environment. As a renewal it belongs to a system already: not asked then."""
    text = translations(language).gettext
    return [
        Check(
            text=text(CHECKS[one["check"]]),
            ok=one["ok"],
            sentence="" if one["ok"] else explained(one["code"], 422, one["detail"] or "", language).detail,
            binding=one["check"] != "holder",
        )
        for one in understood["environments"][environment]["checks"]
        if one["check"] in CHECKS and not (renewal and one["check"] == "unused")
    ]


def expires_within(certificate: Mapping[str, Any], now: datetime, span: timedelta = EXPIRES_SOON) -> bool:
    """Whether a certificate in use expires before that long has passed."""
    return certificate["state"] == "in_use" and datetime.fromisoformat(certificate["valid_to"]) < now + span


def replaced(certificate: Mapping[str, Any], others: list[Mapping[str, Any]]) -> bool:
    """Whether another one in use outlives it, so that its end stops nothing."""
    return any(
        one["state"] == "in_use" and one["id"] != certificate["id"] and one["valid_to"] > certificate["valid_to"]
        for one in others
    )
