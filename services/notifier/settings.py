"""The parameters of this service."""

from __future__ import annotations

import ipaddress
from email.utils import parseaddr
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from shared.address import is_address
from shared.settings import Port, Settings, setting


def _sender(text: str) -> str:
    _, address = parseaddr(text)
    if not is_address(address) or any(character < " " for character in text):
        raise ValueError(f"{text!r} is no sender; write it like: Serviceplatformen <ingen-svar@example.org>")
    return text


class NotifierSettings(Settings):
    """Which mail server takes the notices over, and how."""

    smtp_host: str = setting(about="The mail server that takes over outgoing mail")
    smtp_port: Port = setting(25, about="The mail server's port")
    smtp_user: str | None = setting(None, about="The user to sign in to the mail server with; unset: without")
    smtp_password: SecretStr | None = setting(None, about="That user's password")
    smtp_tls: Literal["auto", "none", "starttls", "tls"] = setting(
        "auto",
        about="`starttls`, `tls` from the first byte, `none`, or `auto`: none on this machine, else starttls."
        " Mails hold one-time links, so leave them unencrypted only where nobody listens",
    )
    smtp_from: Annotated[str, AfterValidator(_sender)] = setting(
        "Serviceplatformen <ingen-svar@serviceplatform.example>", about="The sender of every mail"
    )
    smtp_connections: Annotated[int, Field(ge=1, le=20)] = setting(
        4, unit="connections", about="How many mails one copy sends at once, each over a connection of its own"
    )
    smtp_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = setting(
        30.0, unit="seconds", about="How long the mail server may take over one answer"
    )

    @property
    def smtp_encryption(self) -> Literal["none", "starttls", "tls"]:
        """What `auto` comes to."""
        if self.smtp_tls != "auto":
            return self.smtp_tls
        if self.smtp_host == "localhost":
            return "none"
        try:
            return "none" if ipaddress.ip_address(self.smtp_host).is_loopback else "starttls"
        except ValueError:
            return "starttls"
