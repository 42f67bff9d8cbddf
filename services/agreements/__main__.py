"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from services.agreements.actions import agreement, trial
from services.agreements.api import ROUTERS
from services.agreements.events import HANDLERS
from services.agreements.jobs import JOBS
from services.agreements.settings import AgreementsSettings
from shared.commands import build
from shared.run import Service

SERVICE = Service(
    name="agreements",
    about="Service agreements between municipalities and suppliers' systems, and trial connections.",
    settings=AgreementsSettings,
    migrations=Path(__file__).parent / "migrations",
    append_only=frozenset({"agreement_history", "trial_history"}),
    handlers=HANDLERS,
    routers=ROUTERS,
    jobs=JOBS,
    restate={"agreement": agreement.restate, "trial": trial.restate},
)

app = build(SERVICE)

if __name__ == "__main__":
    app()
