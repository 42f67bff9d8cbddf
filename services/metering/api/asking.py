"""What every route needs: the running service, whose usage a caller may see, a quarter as it is written."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from services.metering.settings import MeteringSettings
from services.metering.store.sight import Sight
from shared import asking
from shared.identity import Caller
from shared.problem import Forbidden
from shared.quarters import Quarter

Running = asking.Running[MeteringSettings]

_MADE = "The quarter the calls were made in, such as 2027Q1"
InQuarter = Annotated[Quarter, Depends(asking.quarter_named(_MADE))]
"""A quarter that must be named."""
InAnyQuarter = Annotated[Quarter | None, Depends(asking.quarter_or_none(_MADE))]
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
