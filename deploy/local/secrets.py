"""Passwords and keys of one instance: made at its first start, readable by its owner only."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.failures import StartError
from shared.contracts import SERVICES

BROKER_OPERATOR = "operator"


@dataclass(frozen=True)
class Secrets:
    """What the servers of an instance are locked with. ``database`` and ``database_owner`` are by service;
    ``broker`` is by user: the services and ``operator``.
    """

    database_admin: str
    database: dict[str, str]
    database_owner: dict[str, str]
    broker: dict[str, str]
    erlang_cookie: str

    @classmethod
    def make(cls) -> Self:
        return cls(
            database_admin=_password(),
            database={service: _password() for service in SERVICES},
            database_owner={service: _password() for service in SERVICES},
            broker={user: _password() for user in (*SERVICES, BROKER_OPERATOR)},
            erlang_cookie=_password(),
        )

    @classmethod
    def of_instance(cls, directory: Path) -> Self:
        """The secrets in ``directory``/secrets.json, made when there are none yet; those of a service that an older
        release did not have are added.

        Raises StartError when the file is there but unreadable: new passwords would not fit the old data.
        """
        file = directory / "secrets.json"
        made = cls.make()
        if file.exists():
            try:
                kept = cls(**json.loads(file.read_text()))
            except (OSError, ValueError, TypeError) as error:
                message = f"{file} can't be read ({error}); restore it, or remove {directory} to start afresh."
                raise StartError(message) from error
            made = cls(
                database_admin=kept.database_admin,
                database=made.database | kept.database,
                database_owner=made.database_owner | kept.database_owner,
                broker=made.broker | kept.broker,
                erlang_cookie=kept.erlang_cookie,
            )
            if made == kept:
                return kept
        write_private(file, json.dumps(asdict(made), indent=2).encode())
        return made


def signing_key(directory: Path) -> Path:
    """The file with the registry's token signing key (P-256, PKCS#8 PEM), made when there is none yet."""
    file = directory / "registry-signing-key.pem"
    if not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(file, pem)
    return file


def write_private(file: Path, content: bytes) -> None:
    """Writes a file only its owner may read, whole or not at all."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def _password() -> str:
    # URL-safe on purpose: it travels in connection URLs without escaping.
    return secrets.token_urlsafe(24)
