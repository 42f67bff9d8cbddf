"""Sign-in, language, choice of organisation, and the files pages load."""

from __future__ import annotations

from tests.browser.declared.route import EVERYBODY, NOBODY, SIGNED_IN, Act, File, Page

FILES = (
    File("/static/{digest}/{path:path}", EVERYBODY, NOBODY, (("digest", "=x"), ("path", "=css/portal.css"))),
    File("/favicon.ico", EVERYBODY, NOBODY),
    File("/sprog/{language}", EVERYBODY, NOBODY, (("language", "=en"),)),
    File("/start", SIGNED_IN, "supplier"),
)

PAGES = (
    Page("/", EVERYBODY, (NOBODY, "supplier", "both")),
    Page("/log-ind", EVERYBODY, (NOBODY,)),
    Page("/log-ind", EVERYBODY, (NOBODY,), query="over=1&next=/kommune", note="after the session ended"),
    Page("/log-ud", EVERYBODY, (NOBODY,)),
    Page("/organisation", SIGNED_IN, ("several", "both")),
)

ACTS = (
    Act("/log-ind", EVERYBODY, form=(("email", "nobody@people.example"), ("password", "not their password"))),
    Act("/log-ud", SIGNED_IN),
    Act("/organisation", SIGNED_IN, form=(("organisation_id", "00000000-0000-4000-8000-000000000000"),)),
)
