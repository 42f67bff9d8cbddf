"""The service's HTTP routes."""

from services.invoicing.api import billing, invoices, overview, prices

ROUTERS = (prices.router, overview.router, invoices.router, billing.router)
