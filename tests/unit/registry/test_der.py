from __future__ import annotations

import pytest

from services.registry.domain.der import DerError, read_der


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x01",
        b"\x30\x00\x00",
        b"\x30\x80\x00\x00",  # indefinite length
        b"\x30\x81\x00",  # zero would fit in one byte
        b"\x30\x81\x7f" + bytes(127),  # and so would 127
        b"\x30\x82\x00\x80" + bytes(128),  # 128 needs no second byte
        b"\x30\x85\x00\x00\x00\x00\x01\x00",
        b"\x1f\x81\x01\x00",  # a long tag
    ],
)
def test_what_is_not_der_is_refused(data: bytes) -> None:
    with pytest.raises(DerError):
        read_der(data)


def test_lengths_in_one_two_and_three_bytes() -> None:
    for size, head in ((127, b"\x04\x7f"), (128, b"\x04\x81\x80"), (256, b"\x04\x82\x01\x00")):
        assert read_der(head + bytes(size)).content == bytes(size)


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (b"\x02\x01\x00", 0),
        (b"\x02\x01\x7f", 127),
        (b"\x02\x02\x00\x80", 128),
        (b"\x02\x01\x80", -128),
        (b"\x02\x02\xff\x7f", -129),
    ],
)
def test_integers(data: bytes, number: int) -> None:
    assert read_der(data).integer() == number


@pytest.mark.parametrize("data", [b"\x02\x00", b"\x02\x02\x00\x7f", b"\x02\x02\xff\x80", b"\x04\x01\x00"])
def test_integers_written_otherwise_are_refused(data: bytes) -> None:
    with pytest.raises(DerError):
        read_der(data).integer()


def test_object_identifiers() -> None:
    assert read_der(b"\x06\x03\x55\x1d\x20").oid() == (2, 5, 29, 32)
    assert read_der(b"\x06\x03\x88\x37\x03").oid() == (2, 999, 3)
    assert read_der(b"\x06\x01\x2a").oid() == (1, 2)
    for data in (b"\x06\x00", b"\x06\x02\x55\x80", b"\x06\x03\x55\x80\x01", b"\x06\x41" + b"\x01" * 65):
        with pytest.raises(DerError):
            read_der(data).oid()


def test_a_walk_takes_what_belongs_and_leaves_nothing() -> None:
    walk = read_der(b"\x30\x05\x02\x01\x07\x05\x00").children()
    assert walk.maybe(0x05) is None
    assert walk.take(0x02).integer() == 7
    with pytest.raises(DerError):
        walk.done()
    assert walk.maybe(0x05) is not None
    walk.done()
    with pytest.raises(DerError):
        walk.take(0x05)
    with pytest.raises(DerError):
        read_der(b"\x02\x01\x07").children()
