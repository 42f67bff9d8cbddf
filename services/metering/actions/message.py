"""A message of calls as it came, read and its signature checked: all that needs no database but the facts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from services.metering.domain import signature
from services.metering.domain.call import Call
from services.metering.domain.facts import Certificate, Facts
from services.metering.domain.judgement import Refused
from services.metering.domain.signature import PublicKey, Signature, UnreadableSignature
from services.metering.store.calls import MessageKey
from shared.contracts import calls
from shared.contracts.calls import CallEvent, Misfit, UnreadableCalls
from shared.contracts.event import Environment


@dataclass(frozen=True)
class Message:
    """A message as it was sent. `sender` is the system that the broker or the token vouches for."""

    sender: UUID
    message_id: str
    body: bytes = field(repr=False)
    signature: str | None = field(repr=False)
    environment: Environment | None


@dataclass(frozen=True)
class Prepared:
    """A message that was read: its calls in order, and its signature or why there is none to check.

    A body that holds no calls at all stands as one Misfit, so that the supplier learns of it; `unreadable` says why.
    """

    message: Message
    key: MessageKey
    calls: tuple[Call | Misfit, ...]
    signature: Signature | Refused
    unreadable: str | None


def prepare(message: Message) -> Prepared:
    """Read a message: pure work for the processor, done off the event loop."""
    digest = hashlib.sha256((message.signature or "").encode() + b"\x00")
    digest.update(message.body)
    unreadable: str | None = None
    try:
        found = tuple(Call.of(call) if isinstance(call, CallEvent) else call for call in calls.read(message.body))
    except UnreadableCalls as error:
        unreadable = str(error)
        found = (Misfit(0, "body", unreadable, None, None, None, None),)
    return Prepared(
        message=message,
        key=(message.sender, message.message_id, digest.digest()),
        calls=found,
        signature=_signature(message),
        unreadable=unreadable,
    )


def _signature(message: Message) -> Signature | Refused:
    if not message.signature:
        return Refused(
            "signature.missing",
            "The message carries no signature; sign its body with the system's certificate (detached JWS).",
        )
    try:
        return signature.read(message.signature, message.body)
    except UnreadableSignature as error:
        return Refused("signature.not_valid", f"The signature can't be read: {error}.")


def signed_by(found: Signature, facts: Facts) -> Certificate | Refused:
    """The certificate whose key made a signature, or why that can't be said."""
    certificate = facts.certificate(found.thumbprint)
    if certificate is None:
        return Refused(
            "certificate.unknown",
            f"No system's certificate has the thumbprint {found.thumbprint}; register it for the system.",
        )
    try:
        held = signature.holds(found, _key(certificate.public_key_pem))
    except ValueError:
        held = False
    if held:
        return certificate
    return Refused(
        "signature.not_valid",
        "The signature does not hold for the body as it arrived; sign the exact bytes that are sent.",
    )


@lru_cache(maxsize=4096)
def _key(pem: str) -> PublicKey:
    return signature.load_key(pem)
