"""Live invoices name their own seller; a demonstration has one nobody can take for real."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from services.invoicing.actions.papers import press
from services.invoicing.settings import InvoicingSettings
from shared.settings import read_settings

COMMON: dict[str, Any] = {
    "database_url": SecretStr("postgresql://x"),
    "broker_url": SecretStr("amqp://x"),
    "listen_port": 1,
    "public_url": "https://platform.example",
    "jwks_url": "http://127.0.0.1:1/",
}
OWN = {
    "seller_name": "Den Fælles Platform A/S",
    "seller_cvr": "DK 12 34 56 74",
    "seller_street": "Gaden 1",
    "seller_postal_code": "8000",
    "seller_city": "Aarhus C",
    "seller_email": "faktura@platform.example",
    "seller_bank_registration": "1234",
    "seller_bank_account": "1234567890",
}


def test_a_demonstration_needs_no_seller_of_its_own() -> None:
    made = press(InvoicingSettings(**COMMON, mode="demonstration"), None)

    assert made.demonstration
    assert made.seller.name == "Demonstrationsplatformen (opdigtet)"


def test_live_mode_takes_its_own_seller() -> None:
    made = press(InvoicingSettings(**COMMON, **OWN, mode="live"), None)

    assert not made.demonstration
    assert (made.seller.cvr, made.payment.registration) == ("12345674", "1234")


def test_a_demonstration_may_have_its_own_seller_too() -> None:
    assert InvoicingSettings(**COMMON, **OWN, mode="demonstration").seller_name == OWN["seller_name"]


@pytest.mark.parametrize("name", list(OWN))
def test_live_mode_stops_with_a_sentence_for_each_that_is_missing(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key, value in {**COMMON, **OWN}.items():
        told = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        monkeypatch.setenv(f"SP_{key.upper()}", told)
    monkeypatch.delenv(f"SP_{name.upper()}")

    with pytest.raises(SystemExit):
        read_settings(InvoicingSettings)
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence == (f"SP_{name.upper()}: is not set; live invoices name their own seller. See docs/settings.md.")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seller_cvr", "12345678"),
        ("seller_postal_code", "80"),
        ("seller_bank_registration", "12345"),
        ("seller_bank_account", "12345678901"),
        ("payment_days", 0),
    ],
)
def test_what_cannot_be_right_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        InvoicingSettings(**{**COMMON, **OWN, name: value, "mode": "live"})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]
