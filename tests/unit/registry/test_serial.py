from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.authority import Authority
from services.registry.domain.certificate import read_certificate
from services.registry.domain.refusal import SerialUnreadable
from services.registry.domain.serial import Meaning, Reading, Serial, read_serial

pytestmark = pytest.mark.filterwarnings("error")
examples = settings(derandomize=True, max_examples=150, deadline=None, database=None)

UUID = "8c227b32-7e85-4dab-958e-71de2886af35"
SHA1 = "f85e18fa3b47973506bf4c7dac789661234f0ce9"
SHA256 = "689464126939782d21cca32e1358956ba74d915b44e8ff5309ead57f70a65106"


def only(text: str) -> tuple[str, str]:
    serial = read_serial(text)
    assert not serial.ambiguous, str(serial)
    return serial.readings[0].meaning.value, serial.readings[0].value


def meanings(text: str) -> list[tuple[str, str]]:
    return [(reading.meaning.value, reading.value) for reading in read_serial(text).readings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7d d9 0f 86 b3", "7dd90f86b3"),
        ("7D:D9:0F:86:B3", "7dd90f86b3"),
        ("7dd9-0f86-b3aa", "7dd90f86b3aa"),
        ("7dd90f86b3", "7dd90f86b3"),
        ("0x7DD90F86B3", "7dd90f86b3"),
        ("0x58181234", "58181234"),
        ("00 7d d9 0f 86 b3", "7dd90f86b3"),
        ("\u200e7d d9 0f\u00a086 b3", "7dd90f86b3"),
        ("\ufeff 7dd90f86b3\r\n", "7dd90f86b3"),
        ("58 18 12 34", "58181234"),
        ("serial=7DD90F86B3", "7dd90f86b3"),
        ("Serienummer: 7d d9 0f 86 b3", "7dd90f86b3"),
        ("serialNumber = 7dd90f86b3", "7dd90f86b3"),
        ("Serial Number: 1478017734 (0x5818c2c6)", "5818c2c6"),
        ("718464460582447435674080823260612441474563836527", "7dd90f86b3ffd6ec73d0930b9003fc594f080a6f"),
        ("cd0f55174124ee9d9d4f21b0db30b8c5fcd3d2d", "cd0f55174124ee9d9d4f21b0db30b8c5fcd3d2d"),
    ],
)
def test_the_certificates_own_number(text: str, value: str) -> None:
    assert only(text) == ("x509_serial", value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("CVR:19435075-FID:60492788", "CVR:19435075-FID:60492788"),
        ("cvr:19435075-fid:60492788", "CVR:19435075-FID:60492788"),
        ("CVR: 19435075 – FID: 60492788", "CVR:19435075-FID:60492788"),
        ("SERIALNUMBER=CVR:19435075-UID:25351738", "CVR:19435075-UID:25351738"),
        (
            "CN=x (funktionscertifikat)+SERIALNUMBER=CVR:19435075-FID:60492788,O=KOMBIT A/S // CVR:19435075,C=DK",
            "CVR:19435075-FID:60492788",
        ),
        (f"UI:DK-O:G:{UUID}", f"UI:DK-O:G:{UUID}"),
        (f"ui:dk-o:g:{UUID.upper()}", f"UI:DK-O:G:{UUID}"),
        (f"C=DK,2.5.4.97=NTRDK-19435075,O=KOMBIT,2.5.4.5=UI:DK-O:G:{UUID},CN=x", f"UI:DK-O:G:{UUID}"),
        (f"CVR:19435075-UID:UI:DK-O:G:{UUID}", f"UI:DK-O:G:{UUID}"),
        (UUID, f"UI:DK-O:G:{UUID}"),
        (f"{{{UUID.upper()}}}", f"UI:DK-O:G:{UUID}"),
        (f"urn:uuid:{UUID}", f"UI:DK-O:G:{UUID}"),
        (f"UI:DK-E:C:{UUID}", f"UI:DK-E:C:{UUID}"),
        ("PID:9208-2002-2-123456789012", "PID:9208-2002-2-123456789012"),
    ],
)
def test_the_holders_number(text: str, value: str) -> None:
    assert only(text) == ("subject_serial", value)


def test_thumbprints_are_recognised_as_such() -> None:
    grouped = ":".join(SHA256[at : at + 2] for at in range(0, 64, 2)).upper()
    for text in (SHA256, grouped, f"SHA256 Fingerprint={grouped}", "aJRkEmk5eC0hzKMuE1iVa6dNkVtE6P9TCerVf3CmUQY"):
        assert only(text) == ("thumbprint_sha256", SHA256)
    # Its first bit is set, so it is too large for a serial number.
    for text in (SHA1, f"\u200e{SHA1}", f"Thumbprint: {SHA1}", f"Aftryk (SHA-1): {SHA1.upper()}"):
        assert only(text) == ("thumbprint_sha1", SHA1)
    small = "7" + SHA1[1:]
    assert meanings(small) == [("x509_serial", small), ("thumbprint_sha1", small)]
    assert only(f"thumbprint {small}") == ("thumbprint_sha1", small)


def test_parts_of_the_holders_number_are_named_as_parts() -> None:
    assert only("FID:60492788") == ("subject_number", "60492788")
    assert only("CVR:19435075") == ("cvr", "19435075")
    assert only("CVR-nr. 19 43 50 75") == ("cvr", "19435075")


