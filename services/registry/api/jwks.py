"""The public halves of the keys that tokens are signed with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from services.registry.api.asking import Running
from services.registry.signing import SigningKeys

router = APIRouter(tags=["sign-in"])


@router.get("/.well-known/jwks.json")
async def published_keys(running: Running, response: Response) -> dict[str, Any]:
    """The public keys (a JWK set) every token of the platform is checked with."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return running.get(SigningKeys).published()
