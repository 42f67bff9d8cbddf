"""What a municipality works with: one module for each noun."""

from services.portal.pages.municipality import (
    agreements,
    approval,
    invoices,
    overview,
    rejection,
    several,
    termination,
    usage,
)

ROUTERS = (
    overview.router,
    several.router,
    agreements.router,
    approval.router,
    rejection.router,
    termination.router,
    usage.router,
    invoices.router,
)
