"""The session's cookie over HTTPS: bound to this host, to TLS, and out of reach of scripts."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.responses import Response

from services.portal.actions.session import Session
from services.portal.domain.session import SignedIn
from services.portal.pages.visit import Visit, headers_of
from services.portal.settings import PortalSettings
from tests.unit.portal.test_session import ANSWER


def request_to(public_url: str) -> Any:
    """A request to a portal that people reach at this address."""
    settings = PortalSettings.model_construct(public_url=public_url)
    app = SimpleNamespace(state=SimpleNamespace(runtime=SimpleNamespace(settings=settings)))
    return SimpleNamespace(app=app, cookies={}, url=SimpleNamespace(path="/log-ind"))


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [("https://portal.example", "__Host-session", True), ("http://127.0.0.1:8400", "session", False)],
)
def test_it_is_bound_to_the_host_and_to_tls(public_url: str, name: str, secure: bool) -> None:
    request = request_to(public_url)
    visit = Visit(request, None)
    begun, ended = Response(), Response()

    visit.remember(begun, Session("the-secret", SignedIn.of(ANSWER), datetime(2027, 1, 4, tzinfo=UTC)))
    visit.forget(ended)

    expected = {"HttpOnly", "Path=/", "SameSite=lax", *(["Secure"] if secure else [])}
    cookie, *flags = begun.headers["set-cookie"].split("; ")
    assert (cookie, set(flags)) == (f"{name}=the-secret", expected), "no Domain, no Max-Age"
    assert ended.headers["set-cookie"].startswith(f'{name}=""')
    assert expected <= set(ended.headers["set-cookie"].split("; "))
    assert ("Strict-Transport-Security" in headers_of(request)) is secure
