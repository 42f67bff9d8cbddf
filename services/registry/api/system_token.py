"""Sign-in for suppliers' systems: OAuth 2 client credentials with a signed assertion (RFC 6749, RFC 7523)."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.registry.actions import system_token as actions
from services.registry.api.asking import Running
from services.registry.domain.assertion import ASSERTION_TYPE, GRANT_TYPE, OAuthError, SignInRefused
from services.registry.signing import SigningKeys
from shared.correlation import current

router = APIRouter(tags=["sign-in"])

LONGEST_FORM = 16 * 1024
_FORM = "application/x-www-form-urlencoded"
_NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class TokenAnswer(BaseModel):
    """A system's token. `expires_in` in seconds; `scope` is what it may do on the broker with it."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of the type
    expires_in: int
    scope: str


class TokenRefusal(BaseModel):
    """RFC 6749 (5.2); `code` is ours, stable, and says more than `error`."""

    error: OAuthError
    error_description: str
    code: str
    correlation_id: str


_REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"type": "string", "const": GRANT_TYPE},
                        "client_assertion_type": {"type": "string", "const": ASSERTION_TYPE},
                        "client_assertion": {
                            "type": "string",
                            "description": "A JWT signed with the key of a certificate of the system (RS256, PS256 or"
                            " ES256; header x5t#S256): iss and sub are the system's id, aud this address, exp at most"
                            " 5 minutes ahead, jti used once.",
                        },
                        "client_id": {"type": "string", "description": "The system's id, if it is sent at all"},
                        "scope": {"type": "string", "description": "The system's scope, if it is sent at all"},
                    },
                }
            }
        },
    }
}


@router.post(
    "/oauth/token",
    response_model=TokenAnswer,
    responses={
        400: {"description": "The request does not fit", "model": TokenRefusal},
        401: {"description": "The system can't be signed in", "model": TokenRefusal},
    },
    openapi_extra=_REQUEST_BODY,
)
async def system_token(request: Request, running: Running) -> JSONResponse:
    """A token for the system that signed the assertion; it may be asked for as soon as the system is registered."""
    try:
        form = _form(request.headers.get("content-type", ""), await request.body())
        async with running.database.transaction() as tx:
            given = await actions.sign_in(tx, form, keys=running.get(SigningKeys), settings=running.settings)
    except SignInRefused as refused:
        return _refusal(refused)
    answer = TokenAnswer(access_token=given.minted.token, expires_in=given.minted.expires_in, scope=given.scope)
    return JSONResponse(answer.model_dump(), headers=_NOT_KEPT)


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != _FORM:
        raise SignInRefused("invalid_request", "request.not_a_form", f"Send the fields as {_FORM}.")
    if len(body) > LONGEST_FORM:
        raise SignInRefused("invalid_request", "request.too_large", f"At most {LONGEST_FORM} bytes are read.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise SignInRefused("invalid_request", "request.not_valid", "The form can't be read.") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise SignInRefused("invalid_request", "request.not_valid", "A field may be sent only once.")
    return form


def _refusal(refused: SignInRefused) -> JSONResponse:
    body = TokenRefusal(
        error=refused.error, error_description=refused.detail, code=refused.code, correlation_id=current().id
    )
    status = 401 if refused.error == "invalid_client" else 400
    return JSONResponse(body.model_dump(), status_code=status, headers=_NOT_KEPT)
