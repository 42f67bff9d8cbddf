"""What every route needs: the running service, whose amounts a caller may see, a quarter as it is written."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from services.invoicing.settings import InvoicingSettings
from shared.contracts.registry import Role
from shared.identity import Caller
from shared.problem import Forbidden
from shared.quarters import Quarter
from shared.run import Runtime


def _running(request: Request) -> Runtime[InvoicingSettings]:
    found: Runtime[InvoicingSettings] = request.app.state.runtime
    return found


Running = Annotated[Runtime[InvoicingSettings], Depends(_running)]
"""The running service."""

QUARTER = r"^20\d\d[Qq][1-4]$"


def _quarter(
    quarter: Annotated[str, Query(pattern=QUARTER, description="The quarter that is billed, such as 2027Q1")],
) -> Quarter:
    return Quarter.parse(quarter.upper())


def _quarter_or_none(
    quarter: Annotated[
        str | None, Query(pattern=QUARTER, description="The quarter that is billed, such as 2027Q1")
    ] = None,
) -> Quarter | None:
    return Quarter.parse(quarter.upper()) if quarter else None


InQuarter = Annotated[Quarter, Depends(_quarter)]
"""A quarter that must be named."""

InAnyQuarter = Annotated[Quarter | None, Depends(_quarter_or_none)]
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
