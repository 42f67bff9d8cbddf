"""Distinguished names as certificates carry them, in every string type that OCES ever used."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from services.registry.domain.der import OBJECT_IDENTIFIER, SEQUENCE, SET, DerError, Element

COMMON_NAME = (2, 5, 4, 3)
SERIAL_NUMBER = (2, 5, 4, 5)
COUNTRY = (2, 5, 4, 6)
ORGANISATION = (2, 5, 4, 10)
ORGANISATIONAL_UNIT = (2, 5, 4, 11)
ORGANISATION_IDENTIFIER = (2, 5, 4, 97)

_LABELS: dict[tuple[int, ...], str] = {
    COMMON_NAME: "CN",
    (2, 5, 4, 4): "SN",
    SERIAL_NUMBER: "serialNumber",
    COUNTRY: "C",
    ORGANISATION: "O",
    ORGANISATIONAL_UNIT: "OU",
    (2, 5, 4, 42): "GN",
    ORGANISATION_IDENTIFIER: "organizationIdentifier",
}
_ENCODINGS = {
    0x0C: "utf-8",
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # T61String: by name something else, in Danish practice Latin-1
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
_LONGEST_NAME = 2000  # bytes; real ones are below 300


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name: its attributes, each an object identifier and a text, in encoded order."""

    attributes: tuple[tuple[tuple[int, ...], str], ...]

    def all(self, oid: tuple[int, ...]) -> tuple[str, ...]:
        """Every value of one attribute."""
        return tuple(value for name, value in self.attributes if name == oid)

    def first(self, oid: tuple[int, ...]) -> str | None:
        """The first value of one attribute, or None."""
        return next(iter(self.all(oid)), None)

    def __str__(self) -> str:
        """For people, most specific part first: `CN=…, O=…, C=DK`."""
        parts = [f"{_LABELS.get(oid) or '.'.join(map(str, oid))}={value}" for oid, value in self.attributes]
        if self.attributes and self.attributes[0][0] == COUNTRY:
            parts.reverse()
        return ", ".join(parts)


def read_name(element: Element) -> Name:
    """The name an X.501 Name element holds; raises `DerError` when it holds something else."""
    if len(element.content) > _LONGEST_NAME:
        raise DerError("a name longer than any name")
    attributes: list[tuple[tuple[int, ...], str]] = []
    for relative in element.expect(SEQUENCE).children():
        for attribute in relative.expect(SET).children():
            parts = attribute.expect(SEQUENCE).children()
            oid = parts.take(OBJECT_IDENTIFIER).oid()
            value = next(iter(parts), None)
            if value is None:
                raise DerError("a name attribute without a value")
            attributes.append((oid, _text(value)))
    return Name(tuple(attributes))


def _text(element: Element) -> str:
    encoding = _ENCODINGS.get(element.tag)
    if encoding is None:
        # An attribute of a type no name we read is written in: shown as unreadable, not fatal.
        return "\N{REPLACEMENT CHARACTER}"
    try:
        text = element.content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "ascii":
            raise DerError("a name attribute that is not in the encoding it claims") from None
        text = element.content.decode("latin-1")  # seen: æøå in a PrintableString
    # Control and direction characters could forge what a person reads, and NUL can't be stored.
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in {"Cc", "Cf"} else c for c in text)
