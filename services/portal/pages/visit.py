"""A visit: who asks for a page, in which language and part of the portal, and how the page is answered."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from services.portal.actions import session as actions
from services.portal.actions.session import Session
from services.portal.apis import Api, Apis, Away
from services.portal.domain.address import own_path
from services.portal.domain.language import LANGUAGES, Language, chosen, translations
from services.portal.domain.menu import PARTS, PUBLIC, Hat, Part, current, entries_for, parts_of
from services.portal.domain.problem import explained, field_told
from services.portal.domain.session import SignedIn, ends_at
from services.portal.domain.written import Written
from services.portal.pages.shown import render
from services.portal.pages.static import Files
from services.portal.settings import PortalSettings
from shared.problem import Forbidden, Problem, Unauthorised
from shared.run import Runtime

SESSION_OVER = frozenset({"session.missing", "session.over", "sign_in.over", "token.not_valid", "token.missing"})
"""Problems that signing in again is the answer to."""
LANGUAGE_COOKIE = "language"
LANGUAGE_SECONDS = 365 * 86400
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Visit:
    """One request for a page. `hat`: the part of the portal the page belongs to, None outside of them all."""

    def __init__(self, request: Request, session: Session | None, hat: Hat | None = None) -> None:
        self.request = request
        self.session = session
        self.hat = hat
        self.away: Away | None = None
        """Why it can't be told just now who this is; pages for everybody are shown all the same."""
        self.running: Runtime[PortalSettings] = request.app.state.runtime
        self.counted: dict[str, int] = {}
        """How many things wait on a page of the menu, by its path."""
        self.language: Language = chosen(request.cookies.get(LANGUAGE_COOKIE))

    @classmethod
    def of_nobody(cls, request: Request) -> Visit:
        """For what goes wrong before it is known who asks."""
        return cls(request, None)

    # --- who and where -------------------------------------------------------------------------------------------

    @property
    def signed_in(self) -> SignedIn:
        """Who is signed in; only for pages that somebody must be signed in for."""
        assert self.session is not None
        return self.session.signed_in

    @property
    def settings(self) -> PortalSettings:
        return self.running.settings

    @property
    def part(self) -> Part | None:
        return PARTS[self.hat] if self.hat else None

    def may(self, *roles: str) -> bool:
        """Whether the person has one of these roles in the part the page belongs to: what to offer there."""
        return self.part is not None and self.signed_in.has(self.part.kind, *roles)

    @property
    def referring_path(self) -> str:
        """The own page the visitor came from, else the front page."""
        try:
            parts = urlsplit(self.request.headers.get("referer", ""))
        except ValueError:
            return "/"
        if f"{parts.scheme}://{parts.netloc}" not in {self.settings.origin, f"{parts.scheme}://{self._host}"}:
            return "/"
        return own_path(parts.path + (f"?{parts.query}" if parts.query else ""))

    @property
    def _host(self) -> str:
        return self.request.headers.get("host", "")

    # --- asking the services -------------------------------------------------------------------------------------

    def _api(self, service: str) -> Api:
        apis: Apis = self.running.get(Apis)
        return apis.ask(service, self.session.signed_in.token if self.session else None)

    @property
    def registry(self) -> Api:
        return self._api("registry")

    @property
    def agreements(self) -> Api:
        return self._api("agreements")

    @property
    def notifier(self) -> Api:
        return self._api("notifier")

    @property
    def metering(self) -> Api:
        return self._api("metering")

    @property
    def invoicing(self) -> Api:
        return self._api("invoicing")

    # --- answering -----------------------------------------------------------------------------------------------

    def text(self, danish: str, **values: object) -> str:
        """A sentence in the visitor's language; `%(name)s` in it is filled in."""
        found = translations(self.language).gettext(danish)
        return found % values if values else found

    def texts(self, one: str, many: str, count: int) -> str:
        """A sentence about so many, with `%(num)s` for how many."""
        written = Written(self.language).number(count)
        return translations(self.language).ngettext(one, many, count) % {"num": written}

    @property
    def written(self) -> Written:
        """Writes numbers, money and days in the visitor's language."""
        return Written(self.language)

    def shown(self, how: str, value: Any) -> str:
        """A value as `Written` writes it that way: "number", "money" …"""
        told: str = getattr(self.written, how)(value)
        return told

    def file(self, content: bytes, media_type: str, name: str) -> Response:
        """A file to keep, under this name (ASCII)."""
        disposition = f'attachment; filename="{name}"'
        return Response(
            content, media_type=media_type, headers={**headers_of(self.request), "Content-Disposition": disposition}
        )

    def page(self, template: str, *, status: int = 200, **told: Any) -> HTMLResponse:
        """The page this template makes. `test`: it is about the external test environment."""
        text = render(template, self.language, **self._everywhere(), **told)
        return HTMLResponse(text, status_code=status, headers=headers_of(self.request))

    def see(self, path: str) -> RedirectResponse:
        """Lead on to another page of the portal."""
        assert own_path(path) == path, path
        return RedirectResponse(path, status_code=303, headers=headers_of(self.request))

    async def done(self, path: str, told: str) -> RedirectResponse:
        """Lead on after something was done; that page begins with the sentence `told`."""
        if self.session is not None:
            await actions.tell(self.running.database, self.session, told)
        return self.see(path)

    def remember(self, answer: Response, session: Session) -> None:
        """Give the browser the session's cookie."""
        answer.set_cookie(
            cookie_name(self.settings),
            session.secret,
            path="/",
            secure=self.settings.secure,
            httponly=True,
            samesite="lax",
        )

    def forget(self, answer: Response) -> None:
        """Have the browser forget its session."""
        answer.delete_cookie(
            cookie_name(self.settings), path="/", secure=self.settings.secure, httponly=True, samesite="lax"
        )

    async def form(self) -> FormData:
        """What was filled in."""
        return await self.request.form()

    @property
    def session_seconds(self) -> int | None:
        """How long the session lasts if nothing more is asked for."""
        if self.session is None:
            return None
        limits = {"idle_minutes": self.settings.session_idle_minutes, "hours": self.settings.session_hours}
        now = self.running.clock.real_now()
        return max(0, int((ends_at(self.session.begun_at, now, **limits) - now).total_seconds()))

    def _everywhere(self) -> dict[str, Any]:
        path = self.request.url.path
        files: Files = self.running.get(Files)
        signed_in = self.session.signed_in if self.session else None
        wearable = parts_of(signed_in) if signed_in else []
        # Outside of all parts the menu stays that of the first, so that nobody loses their way.
        part = self.part if self.part in wearable else next(iter(wearable), None)
        entries = entries_for(part, signed_in) if part and signed_in else PUBLIC
        return {
            "visit": self,
            "signed_in": signed_in,
            "part": part,
            "wearable": wearable,
            "entries": entries,
            "here": current(entries, path),
            "path": path,
            "asked": dict(self.request.query_params),
            "languages": LANGUAGES,
            # A page that tells no other where it is can't be come back to without being named.
            "come_back": f"?next={quote(path)}" if holds_secret(path) else "",
            "session_seconds": self.session_seconds,
            "files": f"/static/{files.digest}",
            "form_token": self.session.form_token if self.session else "",
            "told_before": self.session.told if self.session else None,
            "contact": self.settings,
            "now": self.running.clock.now(),
            "demonstration": self.settings.mode == "demonstration",
            "test_organisation": bool(signed_in and signed_in.test),
        }


