"""What the helpdesk works with: one module for each noun."""

from services.portal.pages.helpdesk import (
    agreements,
    billing,
    find,
    health,
    log,
    mails,
    many,
    organisations,
    overview,
    parked,
    people,
    services,
    systems,
)

ROUTERS = (
    overview.router,
    find.router,
    many.router,
    organisations.router,
    people.router,
    systems.router,
    agreements.router,
    services.router,
    billing.router,
    mails.router,
    health.router,
    parked.router,
    log.router,
)
