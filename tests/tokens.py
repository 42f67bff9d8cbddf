"""Sign-ins for tests: tokens as the registry makes them, and a verifier that knows the key they are signed with."""

import time
import uuid
from collections.abc import Iterable

from joserfc.jwk import ECKey, KeySet

from services.registry.signing import SigningKeys
from shared.clock import Clock
from shared.contracts.event import Environment
from shared.contracts.registry import OrganisationKind, Role
from shared.identity import Claims, Verifier

KEYS = SigningKeys([ECKey.generate_key("P-256")])
"""What signs every token of a test process."""


def token_for(
    kinds: Iterable[OrganisationKind] = ("supplier",),
    roles: Iterable[Role] = (),
    *,
    person: uuid.UUID | None = None,
    organisation: uuid.UUID | None = None,
    test: bool = False,
    seconds: int = 900,
    keys: SigningKeys = KEYS,
) -> str:
    """A person's token in one organisation; ids that are left out are new ones."""
    claims = Claims(
        sub=person or uuid.uuid4(),
        kind="person",
        org=organisation or uuid.uuid4(),
        org_kinds=tuple(kinds),
        roles=tuple(roles),
        test=test,
    )
    return keys.mint(claims, real_now=time.time(), seconds=seconds).token


def system_token_for(
    system: uuid.UUID,
    organisation: uuid.UUID,
    environment: Environment = "production",
    *,
    test: bool = False,
    seconds: int = 3600,
    scope: str | None = None,
    keys: SigningKeys = KEYS,
) -> str:
    """The token of a supplier's system."""
    claims = Claims(
        sub=system,
        kind="system",
        org=organisation,
        org_kinds=("supplier",),
        test=test,
        environment=environment,
    )
    return keys.mint(claims, real_now=time.time(), seconds=seconds, scope=scope).token


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def as_person(
    kinds: Iterable[OrganisationKind] = ("supplier",),
    *roles: Role,
    person: uuid.UUID | None = None,
    organisation: uuid.UUID | None = None,
    test: bool = False,
) -> dict[str, str]:
    """Headers of a request by such a person: ``client.get(url, headers=as_person(["municipality"], "economy"))``."""
    return bearer(token_for(kinds, roles, person=person, organisation=organisation, test=test))


def as_helpdesk(*, person: uuid.UUID | None = None, organisation: uuid.UUID | None = None) -> dict[str, str]:
    """Headers of a request by the platform's helpdesk."""
    return as_person(["operator"], "helpdesk", person=person, organisation=organisation)


def as_system(
    system: uuid.UUID, organisation: uuid.UUID, environment: Environment = "production", *, test: bool = False
) -> dict[str, str]:
    """Headers of a request by a supplier's system."""
    return bearer(system_token_for(system, organisation, environment, test=test))


def verifier(clock: Clock, keys: SigningKeys = KEYS) -> Verifier:
    """A verifier that holds the public half of ``keys`` and never fetches any: put it in ``runtime.verifier``."""
    known = Verifier("http://127.0.0.1:9/keys-are-not-fetched-here", clock)
    known._keys = KeySet.import_key_set(keys.published())  # type: ignore[arg-type]
    known._fetched_at = float("inf")
    return known
