"""The registry's parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shared.cvr import check_cvr
from shared.settings import Settings, setting


def _link_pattern(text: str) -> str:
    rest = text.replace("{public_url}", "").replace("{secret}", "")
    if text.count("{secret}") != 1 or "{" in rest or "}" in rest:
        raise ValueError("it must hold {secret} once, may hold {public_url}, and no other braces")
    return text


def _scope_pattern(text: str) -> str:
    if text.count("{system_id}") != 1 or text.replace("{system_id}", "").count("{") or " " in text:
        raise ValueError("it must hold {system_id} once, no other braces and no blanks")
    return text


class RegistrySettings(Settings):
    """What the registry needs to know on top of what every service does."""

    signing_key_file: Path = setting(
        about="PEM file of P-256 private keys for tokens: the first signs, the public halves of all are published"
    )
    trust_directory: Path = setting(
        about="Folder with production/*.pem and test/*.pem: the certificate authorities that are trusted"
    )
    person_token_seconds: Annotated[int, Field(ge=60, le=3600)] = setting(
        900, unit="seconds", about="How long a person's sign-in holds before it must be renewed"
    )
    sign_in_idle_minutes: Annotated[int, Field(ge=0, le=240)] = setting(
        30,
        unit="minutes",
        about="How long after its end a person's token can still be renewed, in real time; the portal's sessions"
        " should not be idle for longer",
    )
    sign_in_hours: Annotated[int, Field(ge=1, le=24)] = setting(
        10,
        unit="hours",
        about="How long a person's sign-in can be renewed for, in real time; then it takes the password again",
    )
    system_token_seconds: Annotated[int, Field(ge=60, le=86400)] = setting(
        3600, unit="seconds", about="How long the token of a supplier's system holds"
    )
    system_scope: Annotated[str, AfterValidator(_scope_pattern)] = setting(
        "platform.write:%2F/platform.calls/{system_id}.*",
        about="What a system's token lets it do on the broker (RabbitMQ's OAuth 2 plugin: right:vhost/exchange/key);"
        " {system_id} is filled in",
    )
    invitation_days: Annotated[int, Field(ge=1, le=90)] = setting(
        14, unit="days", about="How long the link in an invitation can be used, in platform time"
    )
    reset_minutes: Annotated[int, Field(ge=5, le=1440)] = setting(
        60, unit="minutes", about="How long the link to choose a new password can be used, in platform time"
    )
    link_url: Annotated[str, AfterValidator(_link_pattern)] = setting(
        "{public_url}/link/{secret}",
        about="The address a mailed link leads to; {public_url} and {secret} are filled in",
    )
    link_requests: Annotated[int, Field(ge=1, le=100)] = setting(
        5, unit="mails an hour", about="How many links one person is mailed in an hour at anyone's request"
    )
    sign_in_failures: Annotated[int, Field(ge=1, le=1000)] = setting(
        10, unit="failures", about="How many sign-ins may fail for one mail address within the time below"
    )
    sign_in_minutes: Annotated[int, Field(ge=1, le=1440)] = setting(
        15, unit="minutes", about="How long a failed sign-in counts, in platform time"
    )
    operator_name: Annotated[str, StringConstraints(min_length=1, max_length=255)] = setting(
        about="The name of the organisation that runs the platform; its people are the helpdesk"
    )
    operator_cvr: Annotated[str, AfterValidator(check_cvr)] = setting(
        about="The CVR number of the organisation that runs the platform"
    )
