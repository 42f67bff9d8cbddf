"""What every route needs: the running service, whose amounts a caller may see, a quarter as it is written."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.invoicing.settings import InvoicingSettings
from shared import asking
from shared.contracts.registry import Role
from shared.identity import Caller
from shared.problem import Forbidden
from shared.quarters import Quarter

Running = asking.Running[InvoicingSettings]

_BILLED = "The quarter that is billed, such as 2027Q1"
InQuarter = Annotated[Quarter, Depends(asking.quarter_named(_BILLED))]
"""A quarter that must be named."""
InAnyQuarter = Annotated[Quarter | None, Depends(asking.quarter_or_none(_BILLED))]
"""A quarter that may be named."""


def whose(caller: Caller, asked_for: UUID | None, *roles: Role) -> UUID | None:
    """The municipality whose amounts the caller gets: its own, or for helpdesk the one asked for (None: all).

    Raises Forbidden for suppliers and systems, for people without one of the roles (any role if none is
    named), and for a municipality that is not the caller's own.
    """
    if caller.helpdesk:
        return asked_for
    caller.require("municipality", *roles)
    if asked_for not in (None, caller.organisation_id):
        raise Forbidden("rights.other_municipality", "You may see your own municipality's amounts only.")
    return caller.organisation_id
