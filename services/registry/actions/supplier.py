"""Whose systems these are: the supplier that acts, and the system of its own that it acts on."""

from __future__ import annotations

from uuid import UUID

from services.registry.domain.system import Supplier, System
from services.registry.store import system as store
from shared.database import Transaction
from shared.identity import Caller
from shared.problem import Forbidden, NotFound


async def held(tx: Transaction, caller: Caller, system_id: UUID) -> System:
    """A system of the caller's supplier, held until the transaction ends. Raises NotFound for anyone else's."""
    system = await store.lock(tx.connection, system_id)
    if system is None or system.supplier_id != caller.organisation_id:
        raise unknown_system(system_id)
    return system


async def find_supplier(tx: Transaction, organisation_id: UUID) -> Supplier:
    """The caller's organisation, which must be a supplier that is active."""
    supplier = await store.find_supplier(tx.connection, organisation_id)
    if supplier is None or "supplier" not in supplier.kinds:
        raise Forbidden("rights.not_a_supplier", "Your organisation is no supplier here; ask helpdesk.")
    if not supplier.active:
        raise Forbidden("organisation.inactive", "Your organisation is not active here; ask helpdesk.")
    return supplier


def unknown_system(system_id: UUID) -> NotFound:
    """There is no such system, or none the caller may know of."""
    return NotFound("system.unknown", f"No system with the id {system_id} is registered by your organisation.")
