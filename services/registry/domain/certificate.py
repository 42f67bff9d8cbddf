"""An OCES certificate as the registry knows it: what it is, whose, and from when to when."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from services.registry.domain.der import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    UTC_TIME,
    DerError,
    Element,
    Walk,
    read_der,
)
from services.registry.domain.name import (
    COMMON_NAME,
    ORGANISATION,
    ORGANISATION_IDENTIFIER,
    SERIAL_NUMBER,
    Name,
    read_name,
)
from services.registry.domain.policy import Generation, Kind, Policy, read_policy
from services.registry.domain.refusal import KindUnclear, NotOces, Unreadable
from services.registry.domain.subject_serial import SubjectSerial, read_subject_serial
from services.registry.domain.upload import certificate_der
from shared.contracts.event import Environment

_BASIC_CONSTRAINTS = (2, 5, 29, 19)
_CERTIFICATE_POLICIES = (2, 5, 29, 32)
_TRUE = b"\xff"
_VERSION_3 = 2
_ORGANISATION_CVR = re.compile(r"NTRDK-([0-9]{8})")
_CVR_IN_ORGANISATION = re.compile(r"\s*//\s*CVR:[0-9]*\s*$")
_UTC_TIME = re.compile(rb"[0-9]{12}Z")
_GENERALIZED_TIME = re.compile(rb"[0-9]{14}Z")
_PIVOT_YEAR = 50
_LONGEST_SERIAL = 160  # bits: RFC 5280 (4.1.2.2) allows 20 octets


@dataclass(frozen=True, slots=True)
class Certificate:
    """One readable OCES certificate. That it was read says nothing of whether it is trusted: see `judge`."""

    kind: Kind
    generation: Generation
    policy_environment: Environment
    """Whose policy it follows; only evidence, as OCES3 test certificates carry production policies."""
    subject_serial: str
    """The holder's number, the same through renewals: `CVR:12345678-FID:…`, `UI:DK-O:G:<uuid>`, …"""
    cvr: str | None
    """The holder's CVR number, eight digits; None for private persons or where the certificate names none."""
    common_name: str = field(repr=False)
    organisation_name: str | None
    issuer: str
    """The issuer's name for people, e.g. `CN=…, O=…, C=DK`. Proves nothing: names can be copied."""
    x509_serial: int
    """The certificate's own number, unique per issuer, new at every renewal. Negative in rare old ones."""
    valid_from: datetime
    """First instant of validity, UTC."""
    valid_to: datetime
    """Last whole second of validity, UTC, itself included."""
    thumbprint_sha256: str
    """SHA-256 of the DER, 64 lower-case hexadecimal digits."""
    thumbprint_sha1: str
    """SHA-1 of the DER, as Windows shows it; for people to compare, never to decide by."""
    x5t_s256: str
    """The same SHA-256 in base64url without padding, as RFC 7515 (4.1.8) names a certificate."""
    key_type: str
    """`RSA`, `EC` or another algorithm's name."""
    key_size: int
    """Bits; 0 where the algorithm has no such measure."""
    signature_algorithm: str
    """Dotted object identifier of what the issuer signed with."""
    public_key_pem: str = field(repr=False)
    """SubjectPublicKeyInfo in PEM."""
    pem: str = field(repr=False)
    """The certificate itself, re-wrapped; nothing but the certificate."""

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return der_of(self.pem)

    @property
    def x509_serial_hex(self) -> str:
        """The certificate's own number as people read it: lower-case hexadecimal, no leading zeros."""
        return f"{self.x509_serial:x}"


class SameHolder(StrEnum):
    """How sure it is that two certificates have the same holder."""

    YES = "yes"  # the same subject serial number: a renewal
    SAME_ORGANISATION = "same_organisation"  # the same CVR only: accept with a warning
    NO = "no"


def der_of(pem: str) -> bytes:
    """The DER of a certificate that is kept as PEM."""
    return base64.b64decode("".join(pem.splitlines()[1:-1]))


