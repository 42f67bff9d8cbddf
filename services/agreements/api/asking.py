"""The running service, as routes get it."""

from __future__ import annotations

from services.agreements.settings import AgreementsSettings
from shared import asking

Running = asking.Running[AgreementsSettings]
