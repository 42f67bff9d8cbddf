"""A wrong parameter stops the service with a sentence that names the variable; secrets are never shown."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, SecretStr, field_validator, model_validator

from shared.settings import Settings, read_settings, setting

WHOLE = {
    "SP_DATABASE_URL": "postgresql://registry:hunter2@127.0.0.1:5432/registry",
    "SP_BROKER_URL": "amqp://registry:hunter3@127.0.0.1:5672/?heartbeat=10",
    "SP_LISTEN_PORT": "8401",
    "SP_PUBLIC_URL": "https://platform.example",
    "SP_JWKS_URL": "http://127.0.0.1:8401/.well-known/jwks.json",
}


class Own(Settings):
    """A service's own parameters beside those of every service."""

    grace_hours: Annotated[int, Field(ge=0)] = setting(120, unit="hours", about="How long")
    key: SecretStr | None = setting(None, about="A secret")

    @field_validator("grace_hours")
    @classmethod
    def _even(cls, hours: int) -> int:
        if hours % 2:
            raise ValueError("it must be even")
        return hours

    @model_validator(mode="after")
    def _not_both(self) -> "Own":
        if self.grace_hours == 0 and self.mode == "live":
            raise ValueError("without a grace period it must not run live")
        return self


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)


def test_the_environment_is_read_with_its_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SP_MODE", "demonstration")
    monkeypatch.setenv("SP_UNKNOWN", "is none of ours")

    found = read_settings(Own)

    assert found.database_url.get_secret_value() == WHOLE["SP_DATABASE_URL"]
    assert (found.listen_port, found.mode, found.grace_hours) == (8401, "demonstration", 120)
    assert (found.listen_host, found.database_connections, found.stop_seconds) == ("127.0.0.1", 10, 20.0)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SP_LISTEN_PORT", "0", "SP_LISTEN_PORT: Input should be greater than or equal to 1."),
        (
            "SP_LISTEN_PORT",
            "hunter4",
            "SP_LISTEN_PORT: Input should be a valid integer, unable to parse string as an integer.",
        ),
        ("SP_LISTEN_PORT", None, "SP_LISTEN_PORT: is not set, and has no default."),
        ("SP_DATABASE_URL", None, "SP_DATABASE_URL: is not set, and has no default."),
        ("SP_MODE", "hunter4", "SP_MODE: Input should be 'live' or 'demonstration'."),
        ("SP_STOP_SECONDS", "0", "SP_STOP_SECONDS: Input should be greater than 0."),
        ("SP_CONSUMER_CONCURRENCY", "65", "SP_CONSUMER_CONCURRENCY: Input should be less than or equal to 64."),
        (
            "SP_DATABASE_URL",
            "mysql://hunter4@127.0.0.1/registry",
            "SP_DATABASE_URL: it should be an address that begins with postgresql:// or postgres://.",
        ),
        (
            "SP_BROKER_URL",
            "amqp://one:hunter4@127.0.0.1/,http://127.0.0.1/",
            "SP_BROKER_URL: it should be an address that begins with amqp:// or amqps://.",
        ),
        (
            "SP_PUBLIC_URL",
            "platform.example",
            "SP_PUBLIC_URL: it should be an address that begins with http:// or https://.",
        ),
        (
            "SP_JWKS_URL",
            "https:///keys",
            "SP_JWKS_URL: it should be an address that begins with http:// or https://.",
        ),
        (
            "SP_DATABASE_URL",
            "",
            "SP_DATABASE_URL: it should be an address that begins with postgresql:// or postgres://.",
        ),
        ("SP_GRACE_HOURS", "3", "SP_GRACE_HOURS: it must be even."),
        ("SP_GRACE_HOURS", "0", "The settings: without a grace period it must not run live."),
    ],
)
def test_a_wrong_or_missing_value_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str | None, sentence: str
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        read_settings(Own)

    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.err == f"{sentence} See docs/settings.md.\n"
    assert "hunter" not in said.err + said.out


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SP_LISTEN_PORT", "70000")
    monkeypatch.setenv("SP_LOG_LEVEL", "LOUD")
    monkeypatch.delenv("SP_BROKER_URL")

    with pytest.raises(SystemExit):
        read_settings(Own)

    lines = capsys.readouterr().err.splitlines()
    assert {line.partition(":")[0] for line in lines} == {"SP_LISTEN_PORT", "SP_LOG_LEVEL", "SP_BROKER_URL"}


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SP_KEY", "hunter4")
    monkeypatch.setenv("SP_DATABASE_OWNER_URL", "postgresql://owner:hunter5@127.0.0.1/registry")

    found = read_settings(Own)

    for shown in (repr(found), str(found), found.model_dump_json(), str(found.model_dump())):
        assert "hunter" not in shown


def test_settings_do_not_change() -> None:
    found = read_settings(Own)

    with pytest.raises(ValueError, match="frozen"):
        found.listen_port = 1


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "database-url"
    file.write_text(f"{WHOLE['SP_DATABASE_URL']}\n")
    monkeypatch.delenv("SP_DATABASE_URL")
    monkeypatch.setenv("SP_DATABASE_URL_FILE", str(file))
    (tmp_path / "key").write_text("hunter4")
    monkeypatch.setenv("SP_KEY_FILE", str(tmp_path / "key"))

    found = read_settings(Own)

    assert found.database_url.get_secret_value() == WHOLE["SP_DATABASE_URL"]
    assert found.key is not None
    assert found.key.get_secret_value() == "hunter4"


def test_what_is_no_secret_is_not_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("demonstration")
    monkeypatch.setenv("SP_MODE_FILE", str(tmp_path / "mode"))

    assert read_settings(Own).mode == "live"


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "can't be read (No such file or directory)"), (b"\xff", "can't be read (it is no text)")],
)
def test_a_secret_file_that_will_not_do_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    content: bytes | None,
    why: str,
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SP_KEY_FILE", str(file))

    with pytest.raises(SystemExit) as ended:
        read_settings(Own)

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"SP_KEY_FILE: {file} {why}. See docs/settings.md.\n"


def test_a_secret_is_not_given_twice(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SP_KEY", "hunter4")
    monkeypatch.setenv("SP_KEY_FILE", "/somewhere")

    with pytest.raises(SystemExit):
        read_settings(Own)

    said = capsys.readouterr().err
    assert said == "SP_KEY and SP_KEY_FILE are both set; keep one of them. See docs/settings.md.\n"


@pytest.mark.parametrize("alone", ["SP_TLS_CERTIFICATE", "SP_TLS_KEY"])
def test_a_certificate_comes_with_its_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], alone: str
) -> None:
    monkeypatch.setenv(alone, "/somewhere/server.pem")

    with pytest.raises(SystemExit):
        read_settings(Own)

    assert "SP_TLS_CERTIFICATE and SP_TLS_KEY go together" in capsys.readouterr().err