def holds_secret(path: str) -> bool:
    """Whether this address is one of those with a one-time secret in it, which no other page may be told of."""
    return path.startswith("/link/")


def headers_of(request: Request) -> dict[str, str]:
    """What every page is sent with."""
    settings: PortalSettings = request.app.state.runtime.settings
    strict = {"Strict-Transport-Security": "max-age=31536000"} if settings.secure else {}
    return {
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer" if holds_secret(request.url.path) else "same-origin",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
        "Vary": "Cookie",
        **strict,
    }


def cookie_name(settings: PortalSettings) -> str:
    """Over HTTPS the browser itself sees to it that no other host and no plain page can set this cookie."""
    return "__Host-session" if settings.secure else "session"


async def together(*asked: Awaitable[Any]) -> tuple[Any, ...]:
    """The answers to several questions, asked at once."""
    return tuple(await asyncio.gather(*asked))


async def unless_away(asked: Awaitable[Any]) -> Any:
    """The answer, None while the service does not answer: for what a page can do without."""
    try:
        return await asked
    except Away:
        return None


async def _visit(request: Request) -> Visit:
    running: Runtime[PortalSettings] = request.app.state.runtime
    # Kept first, so that what goes wrong below is told in the visitor's language.
    request.state.visit = Visit(request, None)
    _require_own_site(request, running.settings)
    secret = request.cookies.get(cookie_name(running.settings))
    session, away = None, None
    if secret and len(secret) <= 100:  # noqa: PLR2004
        try:
            session = await actions.find(running.database, running.settings, running.get(Apis), secret)
        except Away as error:
            away = error
    visit = request.state.visit = Visit(request, session)
    visit.away = away
    if request.method not in SAFE and session is not None:
        given = (await request.form()).get("form_token")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.form_token.encode()):
            raise Forbidden("form.not_ours", "This form belongs to another session; load the page again.")
    return visit


