"""What people see when something can't be done: a page in plain words, never a dead end."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from services.portal.apis import Refused
from services.portal.domain.problem import explained
from services.portal.pages.visit import SESSION_OVER, Visit, headers_of
from shared.correlation import current
from shared.http import as_problem_details
from shared.problem import NotFound, Problem

HOUSEKEEPING = frozenset({"/healthz", "/readyz", "/metrics", "/time", "/openapi.json"})


def as_page(request: Request, problem: Problem, headers: dict[str, str]) -> Response:
    """The problem as a page in the visitor's language; a session that is over leads to sign-in and back."""
    if request.url.path in HOUSEKEEPING:
        return as_problem_details(request, problem, headers)
    visit: Visit = getattr(request.state, "visit", None) or Visit.of_nobody(request)
    if problem.code in SESSION_OVER:
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back = there if request.method == "GET" else visit.referring_path
        over = "&over=1" if problem.code != "session.missing" else ""
        to_sign_in = f"/log-ind?next={quote(back)}{over}"
        if request.headers.get("hx-request"):
            return Response(headers={"HX-Redirect": to_sign_in, "Cache-Control": "no-store"})
        return RedirectResponse(to_sign_in, status_code=303, headers=headers_of(request))
    if request.method == "GET" and problem.code == "request.not_valid" and not isinstance(problem, Refused):
        # An address that names nothing, such as a word where an id should be: there is no such page.
        problem = NotFound("page.unknown", "There is no such page.")
    headers.pop("WWW-Authenticate", None)
    answer = visit.page(
        "problem.html",
        status=problem.status,
        problem=explained(problem.code, problem.status, problem.detail, visit.language),
        status_code=problem.status,
        code=problem.code,
        correlation_id=current().id,
    )
    answer.headers.update({**headers, **headers_of(request)})
    return answer
