"""The parameters of this service."""

from __future__ import annotations

from shared.settings import Settings


class AgreementsSettings(Settings):
    """Nothing beyond what every service needs."""
