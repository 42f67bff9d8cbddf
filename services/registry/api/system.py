"""Suppliers' IT systems and their certificates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from services.registry.actions import binding as certificates
from services.registry.actions import reading
from services.registry.actions import system as actions
from services.registry.actions.supplier import unknown_system
from services.registry.api.asking import Running
from services.registry.api.system_shown import (
    Bound,
    CertificateShown,
    HistoryShown,
    RegisteredSystem,
    SystemDetail,
    SystemShown,
)
from services.registry.domain.certificate import read_certificate
from services.registry.domain.system import State, System
from services.registry.domain.trust import Trust
from services.registry.store import binding as binding_store
from services.registry.store import system as store
from shared.asking import Body
from shared.contracts.event import Environment
from shared.database import Database, Transaction
from shared.identity import Caller, SignedIn
from shared.page import After, Limit, Page, page
from shared.problem import Forbidden
from shared.text import Line, Sought

router = APIRouter(tags=["systems"])

CertificateText = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]
"""A certificate as PEM or base64, with whatever the file had around it; no private key."""


class NewSystem(Body):
    """A system of the caller's supplier. `certificate`: its FOCES or VOCES certificate as PEM or base64."""

    name: Line
    environment: Environment
    certificate: CertificateText


class SystemName(Body):
    """A system's new name."""

    name: Line


class NewCertificate(Body):
    """A further certificate for a system, as PEM or base64."""

    certificate: CertificateText


class PastedText(Body):
    """What somebody has at hand: a certificate, or a serial number or thumbprint in any usual writing."""

    text: CertificateText


@router.post("/systems", status_code=201)
async def register_system(body: NewSystem, running: Running, caller: SignedIn) -> RegisteredSystem:
    """Register a system (supplier: administrator, user). From now on it may sign in and connect; to call, it
    needs agreements.

    422 with the refusal's code where the certificate is not taken (`certificate.kind_not_accepted`,
    `certificate.expired`, `certificate.untrusted_issuer`, …), 422 `system.test_organisation`,
    409 `certificate.already_used`.
    """
    _require_supplier(caller)
    certificate = read_certificate(body.certificate.encode())
    async with running.database.transaction() as tx:
        done = await actions.register(
            tx,
            caller,
            name=body.name,
            environment=body.environment,
            certificate=certificate,
            trust=running.get(Trust),
        )
    return RegisteredSystem.with_warnings(done.system, done.certificates, done.warnings, tx.now)


