"""What the helpdesk works with: one module for each noun."""

from services.portal.pages.helpdesk import find, mails, many, organisations, people

ROUTERS = (find.router, many.router, organisations.router, people.router, mails.router)
