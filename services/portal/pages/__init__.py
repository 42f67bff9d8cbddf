"""The portal's pages: parse, ask the services, answer with a template. One module for each noun."""

from services.portal.pages import (
    account,
    find_service,
    front,
    helpdesk,
    language,
    mail_link,
    municipality,
    organisation,
    password,
    session,
    sign_in,
    start,
    static,
    supplier,
)

ROUTERS = (
    static.router,
    language.router,
    sign_in.router,
    password.router,
    session.router,
    start.router,
    front.router,
    find_service.router,
    account.router,
    mail_link.router,
    organisation.router,
    *helpdesk.ROUTERS,
    *municipality.ROUTERS,
    *supplier.ROUTERS,
)
