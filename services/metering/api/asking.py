"""What every route needs: the running service, whose usage a caller may see, a quarter as it is written."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from services.metering.settings import MeteringSettings
from services.metering.store.sight import Sight
from shared.identity import Caller
from shared.problem import Forbidden
from shared.quarters import Quarter
from shared.run import Runtime


def _running(request: Request) -> Runtime[MeteringSettings]:
    found: Runtime[MeteringSettings] = request.app.state.runtime
    return found


Running = Annotated[Runtime[MeteringSettings], Depends(_running)]
"""The running service."""

_PATTERN = r"^20\d\d[Qq][1-4]$"


def _quarter(
    quarter: Annotated[
        str, Query(pattern=_PATTERN, description="The quarter the calls were made in, such as 2027Q1")
    ],
) -> Quarter:
    return Quarter.parse(quarter.upper())


def _quarter_or_none(
    quarter: Annotated[
        str | None, Query(pattern=_PATTERN, description="The quarter the calls were made in, such as 2027Q1")
    ] = None,
) -> Quarter | None:
    return Quarter.parse(quarter.upper()) if quarter else None


InQuarter = Annotated[Quarter, Depends(_quarter)]
"""A quarter that must be named."""

InAnyQuarter = Annotated[Quarter | None, Depends(_quarter_or_none)]
"""A quarter that may be named."""


def sight_of(caller: Caller) -> Sight:
    """Whose usage a caller sees: helpdesk everyone's, people their organisation's, a system its own."""
    if caller.helpdesk:
        return Sight(all=True)
    if caller.kind == "system":
        return Sight(system_id=caller.id)
    return Sight(organisation_id=caller.organisation_id)


def refusals_sight_of(caller: Caller) -> Sight:
    """Whose refused calls a caller sees: those are between the supplier and the platform.

    Raises Forbidden for people of municipalities that are not suppliers too.
    """
    if caller.kind == "system" or caller.helpdesk or "supplier" in caller.kinds:
        return sight_of(caller)
    raise Forbidden(
        "rights.suppliers_only", "Refused calls are shown to the supplier that sent them, and to helpdesk."
    )
