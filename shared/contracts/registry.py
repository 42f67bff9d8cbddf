"""What the registry says: organisations, people, IT systems, certificates, services, access, the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.event import Aggregate, Environment, Event, Interval, LongText, State, Text

SupplierRole = Literal["administrator", "user"]
Role = Literal["helpdesk", "administrator", "user", "signatory", "economy"]
OrganisationKind = Literal["supplier", "municipality", "operator"]


class Organisation(Aggregate):
    """A supplier, a municipality, both, or the platform's operator.

    `test` organisations live in the external test environment only. `mailbox` is where notices go, `ean` the
    GLN that invoices are addressed to; both are entered by the organisation's own administrator.
    """

    name: Text
    cvr: Text
    kinds: tuple[OrganisationKind, ...]
    municipality_code: Text | None = None
    test: bool = False
    mailbox: Text | None = None
    invoice_mailbox: Text | None = None
    ean: Text | None = None
    buyer_reference: Text | None = None
    active: bool = True


class Membership(State):
    """A person's roles in one organisation."""

    organisation_id: UUID
    roles: tuple[Role, ...]


class User(Aggregate):
    """A person who can sign in. The only events with people's names and addresses are those about users."""

    name: Text
    email: Text
    memberships: tuple[Membership, ...]
    active: bool = True


class Link(Aggregate):
    """A one-time link by which a person sets a password; `id` is the link's, `url` the secret itself."""

    user_id: UUID
    name: Text
    email: Text
    organisation_name: Text
    purpose: Literal["invitation", "reset"]
    url: LongText
    expires_at: AwareDatetime


class System(Aggregate):
    """A supplier's IT system (anvendersystem), for one environment.

    `active` are the spans in which it may connect; a paused or deactivated system has no open span.
    """

    supplier_id: UUID
    supplier_name: Text
    name: Text
    environment: Environment
    state: Literal["registered", "paused", "deactivated"]
    active: tuple[Interval, ...]


class Certificate(Aggregate):
    """A FOCES or VOCES certificate bound to a system.

    `x5t_s256` is the base64url SHA-256 thumbprint (RFC 7515); `bound` the spans in which the platform accepts
    it for the system; `valid_from` and `valid_to` are the certificate's own.
    """

    system_id: UUID
    supplier_id: UUID
    environment: Environment
    kind: Literal["FOCES", "VOCES"]
    subject_serial: Text
    x509_serial: Text
    issuer: LongText
    x5t_s256: Text
    public_key_pem: LongText
    valid_from: AwareDatetime
    valid_to: AwareDatetime
    bound: tuple[Interval, ...]


class Service(Aggregate):
    """A service in the catalogue; its id names service and version.

    `state`: open to new agreements, locked (existing ones live on) or closed (no calls).
    """

    name: Text
    version: Text
    number: Text | None = None
    entity_id: LongText | None = None
    description: LongText = ""
    data_categories: LongText = ""
    state: Literal["open", "locked", "closed"] = "open"


class Access(Aggregate):
    """A grant: this system may call this service for this municipality in these spans of time.

    `source_id` is the agreement or trial connection it comes from.
    """

    source: Literal["agreement", "trial"]
    source_id: UUID
    environment: Environment
    supplier_id: UUID
    system_id: UUID
    municipality_id: UUID
    municipality_cvr: Text
    service_id: UUID
    valid: tuple[Interval, ...]


class Clock(Aggregate):
    """The demonstration clock: how many whole seconds platform time is ahead of real time. It only grows."""

    offset_seconds: int


class OrganisationEvent(Event):
    speaker: ClassVar[str] = "registry"
    about: ClassVar[str] = "organisation"
    organisation: Organisation


class OrganisationCreated(OrganisationEvent):
    """Helpdesk created an organisation."""

    type: ClassVar[str] = "organisation.created.v1"


class OrganisationChanged(OrganisationEvent):
    """An organisation's particulars changed (name, mailbox, EAN, kinds, active)."""

    type: ClassVar[str] = "organisation.changed.v1"


class OrganisationRestated(OrganisationEvent):
    """An organisation's present state, for copies that are new or broken."""

    type: ClassVar[str] = "organisation.restated.v1"


