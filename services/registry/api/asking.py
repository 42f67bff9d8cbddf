"""The running registry, as routes get it."""

from __future__ import annotations

from services.registry.settings import RegistrySettings
from shared import asking
from shared.run import Runtime

RegistryRuntime = Runtime[RegistrySettings]
Running = asking.Running[RegistrySettings]
