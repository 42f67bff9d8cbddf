"""What suppliers do: register systems, ask for agreements, try out, follow their calls. One module for each noun."""

from services.portal.pages.supplier import (
    agreement,
    certificate,
    overview,
    refused,
    registration,
    request,
    request_form,
    system,
    trial,
    usage,
)

ROUTERS = (
    overview.router,
    registration.router,
    system.router,
    certificate.router,
    request_form.router,
    request.router,
    agreement.router,
    trial.router,
    usage.router,
    refused.router,
)
