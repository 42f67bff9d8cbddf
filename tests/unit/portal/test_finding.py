"""What helpdesk's one field takes a text for."""

from __future__ import annotations

import pytest

from services.portal.domain.finding import Sought, understand

UUID = "1d0e5d3c-8a5b-4f0a-9d52-0b8b0a0f7a11"


@pytest.mark.parametrize(
    "text",
    [
        "kim@ribe.example",
        "  kim@ribe.example ",
        "Kim Holm <kim@ribe.example>",
        '"Holm, Kim" <kim@ribe.example>;',
        "mailto kim@ribe.example tak",
    ],
)
def test_a_mail_address_is_found_in_what_surrounds_it(text: str) -> None:
    assert understand(text) == Sought("kim@ribe.example", mail=True)


@pytest.mark.parametrize("text", ["@ribe", "kim@", "a @ b"])
def test_a_sign_alone_is_no_address(text: str) -> None:
    assert not understand(text).mail


@pytest.mark.parametrize("text", [UUID, UUID.upper(), f"urn:uuid:{UUID}", f"{{{UUID}}}", UUID.replace("-", "")])
def test_an_id_is_known_however_it_is_written(text: str) -> None:
    found = understand(text)

    assert (found.uuid, found.certificate, found.words) == (UUID, True, False)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("FAK-000012", {"invoice", "call", "words"}),
        ("12345678", {"certificate", "invoice", "call"}),
        ("Nordlys  Data", {"words"}),
        ("3F:A0:99:10:BC", {"certificate", "invoice", "call", "words"}),
        ("UI:DK-O:G:1234", {"certificate", "invoice", "call", "words"}),
        ("x", {"call"}),
        ("", set()),
    ],
)
def test_a_text_can_be_several_things(text: str, kinds: set[str]) -> None:
    found = understand(text)

    assert {kind for kind in ("mail", "certificate", "invoice", "call", "words") if getattr(found, kind)} == kinds
