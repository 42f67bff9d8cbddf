from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from demo.authority import Authority
from services.registry.trust import load_trust

if TYPE_CHECKING:
    from services.registry.domain.trust import Trust

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"), NOW, key_size=2048)


@pytest.fixture(scope="session")
def trust(authority: Authority) -> Trust:
    return load_trust(authority.trust_directory)
