"""The registry in this process, on a real database: its API through ``registry.client``."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from demo.authority import Authority
from services.registry.__main__ import SERVICE
from services.registry.settings import RegistrySettings
from services.registry.signing import SigningKeys
from shared import http
from shared.contracts.envelope import decode
from shared.contracts.event import Event
from shared.run import Runtime, runtime
from tests import tokens
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

PUBLIC_URL = "https://platform.example"


@dataclass(frozen=True)
class Registry:
    """One running registry. Nothing reads its outbox: ``said`` tells what it had to say, in order."""

    running: Runtime[RegistrySettings]
    client: httpx.AsyncClient

    async def said(self, *kinds: type[Event]) -> list[Any]:
        """The events in the outbox, all or those of these kinds."""
        rows = await self.fetch("SELECT body FROM outbox ORDER BY position")
        events = [decode(bytes(row["body"])).event for row in rows]
        return [event for event in events if not kinds or isinstance(event, kinds)]

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.running.database.pool.acquire() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return rows


@pytest.fixture(scope="session")
def signing_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("keys") / "signing.pem"
    path.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@asynccontextmanager
async def started(settings: RegistrySettings) -> AsyncIterator[Registry]:
    """The registry with these settings; tokens of ``tests.tokens`` and its own are both accepted."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(runtime(SERVICE, settings))
        both = SigningKeys([*running.get(SigningKeys)._keys, *tokens.KEYS._keys])
        running.verifier = tokens.verifier(running.clock, both)
        app = http.create_app(SERVICE, version=running.version)
        app.state.runtime = running
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://registry.example")
        )
        yield Registry(running, client)


def settings_for(database: ServiceDatabase, signing_key_file: Path, trust: Path, **changes: Any) -> RegistrySettings:
    told: dict[str, Any] = {
        "database_url": SecretStr(database.url),
        "broker_url": SecretStr("amqp://registry:unused@127.0.0.1:1/none"),
        "listen_port": 1,
        "public_url": PUBLIC_URL,
        "jwks_url": "http://127.0.0.1:1/unused",
        "mode": "demonstration",
        "signing_key_file": signing_key_file,
        "trust_directory": trust,
        "operator_name": "Platformens Drift",
        "operator_cvr": "12345674",
    }
    return RegistrySettings(**{**told, **changes})


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Issues certificates that ``registry`` trusts."""
    return Authority.create(tmp_path_factory.mktemp("authority"), datetime.now(UTC), key_size=2048)


@pytest.fixture
async def registry(
    make_database: MakeDatabase, signing_key_file: Path, authority: Authority
) -> AsyncIterator[Registry]:
    """A registry in demonstration mode with nothing in it."""
    database = await make_database("registry")
    async with started(settings_for(database, signing_key_file, authority.trust_directory)) as found:
        yield found
