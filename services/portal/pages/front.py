"""What everybody may read: what the platform is, how to begin, its terms, how it is running, and whom to turn to."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from services.portal.apis import Apis
from services.portal.domain.call_reason import REASONS
from services.portal.pages.visit import LANGUAGE_COOKIE, Anyone, cookie_name, headers_of, together

router = APIRouter(include_in_schema=False)

TERMS = date(2026, 11, 27)
"""Of which day the terms are: to be changed with them."""
ACCESSIBILITY = date(2026, 11, 27)
PRIVACY = date(2026, 11, 27)
SERVICES = ("metering", "agreements", "registry", "invoicing", "notifier")


@router.get("/")
async def front(visit: Anyone) -> Response:
    """The front page."""
    return visit.page("front/front.html")


@router.get("/bliv-leverandoer")
async def become_supplier(visit: Anyone) -> Response:
    """How a supplier begins."""
    return visit.page("front/supplier.html")


@router.get("/vilkaar")
async def terms(visit: Anyone) -> Response:
    """The terms for suppliers and municipalities."""
    return visit.page("front/terms.html", version=TERMS)


@router.get("/test")
async def test(visit: Anyone) -> Response:
    """The external test environment, and how calls are sent."""
    return visit.page("front/test.html")


@router.get("/faq")
async def questions(visit: Anyone) -> Response:
    """Questions and answers, why calls are refused, and whom to contact."""
    return visit.page("front/faq.html", reasons=REASONS.values())


@router.get("/driftsstatus")
async def status(visit: Anyone) -> Response:
    """How each part of the platform is, asked now."""
    apis = visit.running.get(Apis)
    states = await together(*(apis.state(service) for service in SERVICES))
    ready, _ = await visit.running.readiness()
    services = [*zip(SERVICES, states, strict=True), ("portal", "ready" if ready else "not ready")]
    return visit.page("front/status.html", services=services, well=all(state == "ready" for _, state in services))


@router.get("/was")
async def accessibility(visit: Anyone) -> Response:
    """The accessibility statement: the operator's formal one where there is one."""
    formal = visit.settings.accessibility_statement_url
    if formal:
        return RedirectResponse(formal, status_code=303, headers=headers_of(visit.request))
    return visit.page("front/accessibility.html", version=ACCESSIBILITY)


@router.get("/privatliv")
async def privacy(visit: Anyone) -> Response:
    """What is kept about whoever uses the portal, and its two cookies."""
    return visit.page(
        "front/privacy.html",
        version=PRIVACY,
        session_cookie=cookie_name(visit.settings),
        language_cookie=LANGUAGE_COOKIE,
    )
