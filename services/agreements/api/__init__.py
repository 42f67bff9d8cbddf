"""The HTTP routes of this service."""

from services.agreements.api import agreements, requests, trials

ROUTERS = (requests.router, agreements.router, trials.router)
