"""Where notices go, how often they are tried, and what is never told on."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from services.notifier.domain.address import (
    Addressed,
    NoAddress,
    Organisation,
    Person,
    resolve,
)
from services.notifier.domain.delivery import SCHEDULE, next_attempt, refusal, without_addresses
from services.notifier.domain.kind import KINDS, Audience
from services.notifier.settings import NotifierSettings
from shared.address import is_address, wire_address

PEOPLE = (
    Person("admin@x.example", frozenset({"administrator"})),
    Person("under@x.example", frozenset({"signatory"})),
    Person("oeko@x.example", frozenset({"economy", "user"})),
    Person("bruger@x.example", frozenset({"user"})),
)


@pytest.mark.parametrize(
    ("audience", "mailbox", "invoice_mailbox", "wanted"),
    [
        ("organisation", "m@x.example", "f@x.example", (("m@x.example",), "mailbox")),
        ("organisation", None, "f@x.example", (("admin@x.example",), "administrators")),
        ("deciders", None, None, (("admin@x.example", "under@x.example"), "deciders")),
        ("deciders", "m@x.example", None, (("m@x.example",), "mailbox")),
        ("invoices", "m@x.example", "f@x.example", (("f@x.example",), "invoice_mailbox")),
        ("invoices", "m@x.example", None, (("m@x.example",), "mailbox")),
        ("invoices", None, None, (("admin@x.example", "oeko@x.example"), "economy")),
        ("organisation", "not an address", None, (("admin@x.example",), "administrators")),
    ],
)
def test_where_a_notice_goes(
    audience: Audience, mailbox: str | None, invoice_mailbox: str | None, wanted: tuple[tuple[str, ...], str]
) -> None:
    addresses, via = wanted

    found = resolve(audience, Organisation("X", mailbox, invoice_mailbox), PEOPLE)

    assert found == Addressed(addresses, via, "X")  # type: ignore[arg-type]


def test_the_same_address_is_written_to_once() -> None:
    twice = (PEOPLE[0], Person("admin@x.example", frozenset({"signatory"})))

    assert resolve("deciders", Organisation("X", None, None), twice).addresses == ("admin@x.example",)


@pytest.mark.parametrize("audience", ["organisation", "deciders", "invoices"])
def test_nowhere_to_go_is_said_with_what_cures_it(audience: Audience) -> None:
    with pytest.raises(NoAddress, match=r"^X has no usable mailbox.* register a mailbox"):
        resolve(audience, Organisation("X", None, None), PEOPLE[3:])


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("post@aabenraa.dk", "post@aabenraa.dk"),
        ("fornavn.efternavn+sp@kommune.example", "fornavn.efternavn+sp@kommune.example"),
        ("post@ærø.dk", "post@xn--r-3fa9c.dk"),
        ("søren@kommune.dk", None),
        ("a@b", "a@b"),
        ("a@b..dk", None),
        ("a@", None),
        ("@b.dk", None),
        ("a b@c.dk", None),
        ("a@b.dk\r\nBcc: x@y.dk", None),
        ("a@b.dk>, <c@d.dk", None),
        ('"a b"@c.dk', None),
        (f"{'a' * 250}@b.dk", None),
        (f"a@{'b' * 64}.dk", None),
    ],
)
def test_what_an_address_is(text: str, wire: str | None) -> None:
    assert wire_address(text) == wire


@settings(derandomize=True, max_examples=300)
@given(st.text(max_size=60))
def test_what_passes_as_an_address_can_not_break_out_of_a_header_or_command(text: str) -> None:
    wire = wire_address(text)
    assert is_address(text) == (wire is not None)
    if wire is not None:
        assert wire.isascii()
        assert not set(wire) & set(' \t\r\n<>,;:"()[]\\\x00')


def test_a_notice_is_tried_for_a_little_under_five_days() -> None:
    assert sum(SCHEDULE, timedelta()) < timedelta(days=5) < sum(SCHEDULE, timedelta(days=1))
    assert list(SCHEDULE[:5]) == [timedelta(minutes=number) for number in (1, 5, 30, 120, 360)]
    assert [next_attempt(number) for number in (1, len(SCHEDULE), len(SCHEDULE) + 1)] == [
        SCHEDULE[0],
        SCHEDULE[-1],
        None,
    ]


@pytest.mark.parametrize(
    ("code", "failure", "lasting"),
    [
        (421, "refused_for_now", False),
        (451, "refused_for_now", False),
        (550, "refused", True),
        (554, "refused", True),
        (530, "server_away", False),
        (535, "server_away", False),
    ],
)
def test_what_a_servers_answer_means(code: int, failure: str, *, lasting: bool) -> None:
    found = refusal(code, "5.1.1 <someone@x.example>:\r\n no such\tmailbox")

    assert (found.failure, found.lasting) == (failure, lasting)
    assert found.reason == f"the mail server answered {code} 5.1.1 <[address]>: no such mailbox"


@settings(derandomize=True, max_examples=200)
@given(st.text(max_size=80), st.emails(domains=st.just("kommune.example")), st.text(max_size=2000))
def test_a_reason_holds_no_address(before: str, address: str, after: str) -> None:
    told = without_addresses(f"{before} {address} {after}")

    assert "@kommune.example" not in told
    assert len(told) <= 1000
    assert "\n" not in told


def test_only_links_are_secret() -> None:
    assert {name for name, kind in KINDS.items() if kind.secret} == {"invitation", "password_reset"}


def told(**changes: object) -> NotifierSettings:
    base = {
        "database_url": SecretStr("postgresql://x"),
        "broker_url": SecretStr("amqp://x"),
        "listen_port": 1,
        "public_url": "https://x.example",
        "jwks_url": "http://x",
        "smtp_host": "mail.kommune.example",
    }
    return NotifierSettings.model_validate({**base, **changes})


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_mail_goes_unencrypted_unless_told_otherwise(host: str) -> None:
    assert told(smtp_host=host).smtp_encryption == "none"
    assert told(smtp_host=host, smtp_tls="tls").smtp_encryption == "tls"


@pytest.mark.parametrize("host", ["mail.kommune.example", "10.0.0.7"])
def test_to_elsewhere_mail_is_encrypted_unless_told_otherwise(host: str) -> None:
    assert told(smtp_host=host).smtp_encryption == "starttls"
    assert told(smtp_host=host, smtp_tls="none").smtp_encryption == "none"


@pytest.mark.parametrize("sender", ["nobody", "A <b>", "A\r\nBcc: x@y.dk <a@b.dk>", ""])
def test_a_sender_that_is_none_stops_the_service(sender: str) -> None:
    with pytest.raises(ValidationError, match="is no sender"):
        told(smtp_from=sender)
