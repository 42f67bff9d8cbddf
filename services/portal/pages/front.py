"""What everybody may read: what the platform is, how to begin, and whom to turn to."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.portal.pages.visit import Anyone

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front(visit: Anyone) -> Response:
    """The front page."""
    return visit.page("front/front.html")
