"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from services.notifier.api import ROUTERS
from services.notifier.checks import CHECKS
from services.notifier.events import HANDLERS
from services.notifier.jobs import JOBS, send_mails
from services.notifier.settings import NotifierSettings
from shared.commands import build
from shared.run import Service

SERVICE = Service(
    name="notifier",
    about="Notices by e-mail about agreements, invoices and sign-in, and what became of them.",
    settings=NotifierSettings,
    migrations=Path(__file__).parent / "migrations",
    append_only=frozenset({"notice_history"}),
    checks=CHECKS,
    handlers=HANDLERS,
    routers=ROUTERS,
    jobs=JOBS,
    tasks=(send_mails,),
)

app = build(SERVICE)

if __name__ == "__main__":
    app()
