"""Sign-in, language, choice of organisation, and the files pages load."""

from __future__ import annotations

from tests.browser.declared.route import EVERYBODY, NOBODY, SIGNED_IN, Act, File, Page

LINK = (("secret", "link"),)
SERVICE = (("service_id", "service"),)

FILES = (
    File("/static/{digest}/{path:path}", EVERYBODY, NOBODY, (("digest", "=x"), ("path", "=css/portal.css"))),
    File("/favicon.ico", EVERYBODY, NOBODY),
    File("/sprog/{language}", EVERYBODY, NOBODY, (("language", "=en"),)),
    File("/start", SIGNED_IN, "supplier"),
    File("/session", EVERYBODY, "supplier"),
)

PAGES = (
    Page("/", EVERYBODY, (NOBODY, "supplier", "both")),
    Page("/log-ind", EVERYBODY, (NOBODY,)),
    Page("/log-ind", EVERYBODY, (NOBODY,), query="over=1&next=/kommune", note="after the session ended"),
    Page("/log-ud", EVERYBODY, (NOBODY,)),
    Page("/log-ind", EVERYBODY, (NOBODY,), query="new=1", note="after a password was set"),
    Page("/glemt-adgangskode", EVERYBODY, (NOBODY,)),
    Page("/glemt-adgangskode/sendt", EVERYBODY, (NOBODY,)),
    Page("/link/{secret}", EVERYBODY, (NOBODY,), LINK),
    Page(
        "/link/{secret}",
        EVERYBODY,
        (NOBODY,),
        (("secret", "=used-up-long-ago-000000000000"),),
        note="gone",
        status=404,
    ),
    Page("/find-service", EVERYBODY, (NOBODY, "supplier", "signatory", "helpdesk")),
    Page("/find-service", EVERYBODY, (NOBODY,), query="q=findes-ikke", note="without a hit"),
    Page("/find-service/{service_id}", EVERYBODY, (NOBODY, "supplier"), SERVICE),
    Page("/organisation", SIGNED_IN, ("several", "both")),
)

ACTS = (
    Act("/log-ind", EVERYBODY, form=(("email", "nobody@people.example"), ("password", "not their password"))),
    Act("/glemt-adgangskode", EVERYBODY, form=(("email", "nobody@people.example"),)),
    Act("/link/{secret}", EVERYBODY, LINK, (("password", "short"),)),
    Act("/session", SIGNED_IN),
    Act("/log-ud", SIGNED_IN),
    Act("/organisation", SIGNED_IN, form=(("organisation_id", "00000000-0000-4000-8000-000000000000"),)),
)
