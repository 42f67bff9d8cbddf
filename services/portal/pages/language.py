"""Choosing the language, without script and without losing one's place."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.portal.domain.address import own_path
from services.portal.domain.language import chosen
from services.portal.pages.visit import LANGUAGE_COOKIE, LANGUAGE_SECONDS, Anyone

router = APIRouter(include_in_schema=False)


@router.get("/sprog/{language}")
async def choose_language(language: str, visit: Anyone, next: str = "") -> Response:  # noqa: A002 - as in the address
    """Show the page the visitor came from (or `next`) in this language, and all that follow."""
    answer = visit.see(own_path(next, visit.referring_path))
    answer.set_cookie(
        LANGUAGE_COOKIE,
        chosen(language),
        max_age=LANGUAGE_SECONDS,
        path="/",
        secure=visit.settings.secure,
        httponly=True,
        samesite="lax",
    )
    return answer