def _require_own_site(request: Request, settings: PortalSettings) -> None:
    """Refuse what another site's page sends in the visitor's name."""
    if request.method in SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = {settings.origin, f"{urlsplit(settings.public_url).scheme}://{request.headers.get('host', '')}"}
    if site not in {None, "same-origin", "none"} or (site is None and origin not in own):
        raise Forbidden("form.other_site", "This was not sent from the portal's own page.")


Anyone = Annotated[Visit, Depends(_visit)]
"""A page for everybody, signed in or not."""


async def _signed_in(visit: Anyone) -> Visit:
    if visit.away is not None:
        raise visit.away
    if visit.session is None:
        over = cookie_name(visit.settings) in visit.request.cookies
        raise Unauthorised("session.over" if over else "session.missing", "Sign in to see this page.")
    return visit


SignedInVisit = Annotated[Visit, Depends(_signed_in)]
"""A page for whoever is signed in."""


async def wearing(visit: Visit, hat: Hat) -> Visit:
    """The visit under this hat. Raises Forbidden unless the organisation acted for has it."""
    if not PARTS[hat].open_to(visit.signed_in):
        raise Forbidden("hat.not_yours", f"The organisation you act for is no {hat}.")
    visit.hat = hat
    if hat == "municipality" and visit.request.method == "GET":
        waiting = await unless_away(
            visit.agreements.get("/agreements/counts", municipality_id=visit.signed_in.organisation_id)
        )
        visit.counted["/kommune/serviceaftaler"] = waiting["requested"] if waiting else 0
    return visit


def _wearing(hat: Hat) -> Any:
    async def under_hat(visit: SignedInVisit) -> Visit:
        return await wearing(visit, hat)

    return under_hat


SupplierVisit = Annotated[Visit, Depends(_wearing("supplier"))]
MunicipalityVisit = Annotated[Visit, Depends(_wearing("municipality"))]
HelpdeskVisit = Annotated[Visit, Depends(_wearing("helpdesk"))]


def said(form: FormData | Mapping[str, Any], name: str) -> str:
    """One field of a form, without blanks around it; empty where it is missing."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def problem_in(visit: Visit, problem: Problem) -> dict[str, str]:
    """What is wrong with a form, by field; what belongs to no field stands under "form"."""
    fields = getattr(problem, "fields", {})
    if fields:
        return {name: field_told(kind, message, visit.language) for name, (kind, message) in fields.items()}
    return {"form": explained(problem.code, problem.status, problem.detail, visit.language).detail}
