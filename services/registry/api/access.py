"""The access decision: may this certificate call this service for this municipality now?"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.registry.actions import access as actions
from services.registry.api.asking import Running
from services.registry.domain.access import Asker, Reason, SourceKind
from services.registry.domain.thumbprint import read_thumbprint
from shared.contracts.event import Environment
from shared.identity import Caller, SignedIn
from shared.problem import Forbidden, Invalid

router = APIRouter(tags=["access"])

_CVR = re.compile(r"[0-9]{8}")


class AccessAnswer(BaseModel):
    """The decision at `at` (platform time, UTC). `reason` is stable and for software, `detail` for people.

    `agreement.none` is the answer to a system that is known but has no agreement; an unknown certificate gets
    `certificate.unknown`. With `allowed`, `access_id` is the grant and `source_id` the agreement or trial it
    comes from; with `agreement.ended` those that held last.
    """

    allowed: bool
    reason: Reason
    detail: str
    system_id: UUID | None = None
    access_id: UUID | None = None
    source: SourceKind | None = None
    source_id: UUID | None = None
    at: datetime


@router.get("/access")
async def decide_access(
    running: Running,
    caller: SignedIn,
    *,
    certificate: Annotated[
        str, Query(max_length=64, description="SHA-256 of the certificate: base64url (x5t#S256) or hexadecimal")
    ],
    service: Annotated[UUID, Query(description="The service's id")],
    municipality: Annotated[str, Query(max_length=45, description="The municipality's id or CVR number")],
    environment: Annotated[
        Environment | None, Query(description="Where the call is made; left out, where the system is registered")
    ] = None,
) -> AccessAnswer:
    """May this certificate call this service for this municipality now? Never cached, the same on every copy.

    The helpdesk may ask about any certificate; a supplier's people about those of its own systems; a system about
    its own. Anything else is `certificate.unknown`. 422 `certificate.thumbprint`, `municipality.not_named`.
    """
    asker = _asker(caller)
    thumbprint = read_thumbprint(certificate)
    if thumbprint is None:
        raise Invalid(
            "certificate.thumbprint",
            "The parameter certificate is the SHA-256 of the certificate's DER: 43 characters of base64url"
            " (x5t#S256) or 64 hexadecimal digits.",
        )
    municipality_id, municipality_cvr = _municipality(municipality)
    answer = await actions.ask(
        running.database,
        thumbprint=thumbprint,
        service_id=service,
        municipality_id=municipality_id,
        municipality_cvr=municipality_cvr,
        environment=environment,
        asker=asker,
    )
    decision, grant = answer.decision, answer.decision.grant
    return AccessAnswer(
        allowed=decision.allowed,
        reason=decision.reason,
        detail=decision.detail,
        system_id=decision.system_id,
        access_id=grant.id if grant else None,
        source=grant.source if grant else None,
        source_id=grant.source_id if grant else None,
        at=answer.at,
    )


def _asker(caller: Caller) -> Asker:
    if caller.helpdesk:
        return Asker()
    if caller.kind == "system":
        return Asker(system_id=caller.id, supplier_id=caller.organisation_id)
    if caller.person_of("supplier", "administrator", "user"):
        return Asker(supplier_id=caller.organisation_id)
    raise Forbidden(
        "rights.role_missing",
        "This takes the helpdesk, a supplier's person with the role administrator or user, or a system itself.",
    )


def _municipality(text: str) -> tuple[UUID | None, str | None]:
    if _CVR.fullmatch(text):
        return None, text
    try:
        return UUID(text), None
    except ValueError:
        raise Invalid(
            "municipality.not_named", "The parameter municipality is the municipality's id (a UUID) or CVR number."
        ) from None
