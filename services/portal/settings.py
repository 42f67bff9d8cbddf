"""The portal's parameters."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from shared.settings import Settings, WebAddress, setting

Line = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class PortalSettings(Settings):
    """Where the services' APIs are, how long a session holds, and whom people can turn to."""

    registry_url: WebAddress = setting(about="The registry's API, as the portal reaches it")
    agreements_url: WebAddress = setting(about="The API of agreements, as the portal reaches it")
    notifier_url: WebAddress = setting(about="The notifier's API, as the portal reaches it")
    metering_url: WebAddress = setting(about="Metering's API, as the portal reaches it")
    invoicing_url: WebAddress = setting(about="The API of invoicing, as the portal reaches it")
    api_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = setting(
        10.0, unit="seconds", about="How long a service may take to answer the portal"
    )
    session_idle_minutes: Annotated[int, Field(ge=5, le=240)] = setting(
        30, unit="minutes", about="How long a browser session lasts without a page being asked for, in real time"
    )
    session_hours: Annotated[int, Field(ge=1, le=24)] = setting(
        10, unit="hours", about="How long a browser session lasts at the most, in real time"
    )
    contact_name: Line = setting("Helpdesk", about="Who answers questions about the platform; shown on every page")
    contact_address: Line | None = setting(None, about="Their postal address")
    contact_phone: Line | None = setting(None, about="Their telephone number")
    contact_email: Line | None = setting(None, about="Their mail address")
    accessibility_statement_url: WebAddress | None = setting(
        None,
        about="The site's accessibility statement, for /was to lead to; unset: the portal shows a page of its own",
    )

    @property
    def secure(self) -> bool:
        """Whether people reach the portal over HTTPS, so that its cookies may be bound to that."""
        return urlsplit(self.public_url).scheme == "https"

    @property
    def origin(self) -> str:
        """The origin of the portal's own pages, as browsers send it."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"
