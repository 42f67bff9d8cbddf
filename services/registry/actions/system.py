"""Registering IT systems and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

from services.registry.actions import binding as certificates
from services.registry.actions.restating import restate_all
from services.registry.actions.supplier import find_supplier, held
from services.registry.domain.binding import Binding, foreign_holder
from services.registry.domain.certificate import Certificate
from services.registry.domain.judgement import judge
from services.registry.domain.system import Act, System, after, allowed_from, require_environment
from services.registry.domain.trust import Trust
from services.registry.store import binding as binding_store
from services.registry.store import system as store
from shared.contracts import registry as contracts
from shared.contracts.event import Environment
from shared.database import Transaction
from shared.identity import Caller
from shared.problem import Conflict


@dataclass(frozen=True, slots=True)
class Registered:
    """A system with its certificates, and what its supplier should look at again."""

    system: System
    certificates: list[Binding]
    warnings: list[str]


async def register(
    tx: Transaction,
    caller: Caller,
    *,
    name: str,
    environment: Environment,
    certificate: Certificate,
    trust: Trust,
) -> Registered:
    """Register a system of the caller's supplier; from the commit on it may sign in and connect.

    Raises Invalid with the certificate's refusal, and Conflict `certificate.already_used`.
    """
    supplier = await find_supplier(tx, caller.organisation_id)
    require_environment(environment, test_organisation=supplier.test)
    judge(certificate, environment=environment, trust=trust, now=tx.now)
    system_id = uuid4()
    await store.add(tx.connection, system_id, supplier.id, name, environment, now=tx.now)
    system = await _found(tx, system_id)
    await store.remember(tx.connection, system, "registered", caller.actor, now=tx.now)
    bound = await certificates.add(tx, caller, system, certificate)
    await tx.say(contracts.SystemRegistered(system=told(system)))
    await tx.say(contracts.CertificateBound(certificate=certificates.told(bound)))
    await tx.record(
        caller.actor, "system.register", system.id, {"environment": environment, "certificate": str(bound.id)}
    )
    return Registered(system, [bound], foreign_holder(certificate, supplier.cvr))


async def rename(tx: Transaction, caller: Caller, system_id: UUID, name: str) -> System:
    """Give a system of the caller's another name."""
    system = await held(tx, caller, system_id)
    after(system.state, "rename")
    if system.name == name:
        return system
    renamed = await store.rename(tx.connection, system_id, name, states=allowed_from("rename"))
    return await _changed(tx, caller, renamed, "renamed", "system.rename")


async def pause(tx: Transaction, caller: Caller, system_id: UUID) -> System:
    """Close a system until it is resumed: it can neither sign in nor call."""
    return await _move(tx, caller, system_id, "pause", "paused")


async def resume(tx: Transaction, caller: Caller, system_id: UUID) -> System:
    """Open a paused system again."""
    return await _move(tx, caller, system_id, "resume", "resumed")


async def deactivate(tx: Transaction, caller: Caller, system_id: UUID) -> System:
    """Close a system for good. Its certificates stay bound to it and can't be used elsewhere."""
    return await _move(tx, caller, system_id, "deactivate", "deactivated")


async def _move(tx: Transaction, caller: Caller, system_id: UUID, act: Act, what: str) -> System:
    system = await held(tx, caller, system_id)
    to = after(system.state, act)
    moved = await store.change_state(tx.connection, system_id, to, states=allowed_from(act), now=tx.now)
    return await _changed(tx, caller, moved, what, f"system.{act}")


async def _changed(tx: Transaction, caller: Caller, system: System | None, what: str, action: str) -> System:
    if system is None:
        raise Conflict("system.wrong_state", "The system was changed by someone else at this moment; look again.")
    await store.remember(tx.connection, system, what, caller.actor, now=tx.now)
    await tx.say(contracts.SystemChanged(system=told(system)))
    await tx.record(caller.actor, action, system.id)
    return system


async def restate_systems(tx: Transaction) -> int:
    """Say every system's present state."""
    listed = partial(store.listed, supplier_id=None)
    return await restate_all(tx, listed, lambda system: contracts.SystemRestated(system=told(system)))


async def restate_certificates(tx: Transaction) -> int:
    """Say every certificate's present state."""
    return await restate_all(
        tx, binding_store.listed, lambda one: contracts.CertificateRestated(certificate=certificates.told(one))
    )


def told(system: System) -> contracts.System:
    """A system as others may know it."""
    return contracts.System(
        id=system.id,
        sequence=system.sequence,
        supplier_id=system.supplier_id,
        supplier_name=system.supplier_name,
        name=system.name,
        environment=system.environment,
        state=system.state,
        active=system.active,
    )


async def _found(tx: Transaction, system_id: UUID) -> System:
    system = await store.find(tx.connection, system_id)
    assert system is not None, "it was written in this transaction"
    return system
