"""The portal's pages: parse, ask the services, answer with a template. One module for each noun."""

from services.portal.pages import front, helpdesk, language, sign_in, start, static

ROUTERS = (
    static.router,
    language.router,
    sign_in.router,
    start.router,
    front.router,
    *helpdesk.ROUTERS,
)
