"""A service's parameters: environment variables with the prefix SP_, typed, checked before anything starts."""

from __future__ import annotations

import os
import sys
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.clock import Mode

Address = TypeVar("Address", str, str | None, SecretStr, SecretStr | None)
Port = Annotated[int, Field(ge=1, le=65535)]


def _address(*schemes: str) -> AfterValidator:
    """A value, or each of several with commas between, is a URL of one of these schemes."""
    begins = tuple(f"{scheme}://" for scheme in schemes)

    def checked(value: Address) -> Address:
        if value is None:
            return value
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        # A database's hosts share one URL, with commas in it; a broker's have one each.
        for one in text.split(",") if "amqp" in schemes else [text]:
            # A database may be reached through a socket, without a host; nothing else is.
            if not one.startswith(begins) or ("postgres" not in schemes and not urlsplit(one).hostname):
                raise ValueError(f"it should be an address that begins with {' or '.join(begins)}")
        return value

    return AfterValidator(checked)


WebAddress = Annotated[str, _address("http", "https")]
DatabaseAddress = Annotated[SecretStr, _address("postgresql", "postgres")]
BrokerAddress = Annotated[SecretStr, _address("amqp", "amqps")]


def setting(default: Any = ..., *, unit: str = "", about: str) -> Any:
    """A parameter with its unit and meaning, as they stand in docs/settings.md."""
    return Field(default=default, description=about, json_schema_extra={"unit": unit})


class SecretFileError(Exception):
    """A secret's file can't be read, or the secret is given twice; a sentence naming the variable."""


class _SecretFiles(PydanticBaseSettingsSource):
    """Secrets that stand in files: the variable with _FILE at its end names one."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = f"SP_{field_name.upper()}"
        named = os.environ.get(f"{variable}_FILE")
        if not named or not is_secret(field.annotation):
            return None, field_name, False
        if variable in os.environ:
            raise SecretFileError(f"{variable} and {variable}_FILE are both set; keep one of them.")
        try:
            return Path(named).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SecretFileError(f"{variable}_FILE: {named} can't be read ({why}).") from None

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def is_secret(annotation: Any) -> bool:
    """Whether a parameter of this type is a secret, and so may stand in a file."""
    return annotation is SecretStr or SecretStr in typing.get_args(annotation)


class Settings(BaseSettings):
    """What every service needs to know."""

    model_config = SettingsConfigDict(env_prefix="SP_", extra="ignore", frozen=True, secrets_dir=None)

    database_url: DatabaseAddress = setting(
        about="PostgreSQL, as the service's own role: reads and writes its tables; of several hosts:"
        " host1:5432,host2:5432 and ?target_session_attrs=read-write"
    )
    database_owner_url: Annotated[SecretStr | None, _address("postgresql", "postgres")] = setting(
        None, about="PostgreSQL, as the owner of the tables; only `migrate` uses it"
    )
    database_connections: Annotated[int, Field(ge=2, le=100)] = setting(
        10, unit="connections", about="The most connections one copy of the service holds"
    )
    broker_url: BrokerAddress = setting(
        about="RabbitMQ, as the service's own user, with ?heartbeat=10; of several hosts one URL each, with commas"
        " between"
    )
    listen_host: str = setting("127.0.0.1", about="The address the HTTP API listens on")
    listen_port: Port = setting(about="The port the HTTP API listens on")
    tls_certificate: Path | None = setting(
        None, about="PEM file of the HTTP API's certificate and its chain; set, the API speaks HTTPS alone"
    )
    tls_key: Path | None = setting(None, about="PEM file of that certificate's private key")
    root_path: str = setting("", about="The path under which the edge shows this API, such as /registry")
    public_url: WebAddress = setting(about="Where people reach the platform; links in mails begin with it")
    jwks_url: WebAddress = setting(about="Where the registry's public keys are, to check sign-ins with")
    mode: Mode = setting("live", about="`live`, or `demonstration`, in which the clock can be moved ahead")
    log_format: Literal["auto", "json", "text"] = setting(
        "auto", about="`json`, readable `text`, or `auto`: text on a terminal, else json"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting("INFO", about="The least that is logged")
    traces_url: Annotated[str | None, _address("http", "https")] = setting(
        None,
        about="An OpenTelemetry collector that takes traces (OTLP over HTTP), such as http://collector:4318/v1/traces;"
        " unset: nothing is traced",
    )
    consumer_concurrency: Annotated[int, Field(ge=1, le=64)] = setting(
        8, unit="events", about="How many events one copy handles at once"
    )
    stop_seconds: Annotated[float, Field(gt=0, le=300)] = setting(
        20.0, unit="seconds", about="How long a stopping service may finish what it has in hand"
    )

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("SP_TLS_CERTIFICATE and SP_TLS_KEY go together: set both or neither")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - named so by the library
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment variables, and for secrets the files they name."""
        return init_settings, env_settings, _SecretFiles(settings_cls)


Typed = TypeVar("Typed", bound=Settings)


class SettingsError(Exception):
    """The environment does not hold what a service needs; `faults` names each variable and what is wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def load_settings(kind: type[Typed]) -> Typed:
    """Read the environment. Raises SettingsError."""
    try:
        return kind()
    except SecretFileError as error:
        raise SettingsError([str(error)]) from None
    except ValidationError as error:
        faults = []
        for problem in error.errors(include_input=False, include_url=False):
            name = f"SP_{problem['loc'][0]}".upper() if problem["loc"] else "The settings"
            said = (
                "is not set, and has no default"
                if problem["type"] == "missing"
                else problem["msg"].removeprefix("Value error, ")
            )
            faults.append(f"{name}: {said}.")
        raise SettingsError(faults) from None


def read_settings(kind: type[Typed]) -> Typed:
    """Read the environment; a wrong or missing value ends the process with a sentence naming the variable."""
    try:
        return load_settings(kind)
    except SettingsError as error:
        for fault in error.faults:
            print(f"{fault} See docs/settings.md.", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
