"""The registry's settings: what must be set, and what a wrong one is told of."""

import pytest

from services.registry.settings import RegistrySettings
from shared.settings import read_settings

NEEDED = {
    "SP_DATABASE_URL": "postgresql://registry@127.0.0.1/registry",
    "SP_BROKER_URL": "amqp://registry@127.0.0.1/%2F",
    "SP_LISTEN_PORT": "8101",
    "SP_PUBLIC_URL": "https://platform.example",
    "SP_JWKS_URL": "http://127.0.0.1:8101/.well-known/jwks.json",
    "SP_SIGNING_KEY_FILE": "/run/keys/signing.pem",
    "SP_TRUST_DIRECTORY": "/run/trust",
    "SP_OPERATOR_NAME": "Platformens Drift",
    "SP_OPERATOR_CVR": "DK 12 34 56 74",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        read_settings(RegistrySettings)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_what_is_needed_is_enough() -> None:
    settings = read_settings(RegistrySettings)

    assert settings.operator_cvr == "12345674"
    assert settings.mode == "live"
    assert settings.link_url == "{public_url}/link/{secret}"
    assert (settings.person_token_seconds, settings.system_token_seconds) == (900, 3600)


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_what_is_missing_is_named(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(missing)

    assert told(capsys).startswith(f"{missing}: is not set")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SP_OPERATOR_CVR", "12345678", "CVR number '12345678': its digits fail the modulus 11 check"),
        ("SP_LINK_URL", "https://platform.example/", "it must hold {secret} once"),
        ("SP_LINK_URL", "{public_url}/{secret}/{secret}", "it must hold {secret} once"),
        ("SP_LINK_URL", "{public_url}/{secret}/{other}", "no other braces"),
        ("SP_PERSON_TOKEN_SECONDS", "0", "greater than or equal to 60"),
        ("SP_SIGN_IN_FAILURES", "many", "valid integer"),
    ],
)
def test_what_is_wrong_is_named(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)

    sentence = told(capsys)

    assert sentence.startswith(f"{name}: ")
    assert said in sentence
