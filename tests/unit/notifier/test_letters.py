"""Every kind of mail: readable as text and as HTML, the same in both, safe with any name."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as markup

from services.notifier.domain.address import Addressed, Via
from services.notifier.domain.kind import KINDS, KindName
from services.notifier.letter import MAX_SUBJECT, Letters, shortened
from services.notifier.mail import compose

LETTERS = Letters("https://platform.example")
ID = UUID(int=7)
TO = Addressed(("post@aabenraa.example",), "mailbox", "Aabenraa Kommune")
AT = "2026-03-29T00:30:00Z"


LEADS_TO: dict[KindName, str] = {
    "invitation": "/link/x",
    "password_reset": "/link/x",
    "agreement_requested": f"/serviceaftale/{ID}",
    "agreement_request_resent": f"/serviceaftale/{ID}",
    "agreement_approved": f"/serviceaftale/{ID}",
    "agreement_partly_approved": f"/serviceaftale/{ID}",
    "agreement_rejected": f"/serviceaftale/{ID}",
    "agreement_withdrawn": f"/serviceaftale/{ID}",
    "agreement_terminated": f"/serviceaftale/{ID}",
    "trial_opened": f"/proevetilslutning/{ID}",
    "invoice": f"/faktura/{ID}",
}
"""The portal's pages that mails lead to: the thing itself, never the front page."""


def content(**changes: Any) -> dict[str, Any]:
    line = {"service_id": str(UUID(int=9)), "service_name": "CPR Opslag 1", "decision": "approved", "reason": None}
    told = {
        "id": str(ID),
        "supplier_name": "Nordlys IT",
        "municipality_name": "Aabenraa Kommune",
        "system_name": "Omsorg",
        "system_id": str(UUID(int=3)),
        "municipality_id": str(UUID(int=4)),
        "purpose": "Opslag ved sagsbehandling",
        "expected_calls_per_quarter": None,
        "lines": [line, {**line, "service_name": "CVR Opslag 2", "decision": "rejected"}],
        "requested_at": AT,
        "decided_at": "2026-03-29T01:30:00Z",
        "valid": [{"starts": AT, "ends": AT}],
        "reason": "Ikke endnu",
        "by": "supplier",
        "name": "Signe Sørensen",
        "organisation_name": "Aabenraa Kommune",
        "url": "https://platform.example/link/x",
        "expires_at": AT,
        "number": "FAK-000001",
        "quarter": "2026Q1",
        "gross": "0.00",
        "due_on": "2026-05-01",
        "filenames": ["FAK-000001.pdf"],
    }
    return {**told, **changes}


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


@pytest.mark.parametrize("kind", KINDS)
def test_text_and_html_say_the_same(kind: KindName) -> None:
    letter = LETTERS.write(kind, content(), TO)

    page = markup.document_fromstring(letter.html)
    [body] = page.findall("body")
    numberless = re.sub(r"^\d\. ", "", letter.text, flags=re.MULTILINE)
    assert words(" ".join(str(text) for text in body.itertext())) == words(numberless)
    assert page.get("lang") == "da"
    assert page.findtext("head/title") == letter.subject
    [leads_to] = {str(link.get("href")) for link in page.iter("a")} - {"https://platform.example"}
    assert leads_to == f"https://platform.example{LEADS_TO[kind]}"
    assert not list(page.iter("img", "script", "link", "iframe"))
    assert all(header.get("scope") == "row" for header in page.iter("th"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_says_why_one_gets_it_and_that_it_can_not_be_answered(kind: KindName) -> None:
    text = " ".join(LETTERS.write(kind, content(), TO).text.split())

    assert "Du får denne mail, fordi" in text
    assert "kan ikke besvares" in text
    assert "https://platform.example" in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_names_no_person(kind: KindName) -> None:
    subject = LETTERS.write(kind, content(), TO).subject

    assert not words(subject) & {"signe", "sørensen"}
    assert "Aabenraa Kommune" in subject or "Nordlys IT" in subject or "Omsorg" in subject


@pytest.mark.parametrize("via", ["mailbox", "invoice_mailbox", "administrators", "deciders", "economy"])
def test_the_reason_for_getting_it_follows_how_the_address_was_found(via: Via) -> None:
    text = LETTERS.write("invoice", content(), Addressed(("a@b.example",), via, "Vejle Kommune")).text

    told = " ".join(text.split())
    assert "Vejle Kommune" in told.split("--------")[1]
    assert "postkasse" in told
    assert ("du er administrator" in told) == (via in {"administrators", "deciders", "economy"})


def test_times_are_those_of_the_clock_in_denmark() -> None:
    text = LETTERS.write("agreement_rejected", content(), TO).text
    # An hour apart in the world, two on the clock: summer time begins between them.
    assert "29. marts 2026 kl. 03.30" in text
    assert "29. marts 2026 kl. 01.30" in LETTERS.write("agreement_requested", content(), TO).text


def test_what_is_too_long_for_a_subject_is_cut_at_a_word() -> None:
    assert shortened("kort nok", 8) == "kort nok"
    assert shortened("Aabenraakommune", 10) == "Aabenraak…"
    assert shortened("Aabenraa Kommune og Vejle", 20) == "Aabenraa Kommune og…"
    subject = LETTERS.write("trial_opened", content(system_name="ord " * 100), TO).subject
    assert len(subject) <= MAX_SUBJECT


any_text = st.text(max_size=120)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    supplier=any_text,
    system=any_text,
    free=st.text(max_size=400),
    name=any_text,
)
def test_no_text_adds_a_header_a_line_or_an_element(
    kind: KindName, supplier: str, system: str, free: str, name: str
) -> None:
    told = content(
        supplier_name=supplier, system_name=system, purpose=free, reason=free, name=name, organisation_name=name
    )
    plain = LETTERS.write(kind, content(), TO)
    letter = LETTERS.write(kind, told, TO)

    mail = compose(
        letter,
        sender="Serviceplatformen <ingen-svar@serviceplatform.example>",
        addresses=("a@b.example", "c@d.example"),
        notice_id=ID,
        event_type="agreement.requested.v1",
        about_id=ID,
        written_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    )

    read = message_from_bytes(mail, policy=policy.default)
    assert read.keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "X-Serviceplatform-Event",
        "X-Serviceplatform-About",
        "MIME-Version",
        "Content-Type",
    ]
    assert [address.addr_spec for address in read["To"].addresses] == ["a@b.example", "c@d.example"]
    assert mail.isascii()
    assert max(len(line) for line in mail.split(b"\r\n")) <= 998
    assert b"\n" not in mail.replace(b"\r\n", b"")
    elements = [element.tag for element in markup.document_fromstring(letter.html).iter()]
    assert elements == [element.tag for element in markup.document_fromstring(plain.html).iter()]
