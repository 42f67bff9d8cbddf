"""Metering's own parameters."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.settings import Settings, setting


class MeteringSettings(Settings):
    """What metering needs to know beside what every service does."""

    grace_hours: Annotated[int, Field(ge=0, le=24 * 60)] = setting(
        120,
        unit="hours",
        about="How long after a quarter's end its late calls still count into it; then it is sealed",
    )
    late_days: Annotated[int, Field(ge=1, lt=400)] = setting(
        184, unit="days", about="How old a call may be when it is told; call ids are remembered for 400 days"
    )

    @property
    def grace(self) -> timedelta:
        """How long a quarter stays open after its end."""
        return timedelta(hours=self.grace_hours)

    @property
    def late(self) -> timedelta:
        """How long after it was made a call may still be told."""
        return timedelta(days=self.late_days)
