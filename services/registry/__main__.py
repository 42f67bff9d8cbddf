"""What the registry is made of: `python -m services.registry …`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.registry import commands
from services.registry.actions import access, catalogue, clock, organisation, person, system
from services.registry.api import ROUTERS
from services.registry.checks import CHECKS
from services.registry.domain.trust import TrustError
from services.registry.events import HANDLERS
from services.registry.jobs import JOBS
from services.registry.passwords import Passwords
from services.registry.settings import RegistrySettings
from services.registry.signing import SigningKeyError, SigningKeys
from services.registry.trust import load_trust
from shared.commands import build
from shared.run import Runtime, Service


@asynccontextmanager
async def prepare(running: Runtime[RegistrySettings]) -> AsyncIterator[None]:
    """Hold what the routes need beside the database: keys, trusted authorities, threads to hash passwords in."""
    try:
        running.keep(SigningKeys.read(running.settings.signing_key_file))
    except SigningKeyError as error:
        raise SystemExit(f"SP_SIGNING_KEY_FILE: {error}") from None
    try:
        running.keep(load_trust(running.settings.trust_directory))
    except TrustError as error:
        raise SystemExit(f"SP_TRUST_DIRECTORY: {error}") from None
    passwords = Passwords()
    running.keep(passwords)
    try:
        yield
    finally:
        passwords.close()


SERVICE = Service(
    name="registry",
    about="Organisations, people and sign-in, IT systems and certificates, the service catalogue, access.",
    settings=RegistrySettings,
    migrations=Path(__file__).parent / "migrations",
    append_only=frozenset({"service_history", "system_history", "access_history", "certificate_holders"}),
    checks=CHECKS,
    handlers=HANDLERS,
    routers=ROUTERS,
    prepare=prepare,
    jobs=JOBS,
    restate={
        "organisation": organisation.restate,
        "user": person.restate,
        "clock": clock.restate,
        "system": system.restate_systems,
        "certificate": system.restate_certificates,
        "service": catalogue.restate_services,
        "access": access.restate_access,
    },
)

app = build(SERVICE)
commands.add_to(app, SERVICE)

if __name__ == "__main__":
    app()
