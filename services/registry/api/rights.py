"""Who may look after an organisation and its people."""

from __future__ import annotations

from uuid import UUID

from services.registry.actions.organisation import not_found
from shared.identity import Caller
from shared.problem import Forbidden


def require_administrator(caller: Caller, organisation_id: UUID) -> None:
    """The helpdesk, or a person with the role administrator in this very organisation.

    Raises NotFound for another organisation (whether it exists is not told), else Forbidden.
    """
    if caller.helpdesk:
        return
    if caller.organisation_id != organisation_id:
        raise not_found(organisation_id)
    if caller.kind != "person" or "administrator" not in caller.roles:
        raise Forbidden("rights.role_missing", "This takes a person with the role: administrator.")


def require_colleague(caller: Caller, organisation_id: UUID) -> None:
    """The helpdesk, or a person who acts for this very organisation, whatever their roles.

    Raises NotFound for another organisation (whether it exists is not told), else Forbidden.
    """
    if caller.helpdesk:
        return
    if caller.organisation_id != organisation_id:
        raise not_found(organisation_id)
    if caller.kind != "person":
        raise Forbidden("rights.people_only", "This is for the organisation's people, not for a system.")