def same_holder(old: Certificate, new: Certificate) -> SameHolder:
    """Whether `new` may renew `old`.

    A renewal keeps the subject serial number, but the change from OCES2 to OCES3 and a re-issue under a new
    name gave new ones, so the same CVR is accepted with a warning.
    """
    if old.subject_serial == new.subject_serial:
        return SameHolder.YES
    if old.cvr is not None and old.cvr == new.cvr:
        return SameHolder.SAME_ORGANISATION
    return SameHolder.NO


def read_certificate(data: bytes) -> Certificate:
    """The one OCES certificate in an upload: PEM, DER or base64, at most 64 KiB.

    Raises one subclass of `CertificateRefused` per reason and nothing else: `TooLarge`, `Unreadable`,
    `PrivateKeyGiven`, `KeystoreGiven`, `RequestGiven`, `SeveralCertificates`, `NotOces`, `KindUnclear`.
    Certificates for people (MOCES, POCES) are read; `judge` refuses them.
    """
    try:
        der = certificate_der(data)
        fields = _fields(der)
        key = load_der_public_key(fields.public_key)
    except (DerError, UnsupportedAlgorithm, ValueError):
        raise Unreadable(
            "This certificate is damaged or not built as certificates are. Export it again from where it was "
            "issued, and give it as a .cer, .crt or .pem file."
        ) from None
    policy = _policy(fields)
    holder = _holder(fields.subject, policy)
    if isinstance(key, rsa.RSAPublicKey):
        key_type, key_size = "RSA", key.key_size
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key_type, key_size = "EC", key.key_size
    else:
        key_type, key_size = type(key).__name__.removesuffix("PublicKey").lstrip("_"), 0
    digest = hashlib.sha256(der).digest()
    organisation = fields.subject.first(ORGANISATION)
    return Certificate(
        kind=policy.kind,
        generation=Generation.OCES3 if holder.oces3 else policy.generation,
        policy_environment=policy.environment,
        subject_serial=holder.text,
        cvr=_cvr(fields.subject, holder),
        common_name=fields.subject.first(COMMON_NAME) or "",
        organisation_name=organisation and _CVR_IN_ORGANISATION.sub("", organisation),
        issuer=str(fields.issuer),
        x509_serial=fields.serial,
        valid_from=fields.valid_from,
        valid_to=fields.valid_to,
        thumbprint_sha256=digest.hex(),
        thumbprint_sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        x5t_s256=base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        key_type=key_type,
        key_size=key_size,
        signature_algorithm=".".join(map(str, fields.signature_algorithm)),
        public_key_pem=key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        pem=_pem(der),
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """What RFC 5280 (4.1) puts into a certificate, as far as it matters here."""

    serial: int
    signature_algorithm: tuple[int, ...]
    issuer: Name
    valid_from: datetime
    valid_to: datetime
    subject: Name
    public_key: bytes
    extensions: dict[tuple[int, ...], bytes]


def _fields(der: bytes) -> _Fields:
    outer = read_der(der).expect(SEQUENCE).children()
    parts = outer.take(SEQUENCE).children()
    outer_algorithm = outer.take(SEQUENCE)
    outer.take(BIT_STRING)
    outer.done()
    version = parts.maybe(0xA0)
    if version is None or _only(version.children()).integer() != _VERSION_3:
        raise NotOces("This certificate is of an old form without policies, so it is no OCES certificate.")
    serial = parts.take(INTEGER).integer()
    if serial.bit_length() > _LONGEST_SERIAL:
        raise DerError("a serial number longer than any")
    algorithm = parts.take(SEQUENCE)
    if algorithm.encoded != outer_algorithm.encoded:
        raise DerError("two different signature algorithms")
    issuer = read_name(parts.take(SEQUENCE))
    validity = parts.take(SEQUENCE).children()
    valid_from, valid_to = _instant(validity), _instant(validity)
    validity.done()
    subject = read_name(parts.take(SEQUENCE))
    public_key = parts.take(SEQUENCE).encoded
    parts.maybe(0x81)
    parts.maybe(0x82)
    extensions = parts.maybe(0xA3)
    parts.done()
    return _Fields(
        serial=serial,
        signature_algorithm=algorithm.children().take(OBJECT_IDENTIFIER).oid(),
        issuer=issuer,
        valid_from=valid_from,
        valid_to=valid_to,
        subject=subject,
        public_key=public_key,
        extensions=_extensions(extensions),
    )


def _only(parts: Walk) -> Element:
    elements = list(parts)
    if len(elements) != 1:
        raise DerError("not exactly one element")
    return elements[0]


def _instant(validity: Walk) -> datetime:
    short = validity.maybe(UTC_TIME)
    if short is not None:
        if not _UTC_TIME.fullmatch(short.content):
            raise DerError("a time of another form than certificates use")
        text = short.content.decode()
        text = ("19" if int(text[:2]) >= _PIVOT_YEAR else "20") + text
    else:
        long = validity.take(GENERALIZED_TIME)
        if not _GENERALIZED_TIME.fullmatch(long.content):
            raise DerError("a time of another form than certificates use")
        text = long.content.decode()
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise DerError("a time that is on no calendar") from None


def _extensions(element: Element | None) -> dict[tuple[int, ...], bytes]:
    found: dict[tuple[int, ...], bytes] = {}
    if element is None:
        return found
    for extension in _only(element.children()).expect(SEQUENCE).children():
        parts = extension.expect(SEQUENCE).children()
        oid = parts.take(OBJECT_IDENTIFIER).oid()
        parts.maybe(BOOLEAN)
        value = parts.take(OCTET_STRING).content
        parts.done()
        if oid in found:
            raise DerError("an extension given twice")
        found[oid] = value
    return found


def _policy(fields: _Fields) -> Policy:
    try:
        constraints = fields.extensions.get(_BASIC_CONSTRAINTS)
        authority = constraints is not None and any(
            part.tag == BOOLEAN and part.content == _TRUE for part in read_der(constraints).children()
        )
        encoded = fields.extensions.get(_CERTIFICATE_POLICIES)
        oids = () if encoded is None else _policy_oids(read_der(encoded))
    except DerError:
        raise Unreadable(
            "This certificate's policies are damaged, so its kind cannot be seen. Export it again from where "
            "it was issued."
        ) from None
    if authority:
        raise NotOces(
            "This is a certificate authority's own certificate. Give the certificate that the authority "
            "issued to the system."
        )
    return read_policy(oids)


def _policy_oids(policies: Element) -> tuple[tuple[int, ...], ...]:
    # What follows each identifier (notices to the reader) is left alone: it is where old ones break.
    return tuple(
        policy.expect(SEQUENCE).children().take(OBJECT_IDENTIFIER).oid()
        for policy in policies.expect(SEQUENCE).children()
    )


def _holder(subject: Name, policy: Policy) -> SubjectSerial:
    given = subject.all(SERIAL_NUMBER)
    holder = read_subject_serial(given[0]) if len(given) == 1 else None
    # With OCES3, FOCES was merged into VOCES, so UI:DK-O agrees with a VOCES policy only.
    if holder is None or holder.kind is not policy.kind:
        raise KindUnclear(
            f"This certificate follows a {policy.kind} policy, but its subject has no serial number of that "
            "kind. Ask its issuer for a proper FOCES or VOCES certificate."
        )
    return holder


def _cvr(subject: Name, holder: SubjectSerial) -> str | None:
    if not holder.oces3:
        return holder.cvr
    given = {
        match[1] for value in subject.all(ORGANISATION_IDENTIFIER) if (match := _ORGANISATION_CVR.fullmatch(value))
    }
    return given.pop() if len(given) == 1 else None


def _pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