def test_what_can_be_several_things_is_asked_about() -> None:
    serial = read_serial("58181234")
    assert serial.ambiguous
    assert serial.readings == (
        Reading(Meaning.X509_SERIAL, "58181234"),
        Reading(Meaning.X509_SERIAL, f"{58181234:x}"),
        Reading(Meaning.CVR, "58181234"),
        Reading(Meaning.SUBJECT_NUMBER, "58181234"),
    )
    assert str(serial).startswith("This can be the certificate's own serial number 58181234 (decimal 1477972532)")
    assert str(serial).endswith("Say which, or give the certificate itself.")
    assert meanings("1478017734")[:2] == [("x509_serial", "5818c2c6"), ("x509_serial", "1478017734")]
    compact = UUID.replace("-", "")
    assert meanings(compact)[-1] == ("subject_serial", f"UI:DK-O:G:{UUID}")
    assert str(read_serial("7")) == "Understood as the certificate's own serial number 7 (decimal 7)."


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \u200e ",
        "0",
        "00:00",
        "hello",
        "CVR:1234-FID:",
        "CN=x",
        "f" * 39 + "g",
        "9" * 60,
        "-5",
        "0x",
        "÷",
        "x" * 1001,
    ],
)
def test_nonsense_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(SerialUnreadable) as caught:
        read_serial(text)
    assert caught.value.code == "serial.unreadable"
    assert caught.value.message.endswith(".")


def test_every_number_of_a_certificate_finds_it(authority: Authority) -> None:
    for kind in ("FOCES", "VOCES"):
        certificate = read_certificate(authority.issue(kind, cvr="12345674", name="x").certificate_pem)
        other = read_certificate(authority.issue(kind, cvr="87654321", name="x").certificate_pem)
        own = [
            certificate.x509_serial_hex,
            str(certificate.x509_serial),
            certificate.subject_serial.lower(),
            certificate.thumbprint_sha1,
            certificate.thumbprint_sha256.upper(),
            certificate.x5t_s256,
            "CVR:12345674",
        ]
        if kind == "FOCES":
            own.append(certificate.subject_serial.rpartition("-")[2])
        for text in own:
            assert read_serial(text).matches(certificate), text
            assert not read_serial(text).matches(other), text


def test_a_negative_number_is_found_by_its_bytes(authority: Authority) -> None:
    certificate = read_certificate(authority.issue("FOCES", cvr="12345674", name="x").certificate_pem)
    negative = replace(certificate, x509_serial=-0x0102)
    assert read_serial("fe fe").matches(negative)
    assert not read_serial("01 02").matches(negative)


hidden = st.sampled_from(["", "\u200e", "\ufeff", "\u200b", "\u00a0", " ", "\u00ad", "\r\n"])
numbers = st.integers(min_value=1, max_value=(1 << 159) - 1)


def has(serial: Serial, number: int) -> bool:
    return Reading(Meaning.X509_SERIAL, f"{number:x}") in serial.readings


@examples
@given(
    number=numbers,
    between=st.sampled_from([" ", ":", "-", ""]),
    upper=st.booleans(),
    zeros=st.integers(0, 3),
    edge=hidden,
)
def test_a_number_is_found_however_it_is_written(number, between, upper, zeros, edge) -> None:
    digits = f"{number:x}"
    digits = "00" * zeros + ("0" if len(digits) % 2 else "") + digits
    text = between.join(digits[at : at + 2] for at in range(0, len(digits), 2))
    if len(digits) == 64:
        return  # then it is as long as a thumbprint, and read as one
    assert has(read_serial(edge + (text.upper() if upper else text) + edge), number)
    assert has(read_serial(f"{edge}0x{digits}"), number)
    assert has(read_serial(f"{edge}{number}{edge}"), number)


@examples
@given(
    cvr=st.from_regex(r"[0-9]{8}", fullmatch=True),
    number=st.from_regex(r"[0-9]{8,13}", fullmatch=True),
    word=st.sampled_from(["FID", "UID"]),
    edge=hidden,
)
def test_a_holders_number_is_found_however_it_is_written(cvr, number, word, edge) -> None:
    canonical = f"CVR:{cvr}-{word}:{number}"
    for text in (canonical, canonical.lower(), f"SERIALNUMBER={canonical}", f"CN=x + serialNumber={canonical}, C=DK"):
        assert only(edge + text + edge) == ("subject_serial", canonical)


@examples
@given(uuid=st.uuids(), edge=hidden)
def test_an_oces3_number_is_found_however_it_is_written(uuid, edge) -> None:
    for text in (f"UI:DK-O:G:{uuid}", f"ui:dk-o:g:{str(uuid).upper()}", str(uuid), str(uuid).upper()):
        assert only(edge + text + edge) == ("subject_serial", f"UI:DK-O:G:{uuid}")


@examples
@given(text=st.one_of(st.text(max_size=80), st.text(alphabet="0123456789abcdefxABCDEF:- CVRFIDU.=,", max_size=60)))
def test_any_text_is_understood_or_refused_and_understanding_is_stable(text: str) -> None:
    try:
        serial = read_serial(text)
    except SerialUnreadable:
        return
    assert serial.readings
    assert len(set(serial.readings)) == len(serial.readings)
    assert str(serial)
    for reading in serial.readings:
        sure = {
            Meaning.X509_SERIAL: "0x{}",
            Meaning.SUBJECT_SERIAL: "{}",
            Meaning.SUBJECT_NUMBER: "FID:{}",
            Meaning.CVR: "CVR:{}",
            Meaning.THUMBPRINT_SHA1: "thumbprint {}",
            Meaning.THUMBPRINT_SHA256: "{}",
        }
        assert read_serial(sure[reading.meaning].format(reading.value)).readings == (reading,)
