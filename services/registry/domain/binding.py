"""A certificate bound to a system: from when to when the platform takes it, and the rules of renewal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.registry.domain.certificate import Certificate, SameHolder, same_holder
from shared.contracts.event import Environment
from shared.problem import Conflict, Invalid

LIVE_AT_MOST = 5
"""How many certificates a system may have in use at once: enough to renew with overlap, few enough to watch."""

LAST_SECOND = timedelta(seconds=1)
"""A certificate's last second belongs to its validity, all of it."""

CertificateState = Literal["bound", "ended"]


@dataclass(frozen=True, slots=True)
class Binding:
    """A certificate as it is bound to a system. `valid_from` and `valid_to` are the certificate's own, UTC.

    It identifies the system from `bound_from` (included) to `bound_to` (not included; None = still).
    """

    id: UUID
    sequence: int
    system_id: UUID
    supplier_id: UUID
    environment: Environment
    kind: Literal["FOCES", "VOCES"]
    subject_serial: str
    cvr: str | None
    common_name: str = field(repr=False)
    organisation_name: str | None
    issuer: str
    x509_serial: str
    thumbprint: bytes
    x5t_s256: str
    public_key_pem: str = field(repr=False)
    pem: str = field(repr=False)
    valid_from: datetime
    valid_to: datetime
    bound_from: datetime
    bound_to: datetime | None
    last_used_hour: datetime | None

    def live(self, now: datetime) -> bool:
        """Whether it identifies its system now: bound, and within its own validity."""
        return self.bound_to is None and self.valid_from <= now and not expired(self.valid_to, now)


def expired(valid_to: datetime, now: datetime) -> bool:
    """Whether a certificate whose last second is `valid_to` is past its validity."""
    return now >= valid_to + LAST_SECOND


def foreign_holder(certificate: Certificate, supplier_cvr: str) -> list[str]:
    """What to warn of when the certificate names another organisation than the supplier, or none."""
    if certificate.cvr == supplier_cvr:
        return []
    holder = f"CVR {certificate.cvr}" if certificate.cvr else "no CVR number"
    warning = (
        f"The certificate was issued to {holder}, the supplier has CVR {supplier_cvr}. That is right where"
        " another organisation runs the system for you; otherwise you may have picked the wrong certificate."
    )
    return [warning]


def renewal(certificate: Certificate, bound: Sequence[Certificate]) -> list[str]:
    """What to warn of when `certificate` renews one of those already bound to the system.

    Raises Invalid when it has another holder than all of them.
    """
    how = {same_holder(old, certificate) for old in bound}
    if SameHolder.YES in how:
        return []
    if SameHolder.SAME_ORGANISATION in how:
        warning = (
            f"The holder's serial number {certificate.subject_serial} is another than before, the CVR number is"
            " the same. That is right after a change of certificate generation; otherwise check that the"
            " certificate is this system's."
        )
        return [warning]
    raise Invalid(
        "certificate.other_holder",
        f"This certificate's holder is {certificate.subject_serial}, another organisation than that of the system's"
        " certificates until now. Register a new system for it, or give the renewed certificate.",
    )


def require_room(bound: Iterable[Binding], now: datetime) -> None:
    """Raise Conflict when the system has as many live certificates as it may."""
    if sum(one.live(now) for one in bound) >= LIVE_AT_MOST:
        raise Conflict(
            "certificate.too_many",
            f"This system has {LIVE_AT_MOST} certificates in use, the most there may be. End one that is not needed.",
        )


def require_another(bound: Iterable[Binding], ending: UUID, now: datetime) -> None:
    """Raise Conflict when the system would have no live certificate left without the one that is to end."""
    if not any(one.live(now) for one in bound if one.id != ending):
        raise Conflict(
            "certificate.last",
            "This is the system's last certificate in use: it could no longer connect. Bind its renewal first, or"
            " pause or deactivate the system.",
        )
