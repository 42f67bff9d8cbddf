"""A service's parameters: environment variables with the prefix SP_, typed, checked before anything starts."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.clock import Mode

Port = Annotated[int, Field(ge=1, le=65535)]


def setting(default: Any = ..., *, unit: str = "", about: str) -> Any:
    """A parameter with its unit and meaning, as they stand in docs/settings.md."""
    return Field(default=default, description=about, json_schema_extra={"unit": unit})


class Settings(BaseSettings):
    """What every service needs to know."""

    model_config = SettingsConfigDict(env_prefix="SP_", extra="ignore", frozen=True, secrets_dir=None)

    database_url: SecretStr = setting(about="PostgreSQL, as the service's own role: reads and writes its tables")
    database_owner_url: SecretStr | None = setting(
        None, about="PostgreSQL, as the owner of the tables; only `migrate` uses it"
    )
    database_connections: Annotated[int, Field(ge=2, le=100)] = setting(
        10, unit="connections", about="The most connections one copy of the service holds"
    )
    broker_url: SecretStr = setting(about="RabbitMQ, as the service's own user, with ?heartbeat=10")
    listen_host: str = setting("127.0.0.1", about="The address the HTTP API listens on")
    listen_port: Port = setting(about="The port the HTTP API listens on")
    root_path: str = setting("", about="The path under which the edge shows this API, such as /registry")
    public_url: str = setting(about="Where people reach the platform; links in mails begin with it")
    jwks_url: str = setting(about="Where the registry's public keys are, to check sign-ins with")
    mode: Mode = setting("live", about="`live`, or `demonstration`, in which the clock can be moved ahead")
    log_format: Literal["auto", "json", "text"] = setting(
        "auto", about="`json`, readable `text`, or `auto`: text on a terminal, else json"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting("INFO", about="The least that is logged")
    consumer_concurrency: Annotated[int, Field(ge=1, le=64)] = setting(
        8, unit="events", about="How many events one copy handles at once"
    )
    stop_seconds: Annotated[float, Field(gt=0, le=300)] = setting(
        20.0, unit="seconds", about="How long a stopping service may finish what it has in hand"
    )


Typed = TypeVar("Typed", bound=Settings)


def read_settings(kind: type[Typed]) -> Typed:
    """Read the environment; a wrong or missing value ends the process with a sentence naming the variable."""
    try:
        return kind()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = f"SP_{problem['loc'][0]}".upper() if problem["loc"] else "The settings"
            said = "is not set, and has no default" if problem["type"] == "missing" else problem["msg"]
            print(f"{name}: {said}. See docs/settings.md.", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