class UserEvent(Event):
    speaker: ClassVar[str] = "registry"
    about: ClassVar[str] = "user"
    user: User


class UserCreated(UserEvent):
    """A person was invited."""

    type: ClassVar[str] = "user.created.v1"


class UserChanged(UserEvent):
    """A person's name, address, roles or standing changed."""

    type: ClassVar[str] = "user.changed.v1"


class UserRestated(UserEvent):
    """A person's present state, for copies that are new or broken."""

    type: ClassVar[str] = "user.restated.v1"


class UserLinkIssued(Event):
    """A one-time link for a person; for the notifier alone, never restated, redacted when parked."""

    type: ClassVar[str] = "user.link_issued.v1"
    kept: ClassVar[timedelta] = timedelta(minutes=10)
    """Short: it lets its reader in, and who did not get it asks for another."""
    speaker: ClassVar[str] = "registry"
    about: ClassVar[str] = "link"
    only_for: ClassVar[str | None] = "notifier"
    link: Link


class SystemEvent(Event):
    speaker: ClassVar[str] = "registry"
    about: ClassVar[str] = "system"
    system: System


class SystemRegistered(SystemEvent):
    """A supplier registered an IT system: it may connect, and call nothing yet."""

    type: ClassVar[str] = "system.registered.v1"


class SystemChanged(SystemEvent):
    """A system was renamed, paused, resumed or deactivated."""

    type: ClassVar[str] = "system.changed.v1"


class SystemRestated(SystemEvent):
    """A system's present state, for copies that are new or broken."""

    type: ClassVar[str] = "system.restated.v1"


class CertificateEvent(Event):
    speaker: ClassVar[str] = "registry"
    about: ClassVar[str] = "certificate"
    certificate: Certificate


class CertificateBound(CertificateEvent):
    """A certificate now identifies a system."""

    type: ClassVar[str] = "certificate.bound.v1"


class CertificateEnded(CertificateEvent):
    """A certificate no longer identifies its system."""

    type: ClassVar[str] = "certificate.ended.v1"


class CertificateRestated(CertificateEvent):
    """A certificate's present state, for copies that are new or broken."""

    type: ClassVar[str] = "certificate.restated.v1"


class ServiceEvent(Event):
    speaker: ClassVar[str] = "registry"
    about: ClassVar[str] = "service"
    service: Service


class ServicePublished(ServiceEvent):
    """A service is in the catalogue."""

    type: ClassVar[str] = "service.published.v1"


class ServiceChanged(ServiceEvent):
    """A service's particulars or state changed."""

    type: ClassVar[str] = "service.changed.v1"


class ServiceRestated(ServiceEvent):
    """A service's present state, for copies that are new or broken."""

    type: ClassVar[str] = "service.restated.v1"


class AccessEvent(Event):
    speaker: ClassVar[str] = "registry"
    about: ClassVar[str] = "access"
    access: Access


class AccessGranted(AccessEvent):
    """A system may call a service for a municipality from now on."""

    type: ClassVar[str] = "access.granted.v1"


class AccessEnded(AccessEvent):
    """A system may no longer call a service for a municipality."""

    type: ClassVar[str] = "access.ended.v1"


class AccessRestated(AccessEvent):
    """A grant's present state, for copies that are new or broken."""

    type: ClassVar[str] = "access.restated.v1"


class ClockMoved(Event):
    """Demonstration mode only: platform time was moved ahead."""

    type: ClassVar[str] = "clock.moved.v1"
    speaker: ClassVar[str] = "registry"
    about: ClassVar[str] = "clock"
    clock: Clock


EVENTS: tuple[type[Event], ...] = (
    OrganisationCreated,
    OrganisationChanged,
    OrganisationRestated,
    UserCreated,
    UserChanged,
    UserRestated,
    UserLinkIssued,
    SystemRegistered,
    SystemChanged,
    SystemRestated,
    CertificateBound,
    CertificateEnded,
    CertificateRestated,
    ServicePublished,
    ServiceChanged,
    ServiceRestated,
    AccessGranted,
    AccessEnded,
    AccessRestated,
    ClockMoved,
)
