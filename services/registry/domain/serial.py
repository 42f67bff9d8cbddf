"""Reads a serial number as people paste it, and says what it was taken for.

"The serial number of a certificate" is two things - the certificate's own (X.509) number and the subject's -
and people also paste thumbprints. They come with blanks, colons, `0x`, leading zeros, labels, in decimal or
hexadecimal, with the invisible character Windows puts first. Some texts can be more than one of these: then
all readings are kept, and only the certificate, or the person, can tell.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from services.registry.domain.certificate import Certificate
from services.registry.domain.refusal import SerialUnreadable
from services.registry.domain.subject_serial import read_subject_serial

LONGEST_SERIAL_TEXT = 1000
"""Characters; a whole distinguished name fits."""


class Meaning(StrEnum):
    """What a pasted number can be."""

    X509_SERIAL = "x509_serial"  # the certificate's own number: new at every renewal
    SUBJECT_SERIAL = "subject_serial"  # the holder's number: survives renewal
    SUBJECT_NUMBER = "subject_number"  # only the FID or UID digits of the holder's number
    CVR = "cvr"  # the holder's CVR number: many certificates may share it
    THUMBPRINT_SHA1 = "thumbprint_sha1"
    THUMBPRINT_SHA256 = "thumbprint_sha256"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a text. `value` is canonical: lower-case hexadecimal without leading zeros for an
    X.509 serial number, full-length lower-case hexadecimal for a thumbprint, as in certificates for the rest.
    """

    meaning: Meaning
    value: str

    def __str__(self) -> str:
        """For people: what was understood."""
        return _SAID[self.meaning].format(
            self.value, int(self.value, 16) if self.meaning is Meaning.X509_SERIAL else ""
        )

    def matches(self, certificate: Certificate) -> bool:
        """Whether this is a number of that certificate."""
        match self.meaning:
            case Meaning.X509_SERIAL:
                number = int(self.value, 16)
                if certificate.x509_serial < 0:
                    # Shown by its bytes, a negative number looks like a large positive one.
                    number -= 1 << 8 * ((len(self.value) + 1) // 2)
                return number == certificate.x509_serial
            case Meaning.SUBJECT_SERIAL:
                return self.value == certificate.subject_serial
            case Meaning.SUBJECT_NUMBER:
                return certificate.subject_serial.startswith("CVR:") and certificate.subject_serial.endswith(
                    f":{self.value}"
                )
            case Meaning.CVR:
                return self.value == certificate.cvr
            case Meaning.THUMBPRINT_SHA1:
                return self.value == certificate.thumbprint_sha1
            case Meaning.THUMBPRINT_SHA256:
                return self.value == certificate.thumbprint_sha256


_SAID = {
    Meaning.X509_SERIAL: "the certificate's own serial number {0} (decimal {1})",
    Meaning.SUBJECT_SERIAL: "the holder's serial number {0}",
    Meaning.SUBJECT_NUMBER: "the FID or UID number {0} of the holder",
    Meaning.CVR: "the CVR number {0} of the holder",
    Meaning.THUMBPRINT_SHA1: "the thumbprint (SHA-1) {0}",
    Meaning.THUMBPRINT_SHA256: "the thumbprint (SHA-256) {0}",
}


@dataclass(frozen=True, slots=True)
class Serial:
    """A pasted serial number, understood in one way or, if `ambiguous`, in several; the likeliest first."""

    readings: tuple[Reading, ...]

    @property
    def ambiguous(self) -> bool:
        """Whether there is more than one way to understand the text."""
        return len(self.readings) > 1

    def matches(self, certificate: Certificate) -> bool:
        """Whether any reading is a number of that certificate."""
        return any(reading.matches(certificate) for reading in self.readings)

    def __str__(self) -> str:
        """For people: what was understood, and what to do if that is not clear."""
        if not self.ambiguous:
            return f"Understood as {self.readings[0]}."
        listed = "; or ".join(map(str, self.readings))
        return f"This can be {listed}. Say which, or give the certificate itself."


_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs"}
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
_LABEL = re.compile(r"(x\.?509[ -]?)?(serial ?(number|no\.?)?|serie ?(nummer|nr\.?)|s/n)\s*[:=]?\s*", re.IGNORECASE)
_THUMBPRINT_LABEL = re.compile(
    r"(sha-?(1|256) ?)?(certificate )?(thumbprint|fingerprint|aftryk|fingeraftryk)( \(sha-?(1|256)\))?\s*[:=]?\s*"
    r"|x5t#s256\s*[:=]?\s*",
    re.IGNORECASE,
)
_HELD = re.compile(r"(?:serialnumber|(?:oid\.)?2\.5\.4\.5)\s*=\s*([^,+/\"]+)", re.IGNORECASE)
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OCES3 = re.compile(rf"UI:DK-[OE]:[A-Z]:{_UUID}", re.IGNORECASE)
_OLDER = re.compile(r"CVR:\s?([0-9]{8})\s?-\s?(UID|FID|RID):\s?([^\s,+/\"]+)|PID:[0-9-]+", re.IGNORECASE)
_BARE_UUID = re.compile(rf"(?:urn:uuid:)?\{{?({_UUID})\}}?", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:FID|UID)\s?:\s?([0-9]{1,20})", re.IGNORECASE)
_CVR = re.compile(r"CVR(?:-nr\.?)?\s?:?\s?((?:[0-9]\s?){8})", re.IGNORECASE)
_TWO_WAYS = re.compile(r"([0-9]+) ?\((0x[0-9a-f]+)\)", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f](?:[ :-]*[0-9a-f])*[ :]*", re.IGNORECASE)
_GROUPED = re.compile(r"[0-9a-f]{1,2}(?:[ :-][0-9a-f]{2})+|[0-9a-f]{4}(?:[ :-][0-9a-f]{4})+", re.IGNORECASE)
_BASE64URL_SHA256 = re.compile(r"[A-Za-z0-9_-]{43}=?")

_SHA1_DIGITS = 40
_SHA256_DIGITS = 64
_UUID_DIGITS = 32
_CVR_DIGITS = 8
_USUAL_HEX_LENGTHS = {8, 39, 40}  # OCES2 numbers have 32 bits, OCES3 nearly 160
_SUBJECT_NUMBER_DIGITS = range(8, 14)
_LARGEST_X509 = 1 << 160  # RFC 5280 (4.1.2.2): at most 20 octets


def read_serial(text: str) -> Serial:
    """What a pasted text says: an X.509 or subject serial number, a thumbprint, or one of several.

    Raises `SerialUnreadable` with a sentence when it can be none of these.
    """
    if len(text) > LONGEST_SERIAL_TEXT:
        raise SerialUnreadable(
            f"This text has {len(text)} characters; a serial number has far fewer. Paste only the serial number."
        )
    clean = _clean(text)
    readings = _holder(clean) or _thumbprint(clean) or _number(clean)
    if not readings:
        raise SerialUnreadable(
            "This is no serial number we know. Paste the certificate's serial number (hexadecimal or decimal), the "
            "holder's (CVR:…-FID:…, CVR:…-UID:… or UI:DK-O:G:…), or give the certificate itself."
        )
    return Serial(tuple(dict.fromkeys(readings)))


def _clean(text: str) -> str:
    shown = unicodedata.normalize("NFKC", text).translate(_DASHES)
    spaced = "".join(" " if c.isspace() else c for c in shown)
    return " ".join("".join(c for c in spaced if unicodedata.category(c) not in _INVISIBLE).split())


def _holder(text: str) -> list[Reading]:
    """Subject serial numbers, alone, inside a distinguished name, or stitched into another's form."""
    # OCES3's first: some partners write it as CVR:…-UID:UI:DK-O:G:….
    if found := _OCES3.search(text):
        return _subject(found[0])
    if found := _OLDER.search(text):
        return _subject(found[0].replace(" ", ""))
    if held := _HELD.search(text):
        text = held[1].strip()
    if found := _BARE_UUID.fullmatch(text):
        return _subject(f"UI:DK-O:G:{found[1]}")
    if found := _NUMBERED.fullmatch(text):
        return [Reading(Meaning.SUBJECT_NUMBER, found[1])]
    if found := _CVR.fullmatch(text):
        return [Reading(Meaning.CVR, found[1].replace(" ", ""))]
    return []


def _subject(text: str) -> list[Reading]:
    serial = read_subject_serial(text)
    return [] if serial is None else [Reading(Meaning.SUBJECT_SERIAL, serial.text)]


def _thumbprint(text: str) -> list[Reading]:
    """Thumbprints that are labelled, or too long to be anything else."""
    label = _THUMBPRINT_LABEL.match(text)
    digits = _digits(text[label.end() :] if label else text)
    if digits and len(digits) == _SHA256_DIGITS:
        return [Reading(Meaning.THUMBPRINT_SHA256, digits)]
    if digits and label and len(digits) == _SHA1_DIGITS:
        return [Reading(Meaning.THUMBPRINT_SHA1, digits)]
    if (label or not digits) and _BASE64URL_SHA256.fullmatch(text[label.end() :] if label else text):
        raw = base64.urlsafe_b64decode((text[label.end() :] if label else text).rstrip("=") + "=")
        return [Reading(Meaning.THUMBPRINT_SHA256, raw.hex())]
    return []


def _number(text: str) -> list[Reading]:
    """X.509 serial numbers, and what else the same digits could be."""
    if label := _LABEL.match(text):
        text = text[label.end() :]
    if (both := _TWO_WAYS.fullmatch(text)) and int(both[1]) == int(both[2], 16):
        return _x509(int(both[1]))
    marked = text[:2].lower() == "0x"
    grouped = _GROUPED.fullmatch(text) is not None
    digits = _digits(text[2:].strip() if marked else text)
    if digits is None:
        return []
    as_hex = _x509(int(digits, 16))
    if marked or grouped or not digits.isdecimal():
        return as_hex + ([] if marked else _same_length(digits, uuid=not grouped))
    as_decimal = _x509(int(digits))
    readings = as_hex + as_decimal if len(digits) in _USUAL_HEX_LENGTHS else as_decimal + as_hex
    if len(digits) == _CVR_DIGITS:
        readings.append(Reading(Meaning.CVR, digits))
    if len(digits) in _SUBJECT_NUMBER_DIGITS:
        readings.append(Reading(Meaning.SUBJECT_NUMBER, digits))
    return readings + _same_length(digits, uuid=True)


def _same_length(digits: str, *, uuid: bool) -> list[Reading]:
    """What hexadecimal digits could be, by their number, besides an X.509 serial number."""
    if len(digits) == _SHA1_DIGITS:
        return [Reading(Meaning.THUMBPRINT_SHA1, digits)]
    if uuid and len(digits) == _UUID_DIGITS:
        cut = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return _subject(f"UI:DK-O:G:{cut}")
    return []


def _x509(number: int) -> list[Reading]:
    # A number with its first bit set would need 21 octets, as serial numbers are positive.
    fits = 0 < number < _LARGEST_X509 >> 1
    return [Reading(Meaning.X509_SERIAL, f"{number:x}")] if fits else []


def _digits(text: str) -> str | None:
    """Hexadecimal digits without what people put between them; None if there is anything else."""
    return re.sub(r"[ :-]", "", text).lower() if _HEX.fullmatch(text) else None
