"""What `check` looks at in the registry's own parts: the keys that sign, and whom it trusts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import asyncpg
from cryptography import x509

from services.registry.domain.trust import TrustError
from services.registry.settings import RegistrySettings
from services.registry.signing import SigningKeyError, SigningKeys
from services.registry.trust import load_trust
from shared.check import Finding, fail, ok, until, warn

_OTHERS = 0o077


async def signing_keys(settings: RegistrySettings, _: asyncpg.Connection | None) -> list[Finding]:
    """Whether there are keys to sign tokens with, for this account alone."""
    path: Path = settings.signing_key_file
    try:
        keys = SigningKeys.read(path)
    except SigningKeyError as error:
        return [fail("signing keys", str(error))]
    if _open_to_others(path):
        return [warn("signing keys", f"{path} is open to other accounts: chmod 600")]
    return [ok("signing keys", f"{len(keys.published()['keys'])} in {path}")]


async def authorities(settings: RegistrySettings, _: asyncpg.Connection | None) -> list[Finding]:
    """Which certificate authorities are trusted in each environment, and until when."""
    try:
        trust = load_trust(settings.trust_directory)
    except TrustError as error:
        return [fail("authorities", str(error))]
    return [*_each("production", trust.production), *_each("test", trust.test)]


def _open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & _OTHERS)


def _each(environment: str, trusted: Iterable[x509.Certificate]) -> list[Finding]:
    found = []
    for authority in trusted:
        names = authority.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        name = str(names[0].value) if names else authority.subject.rfc4514_string()
        found.append(until(f"authority ({environment})", name, authority.not_valid_after_utc))
    return found


CHECKS = (signing_keys, authorities)