@router.get("/systems")
async def list_systems(
    running: Running,
    caller: SignedIn,
    *,
    supplier_id: Annotated[UUID | None, Query(description="Only this supplier's systems")] = None,
    environment: Environment | None = None,
    state: State | None = None,
    q: Annotated[Sought | None, Query(description="Part of the name, or a system's id")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[SystemShown]:
    """The caller's supplier's systems, or all of them for the helpdesk, in the order they were registered."""
    if not caller.helpdesk:
        _require_supplier(caller)
        if supplier_id not in {None, caller.organisation_id}:
            return Page(items=[], next=None)
        supplier_id = caller.organisation_id
    async with running.database.reading() as connection:
        found = await store.listed(
            connection,
            supplier_id=supplier_id,
            environment=environment,
            state=state,
            q=q,
            after=after,
            limit=limit + 1,
        )
        bound = await binding_store.of_systems(connection, [system.id for system in found])
    now = running.clock.now()
    return page(found, limit, lambda system: SystemShown.of(system, bound[system.id], now))


@router.get("/systems/{system_id}")
async def get_system(system_id: UUID, running: Running, caller: SignedIn) -> SystemDetail:
    """One system with its history: its own supplier's people, and the helpdesk. 404 `system.unknown`."""
    if not caller.helpdesk:
        _require_supplier(caller)
    async with running.database.reading() as connection:
        system = await store.find(connection, system_id)
        if system is None or not (caller.helpdesk or system.supplier_id == caller.organisation_id):
            raise unknown_system(system_id)
        bound = await binding_store.of_system(connection, system_id)
        history = await store.history(connection, system_id)
    return SystemDetail.with_history(system, bound, [HistoryShown.of(line) for line in history], running.clock.now())


@router.patch("/systems/{system_id}")
async def rename_system(system_id: UUID, body: SystemName, running: Running, caller: SignedIn) -> SystemShown:
    """Give a system another name (supplier: administrator, user). 409 `system.deactivated`."""
    _require_supplier(caller)
    return await _acted(running.database, system_id, lambda tx: actions.rename(tx, caller, system_id, body.name))


@router.post("/systems/{system_id}/pause")
async def pause_system(system_id: UUID, running: Running, caller: SignedIn) -> SystemShown:
    """Close a system for the time being: no sign-in, no calls (supplier). 409 `system.wrong_state`."""
    _require_supplier(caller)
    return await _acted(running.database, system_id, lambda tx: actions.pause(tx, caller, system_id))


@router.post("/systems/{system_id}/resume")
async def resume_system(system_id: UUID, running: Running, caller: SignedIn) -> SystemShown:
    """Open a paused system again (supplier). 409 `system.wrong_state`, `system.deactivated`."""
    _require_supplier(caller)
    return await _acted(running.database, system_id, lambda tx: actions.resume(tx, caller, system_id))


@router.post("/systems/{system_id}/deactivate")
async def deactivate_system(system_id: UUID, running: Running, caller: SignedIn) -> SystemShown:
    """Close a system for good (supplier); its certificates can't be used for another. 409 `system.deactivated`."""
    _require_supplier(caller)
    return await _acted(running.database, system_id, lambda tx: actions.deactivate(tx, caller, system_id))


@router.post("/systems/{system_id}/certificates", status_code=201)
async def bind_certificate(system_id: UUID, body: NewCertificate, running: Running, caller: SignedIn) -> Bound:
    """Bind the renewed certificate beside the present one (supplier); ids and agreements stay as they are.

    422 with the refusal's code, 422 `certificate.other_holder`; 409 `certificate.already_used`,
    `certificate.too_many`, `system.deactivated`.
    """
    _require_supplier(caller)
    certificate = read_certificate(body.certificate.encode())
    async with running.database.transaction() as tx:
        added, warnings = await certificates.bind(tx, caller, system_id, certificate, trust=running.get(Trust))
    return Bound(certificate=CertificateShown.of(added, tx.now), warnings=warnings)


@router.post("/systems/{system_id}/certificates/{certificate_id}/end")
async def end_certificate(
    system_id: UUID, certificate_id: UUID, running: Running, caller: SignedIn
) -> CertificateShown:
    """End a certificate for good (supplier). 404 `certificate.unknown`; 409 `certificate.last`,
    `certificate.ended`, `system.deactivated`.
    """
    _require_supplier(caller)
    async with running.database.transaction() as tx:
        ended = await certificates.end(tx, caller, system_id, certificate_id)
    return CertificateShown.of(ended, tx.now)


@router.post("/certificates/read")
async def read_pasted(body: PastedText, running: Running, caller: SignedIn) -> reading.Understood:
    """What a pasted certificate or serial number is understood as, and whether it would be accepted (supplier).

    Nothing is kept. 422 with the refusal's code where it can't be read at all.
    """
    _require_supplier(caller)
    return await reading.understand(running.database, caller, body.text, trust=running.get(Trust))


async def _acted(database: Database, system_id: UUID, act: Callable[[Transaction], Awaitable[System]]) -> SystemShown:
    async with database.transaction() as tx:
        system = await act(tx)
        bound = await binding_store.of_system(tx.connection, system_id)
    return SystemShown.of(system, bound, tx.now)


def _require_supplier(caller: Caller) -> None:
    if not caller.person_of("supplier", "administrator", "user"):
        raise Forbidden("rights.role_missing", "This takes a supplier's person with the role administrator or user.")
