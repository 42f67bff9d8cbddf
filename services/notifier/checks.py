"""What `check` looks at in the notifier's own parts: the mail server."""

from __future__ import annotations

import aiosmtplib
import asyncpg

from services.notifier.domain.delivery import without_addresses
from services.notifier.postman import Postman
from services.notifier.settings import NotifierSettings
from shared.check import Finding, fail, ok, warn
from shared.tls import is_here


async def mail_server(settings: NotifierSettings, _: asyncpg.Connection | None) -> list[Finding]:
    """Whether the mail server greets us and takes our sign-in; no mail is sent."""
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    postman = Postman(settings)
    try:
        await postman.greet()
    except (aiosmtplib.SMTPException, OSError) as error:
        told = without_addresses(f"{type(error).__name__}: {error}")
        return [fail("mail server", f"{where} can't be used ({told}): see SP_SMTP_…")]
    finally:
        await postman.close()
    told = f"{where} is ready, encryption: {settings.smtp_encryption}"
    if settings.smtp_encryption == "none" and not is_here(settings.smtp_host):
        return [warn("mail server", f"{told}; mails hold one-time links: set SP_SMTP_TLS")]
    return [ok("mail server", told)]


CHECKS = (mail_server,)
