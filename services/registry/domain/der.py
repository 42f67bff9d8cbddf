"""A small reader of DER (ITU-T X.690): just what it takes to walk a certificate.

Why our own: the certificate library reads all extensions or none, and the older production OCES
certificates hold a policy notice in Latin-1 that it refuses, so their policies could not be seen; nor can
it read subjects in T61String or, soon, negative serial numbers. This reader is strict about structure
(definite, shortest lengths, nothing left over), knows nothing about meaning, and goes only as deep as its
caller asks, so nested input can't exhaust it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

_LONG_TAG = 0x1F
_LONG_LENGTH = 0x80
_LONGEST_OID = 64


class DerError(ValueError):
    """The bytes are not DER, or not of the shape asked for. The text never repeats the bytes."""


@dataclass(frozen=True, slots=True)
class Element:
    """One tag, its content, and the two as they were encoded."""

    tag: int
    content: bytes
    encoded: bytes

    def expect(self, tag: int) -> Element:
        """The element itself if it has the tag; raises `DerError` otherwise."""
        if self.tag != tag:
            raise DerError(f"tag {self.tag:#04x} where {tag:#04x} belongs")
        return self

    def children(self) -> Walk:
        """The elements inside a constructed element, to be taken one after another."""
        if not self.tag & 0x20:
            raise DerError(f"tag {self.tag:#04x} holds no elements")
        return Walk(tuple(_elements(self.content)))

    def integer(self) -> int:
        """The value of an INTEGER, negative ones included."""
        content = self.expect(INTEGER).content
        if not content:
            raise DerError("an integer without digits")
        if len(content) > 1 and content[0] in {0x00, 0xFF} and (content[0] ^ content[1]) < _LONG_LENGTH:
            raise DerError("an integer with superfluous leading bytes")
        return int.from_bytes(content, "big", signed=True)

    def oid(self) -> tuple[int, ...]:
        """The arcs of an OBJECT IDENTIFIER, e.g. (2, 5, 29, 32)."""
        content = self.expect(OBJECT_IDENTIFIER).content
        if not content or len(content) > _LONGEST_OID or content[-1] & 0x80:
            raise DerError("an object identifier that is empty, cut or too long")
        numbers: list[int] = []
        value = 0
        fresh = True
        for byte in content:
            if fresh and byte == 0x80:  # noqa: PLR2004 - a leading zero in base 128
                raise DerError("an object identifier with superfluous zeros")
            value = value << 7 | byte & 0x7F
            fresh = not byte & 0x80
            if fresh:
                numbers.append(value)
                value = 0
        first = min(numbers[0] // 40, 2)
        return (first, numbers[0] - 40 * first, *numbers[1:])


class Walk:
    """The elements of a SEQUENCE or SET, taken in order; what is missing or left over is an error."""

    def __init__(self, elements: tuple[Element, ...]) -> None:
        self._elements = elements
        self._at = 0

    def __iter__(self) -> Iterator[Element]:
        return iter(self._elements[self._at :])

    def take(self, tag: int) -> Element:
        """The next element, which must have this tag."""
        if self._at >= len(self._elements):
            raise DerError(f"nothing where {tag:#04x} belongs")
        element = self._elements[self._at].expect(tag)
        self._at += 1
        return element

    def maybe(self, tag: int) -> Element | None:
        """The next element if it has this tag; otherwise nothing is taken."""
        if self._at < len(self._elements) and self._elements[self._at].tag == tag:
            return self.take(tag)
        return None

    def done(self) -> None:
        """Raise `DerError` if anything is left."""
        if self._at != len(self._elements):
            raise DerError("more elements than belong here")


def read_der(data: bytes) -> Element:
    """The one element that `data` is; raises `DerError` if it is cut, followed by more, or no DER."""
    elements = _elements(data)
    first = next(elements, None)
    if first is None:
        raise DerError("nothing to read")
    if len(first.encoded) != len(data):
        raise DerError("bytes after the end")
    return first


def _elements(data: bytes) -> Iterator[Element]:
    at = 0
    while at < len(data):
        start = at
        tag = data[at]
        if tag & _LONG_TAG == _LONG_TAG:
            raise DerError("a tag number above 30")
        length, at = _length(data, at + 1)
        if length > len(data) - at:
            raise DerError("an element cut short")
        yield Element(tag, data[at : at + length], data[start : at + length])
        at += length


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise DerError("an element without a length")
    first = data[at]
    at += 1
    if first < _LONG_LENGTH:
        return first, at
    count = first & 0x7F
    if not 1 <= count <= 4 or at + count > len(data):  # noqa: PLR2004 - 4 bytes count to 4 GiB
        raise DerError("a length that is indefinite, cut or too long")
    value = int.from_bytes(data[at : at + count], "big")
    if value < _LONG_LENGTH or value < 1 << 8 * (count - 1):
        raise DerError("a length not written in the shortest way")
    return value, at + count
