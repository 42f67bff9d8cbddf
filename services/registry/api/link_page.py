"""The page a mailed link leads to: a form to set a password, in Danish, without script."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, StrictUndefined

from services.registry.domain.link import OpenLink
from services.registry.domain.password import LONGEST, SHORTEST
from shared.days import danish_moment
from shared.problem import Invalid, NotFound

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.125rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 32rem; padding: 2rem 1rem; }
label { display: block; font-weight: 600; margin-top: 1.5rem; }
input { box-sizing: border-box; font: inherit; margin: .25rem 0; padding: .5rem; width: 100%; }
button { font: inherit; font-weight: 600; margin-top: 1rem; min-height: 2.75rem; padding: .5rem 1.5rem; }
.wrong { border-left: .25rem solid; font-weight: 600; padding-left: .75rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Content-Language": "da",
}
_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
    Path(__file__).with_name("link_page.html").read_text(encoding="utf-8")
)
_REFUSED = {
    "password.length": f"Adgangskoden skal have mellem {SHORTEST} og {LONGEST} tegn.",
    "password.is_address": "Adgangskoden må ikke være din mailadresse.",
    "password.common": "Adgangskoden er en af dem, andre ville prøve først. Vælg en anden.",
}


def form(secret: str, *, link: OpenLink | None = None, refused: str | None = None) -> HTMLResponse:
    """The form; `refused` is the code of why the last password was not good enough."""
    wrong = _REFUSED[refused] if refused is not None else None
    return _page(
        200 if wrong is None else Invalid.status,
        title="Vælg en adgangskode",
        part="form",
        secret=secret,
        wrong=wrong,
        organisation=link.organisation_name if link else None,
        invitation=link is not None and link.purpose == "invitation",
        until=danish_moment(link.expires_at) if link else None,
        shortest=SHORTEST,
        longest=LONGEST,
    )


def done() -> HTMLResponse:
    return _page(200, title="Adgangskoden er gemt", part="done")


def not_valid() -> HTMLResponse:
    return _page(NotFound.status, title="Linket kan ikke bruges", part="not_valid")


def _page(status: int, **told: object) -> HTMLResponse:
    return HTMLResponse(_TEMPLATE.render(style=_STYLE, **told), status_code=status, headers=_HEADERS)
