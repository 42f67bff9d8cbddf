"""Who may see and do what: a person acts for a supplier, a municipality, both, or the platform's helpdesk."""

from __future__ import annotations

from uuid import UUID

from services.agreements.domain.agreement import Act
from services.agreements.store.agreements import Filter
from shared.contracts.agreements import Agreement, By
from shared.contracts.registry import Role
from shared.identity import Caller
from shared.problem import Forbidden

SUPPLIER_ROLES: tuple[Role, ...] = ("administrator", "user")

_SIDES: dict[Act, tuple[tuple[By, tuple[Role, ...]], ...]] = {
    "approve": (("municipality", ("signatory",)),),
    "reject": (("municipality", ("signatory",)),),
    "withdraw": (("supplier", SUPPLIER_ROLES),),
    "resend_notice": (("supplier", SUPPLIER_ROLES),),
    "terminate": (("municipality", ("signatory",)), ("supplier", ("administrator",)), ("operator", ())),
}
"""For each act the sides that may do it, and with which roles; the first that fits is who did it."""


def as_supplier(caller: Caller) -> UUID | None:
    """The supplier whose things the caller sees, if any."""
    return caller.organisation_id if caller.person_of("supplier", *SUPPLIER_ROLES) else None


def as_municipality(caller: Caller) -> UUID | None:
    """The municipality whose agreements the caller sees, if any."""
    return caller.organisation_id if caller.person_of("municipality") else None


def visible(caller: Caller) -> Filter:
    """Which agreements the caller may know of. Raises Forbidden for who may know of none."""
    which = Filter(
        everything=caller.helpdesk, as_supplier=as_supplier(caller), as_municipality=as_municipality(caller)
    )
    if not (which.everything or which.as_supplier or which.as_municipality):
        raise Forbidden(
            "rights.role_missing", "This takes a person of a supplier or municipality, or the platform's helpdesk."
        )
    return which


def sees(caller: Caller, agreement: Agreement) -> bool:
    """Whether the caller may know of this agreement."""
    which = visible(caller)
    return (
        which.everything
        or agreement.supplier_id == which.as_supplier
        or agreement.municipality_id == which.as_municipality
    )


def side(caller: Caller, agreement: Agreement, act: Act) -> By:
    """For which side of an agreement that the caller sees this act is done. Raises Forbidden."""
    for by, roles in _SIDES[act]:
        if by == "operator":
            if caller.helpdesk:
                return by
            continue
        party = agreement.supplier_id if by == "supplier" else agreement.municipality_id
        if party == caller.organisation_id and caller.person_of(by, *roles):
            return by
    may = "; or ".join(
        "the platform's helpdesk" if by == "operator" else f"the {by} ({' or '.join(roles)})"
        for by, roles in _SIDES[act]
    )
    raise Forbidden("rights.role_missing", f"To {act.replace('_', ' ')} takes a person of {may}.")


def supplier_or_helpdesk(caller: Caller) -> UUID | None:
    """The supplier whose requests and trials the caller sees; None means helpdesk, who sees all."""
    if caller.helpdesk:
        return None
    caller.require("supplier", *SUPPLIER_ROLES)
    return caller.organisation_id
