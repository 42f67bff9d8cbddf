"""Binding certificates to systems, renewing them with overlap, ending them."""

from __future__ import annotations

from uuid import UUID, uuid4

import asyncpg

from services.registry.actions.supplier import find_supplier, held
from services.registry.domain.binding import Binding, foreign_holder, renewal, require_another, require_room
from services.registry.domain.certificate import Certificate, read_certificate
from services.registry.domain.judgement import judge
from services.registry.domain.refusal import AlreadyUsed
from services.registry.domain.system import System, after
from services.registry.domain.trust import Trust
from services.registry.store import binding as store
from services.registry.store import system as system_store
from shared.contracts import registry as contracts
from shared.contracts.event import Interval
from shared.database import Transaction
from shared.identity import Caller
from shared.problem import Conflict, NotFound


async def bind(
    tx: Transaction, caller: Caller, system_id: UUID, certificate: Certificate, *, trust: Trust
) -> tuple[Binding, list[str]]:
    """Bind one more certificate to a system of the caller's, and say what to look at again.

    The system keeps its id, its agreements and, until it is ended, the certificate it had.
    """
    system = await held(tx, caller, system_id)
    after(system.state, "bind certificate")
    supplier = await find_supplier(tx, caller.organisation_id)
    judge(certificate, environment=system.environment, trust=trust, now=tx.now)
    bound = await store.of_system(tx.connection, system_id)
    if any(one.x5t_s256 == certificate.x5t_s256 for one in bound):
        raise AlreadyUsed(f"This certificate is or was bound to this very system, {system.name}. Give its renewal.")
    warnings = renewal(certificate, [read_certificate(one.pem.encode()) for one in bound])
    require_room(bound, tx.now)
    added = await add(tx, caller, system, certificate)
    await tx.say(contracts.CertificateBound(certificate=told(added)))
    await tx.record(caller.actor, "certificate.bind", system.id, {"certificate": str(added.id)})
    return added, warnings + foreign_holder(certificate, supplier.cvr)


async def end(tx: Transaction, caller: Caller, system_id: UUID, certificate_id: UUID) -> Binding:
    """End a certificate: from now on it no longer identifies the system, and never will again."""
    system = await held(tx, caller, system_id)
    after(system.state, "end certificate")
    bound = await store.of_system(tx.connection, system_id)
    one = next((one for one in bound if one.id == certificate_id), None)
    if one is None:
        raise NotFound("certificate.unknown", f"This system has no certificate with the id {certificate_id}.")
    if one.bound_to is not None:
        raise Conflict("certificate.ended", f"This certificate was ended on {one.bound_to:%Y-%m-%d %H:%M} UTC.")
    if system.state == "registered":
        require_another(bound, certificate_id, tx.now)
    ended = await store.end(tx.connection, certificate_id, system_id, now=tx.now)
    assert ended is not None, "the system is held, so nobody else ended it"
    await system_store.remember(
        tx.connection, system, "certificate ended", caller.actor, now=tx.now, certificate_id=certificate_id
    )
    await tx.say(contracts.CertificateEnded(certificate=told(ended)))
    await tx.record(caller.actor, "certificate.end", system.id, {"certificate": str(certificate_id)})
    return ended


async def add(tx: Transaction, caller: Caller, system: System, certificate: Certificate) -> Binding:
    """Write a judged certificate for a system. Raises AlreadyUsed; saying whose it is only to its own supplier."""
    certificate_id = uuid4()
    if not await store.add(tx.connection, certificate_id, system.id, certificate, now=tx.now):
        raise await already_used(tx.connection, caller, certificate)
    await system_store.remember(
        tx.connection, system, "certificate bound", caller.actor, now=tx.now, certificate_id=certificate_id
    )
    added = await store.find(tx.connection, bytes.fromhex(certificate.thumbprint_sha256))
    assert added is not None, "it was written in this transaction"
    return added


async def already_used(connection: asyncpg.Connection, caller: Caller, certificate: Certificate) -> AlreadyUsed:
    """The refusal of a certificate that, itself or by its numbers, belongs to a system already."""
    owner = await store.owner(connection, certificate)
    if owner is None or owner.supplier_id != caller.organisation_id:
        return AlreadyUsed(
            "This certificate, or another of the same holder, is registered for another system. Every system needs"
            " a certificate of its own: order one for this system."
        )
    return AlreadyUsed(
        f"This certificate, or another of the same holder, is registered for your system {owner.system_name}"
        f" ({owner.system_id}). If it is that system's renewal, bind it there; otherwise order one for this system."
    )


def told(binding: Binding) -> contracts.Certificate:
    """A certificate as others may know it."""
    return contracts.Certificate(
        id=binding.id,
        sequence=binding.sequence,
        system_id=binding.system_id,
        supplier_id=binding.supplier_id,
        environment=binding.environment,
        kind=binding.kind,
        subject_serial=binding.subject_serial,
        x509_serial=binding.x509_serial,
        issuer=binding.issuer,
        x5t_s256=binding.x5t_s256,
        public_key_pem=binding.public_key_pem,
        valid_from=binding.valid_from,
        valid_to=binding.valid_to,
        bound=(Interval(starts=binding.bound_from, ends=binding.bound_to),),
    )
