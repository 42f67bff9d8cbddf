"""One connection to the mail server, kept while there is mail to hand over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from email.utils import parseaddr

import aiosmtplib

from services.notifier.domain.delivery import NotSent, Sent, Verdict, refusal, without_addresses
from services.notifier.settings import NotifierSettings

HAND_OVER_SECONDS = 150
"""How long all of a mail server's answers about one mail may take: well within the lease on the notice."""


class Postman:
    """Hands mails over, one after the other; connects when needed and again after any trouble."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._sender = parseaddr(settings.smtp_from)[1]
        self._client: aiosmtplib.SMTP | None = None

    async def hand_over(self, mail: bytes, addresses: Sequence[str]) -> Verdict:
        """What the mail server made of it. Raises nothing for what a mail server may do."""
        try:
            async with asyncio.timeout(HAND_OVER_SECONDS):
                return await self._hand_over(mail, addresses)
        except TimeoutError:
            await self.close()
            return NotSent("server_away", f"the mail server took over {HAND_OVER_SECONDS} s", lasting=False)

    async def _hand_over(self, mail: bytes, addresses: Sequence[str]) -> Verdict:
        try:
            client = await self._connected()
        except (aiosmtplib.SMTPException, OSError) as error:
            return NotSent("server_away", f"the mail server can't be used: {_told(error)}", lasting=False)
        try:
            refused, _ = await client.sendmail(self._sender, list(addresses), mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            await self.close()
            return self._all_refused(error)
        except aiosmtplib.SMTPResponseException as error:
            await self.close()
            return refusal(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            return NotSent("server_away", f"the mail server was lost: {_told(error)}", lasting=False)
        return Sent(len(refused))

    async def greet(self) -> None:
        """Reach the mail server and sign in, sending nothing. Raises aiosmtplib.SMTPException or OSError."""
        await self._connected()

    async def close(self) -> None:
        """Leave the server; the next mail connects again."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=2)
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        encryption = self._settings.smtp_encryption
        password = self._settings.smtp_password
        client = aiosmtplib.SMTP(
            hostname=self._settings.smtp_host,
            port=self._settings.smtp_port,
            username=self._settings.smtp_user,
            password=password.get_secret_value() if password else None,
            use_tls=encryption == "tls",
            start_tls=encryption == "starttls",
            timeout=self._settings.smtp_timeout_seconds,
        )
        await client.connect()
        self._client = client
        return client

    @staticmethod
    def _all_refused(error: aiosmtplib.SMTPRecipientsRefused) -> NotSent:
        # One that may work later is worth another attempt; only when all are refused for good is it over.
        each = [refusal(one.code, one.message) for one in error.recipients]
        return next((one for one in each if not one.lasting), each[0])


def _told(error: Exception) -> str:
    return without_addresses(f"{type(error).__name__}: {error}")
