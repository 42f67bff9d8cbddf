"""The subject's serial number in OCES certificates: who the holder is, the same through every renewal.

Not the certificate's own (X.509) serial number, which changes at each renewal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.registry.domain.policy import Kind

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OLD = re.compile(r"CVR:([0-9]{8})-(UID|FID|RID):(\S{1,64})", re.IGNORECASE)
_PERSON = re.compile(r"PID:[0-9-]{1,64}", re.IGNORECASE)
_NEW = re.compile(rf"UI:DK-([OE]):([A-Z]):({_UUID})", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,20}")
_KINDS = {"UID": Kind.VOCES, "FID": Kind.FOCES, "RID": Kind.MOCES}


@dataclass(frozen=True, slots=True)
class SubjectSerial:
    """A subject serial number in canonical writing, the kind its shape speaks for, and any CVR in it."""

    text: str
    kind: Kind
    cvr: str | None
    oces3: bool


def read_subject_serial(text: str) -> SubjectSerial | None:
    """The subject serial number that `text` is, in either letter case; None if it has no known shape.

    Shapes: `CVR:12345678-FID:…` (FOCES), `-UID:` (VOCES), `-RID:` (MOCES), `PID:…` (POCES), and in OCES3
    `UI:DK-O:G:<uuid>` (VOCES) and `UI:DK-E:…:<uuid>` (MOCES).
    """
    if old := _OLD.fullmatch(text):
        cvr, word, number = old[1], old[2].upper(), old[3]
        # Organisations and functions are numbered; employees were also given free text.
        if word != "RID" and not _DIGITS.fullmatch(number):
            return None
        return SubjectSerial(f"CVR:{cvr}-{word}:{number}", _KINDS[word], cvr, oces3=False)
    if _PERSON.fullmatch(text):
        return SubjectSerial(text.upper(), Kind.POCES, None, oces3=False)
    if new := _NEW.fullmatch(text):
        kind = Kind.VOCES if new[1].upper() == "O" else Kind.MOCES
        canonical = f"UI:DK-{new[1].upper()}:{new[2].upper()}:{new[3].lower()}"
        return SubjectSerial(canonical, kind, None, oces3=True)
    return None
