"""What metering does about the events it hears: keep copies, and judge again what a call overtook."""

from __future__ import annotations

from services.metering.domain.judgement import Reason
from services.metering.store import copies, refusals
from shared.clock import follow_clock
from shared.consumer import Handlers
from shared.contracts.registry import (
    AccessEnded,
    AccessEvent,
    AccessGranted,
    AccessRestated,
    CertificateBound,
    CertificateEnded,
    CertificateEvent,
    CertificateRestated,
    ClockMoved,
    SystemChanged,
    SystemEvent,
    SystemRegistered,
    SystemRestated,
)
from shared.database import Transaction

_BY_CERTIFICATE: frozenset[Reason] = frozenset({"certificate.unknown", "certificate.ended"})
_BY_SYSTEM: frozenset[Reason] = frozenset({"system.not_active"})
_BY_GRANT: frozenset[Reason] = frozenset({"access.none", "access.ended", "agreement.differs"})


async def on_system(tx: Transaction, event: SystemEvent) -> None:
    system = event.system
    await copies.lock_system(tx.connection, system.id)
    if await copies.keep_system(tx.connection, system):
        await refusals.want_rejudging(tx.connection, system.id, _BY_SYSTEM)


async def on_certificate(tx: Transaction, event: CertificateEvent) -> None:
    certificate = event.certificate
    await copies.lock_system(tx.connection, certificate.system_id)
    if await copies.keep_certificate(tx.connection, certificate):
        await refusals.want_rejudging(tx.connection, certificate.system_id, _BY_CERTIFICATE)


async def on_access(tx: Transaction, event: AccessEvent) -> None:
    access = event.access
    await copies.lock_system(tx.connection, access.system_id)
    if await copies.keep_grant(tx.connection, access):
        await refusals.want_rejudging(
            tx.connection,
            access.system_id,
            _BY_GRANT,
            service_id=access.service_id,
            municipalities={str(access.municipality_id), access.municipality_cvr},
        )


HANDLERS: Handlers = {
    SystemRegistered: on_system,
    SystemChanged: on_system,
    SystemRestated: on_system,
    CertificateBound: on_certificate,
    CertificateEnded: on_certificate,
    CertificateRestated: on_certificate,
    AccessGranted: on_access,
    AccessEnded: on_access,
    AccessRestated: on_access,
    ClockMoved: follow_clock,
}
